package org.secondsite.openflow.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFPortStatus;
import org.projectfloodlight.openflow.protocol.OFRoleStatus;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.pipeline.PortTable;

/** Messages with elements and properties that the library does not know; some are of os-ken's corpus. */
class IncomingTest {
    /** An Ethernet, an optical and three experimenter properties at the first port, an Ethernet one at the second. */
    private static final String PORTS_WITH_PROPERTIES = "0513010000000003000d00000000000000000007"
            + "00a80000f20ba4d03f700000506f7274370000000000000000000000000000000000000400000020"
            + "00000000000028080000280000002808000028080000138800001388"
            + "000100280000000000000001000003e8000007d0000005dc000003e8000007d0000005dc03e807d0"
            + "ffff000c000000650000000000000000ffff0010000000650000000100000001"
            + "ffff0014000000650000000200000001000000020000000000000006"
            + "00480000f20ba47df8ea0000506f727436000000000000000000000000000000000000040000002000"
            + "000000000028080000280000002808000028080000138800001388";

    private static final String EXPERIMENTER_PROPERTIES =
            "ffff000c000000650000000000000000ffff0010000000650000000100000001ffff001400000065000000020000000100000002000000"
                    + "00";

    @Test
    void portsAreReadWhateverPropertiesTheyHave() {
        Incoming.Part part = assertInstanceOf(Incoming.Part.class, read(PORTS_WITH_PROPERTIES));
        assertEquals(Incoming.Part.PORT_DESC, part.kind());
        assertEquals(3, part.xid());
        PortTable ports = new PortTable();
        new PortReading(ports).add(part);
        assertEquals("{6=Port6, 7=Port7}", ports.toString());
    }

    @Test
    void aPortThatIsSplitOverPartsIsRead() {
        byte[] body = Arrays.copyOfRange(ByteBufUtil.decodeHexDump(PORTS_WITH_PROPERTIES), 16, 256);
        for (int cut = 0; cut <= body.length; cut++) {
            PortTable ports = new PortTable();
            PortReading reading = new PortReading(ports);
            reading.add(part(true, Arrays.copyOf(body, cut)));
            reading.add(part(false, Arrays.copyOfRange(body, cut, body.length)));
            assertEquals("{6=Port6, 7=Port7}", ports.toString(), "cut at " + cut);
        }
    }

    @Test
    void aRoleStatusWithPropertiesSaysItsRole() {
        OFRoleStatus status = message(
                OFRoleStatus.class,
                "051e005000000000" + "00000003" + "02000000" + "0000000000000007" + EXPERIMENTER_PROPERTIES);
        assertEquals(OFControllerRole.ROLE_SLAVE, status.getRole());
        assertEquals(7, status.getGenerationId().getValue());
    }

    @Test
    void aPortStatusWithPropertiesSaysItsPort() {
        OFPortStatus status = message(
                OFPortStatus.class,
                "050c006800000000" + "0200000000000000" + "00000007" + "00580000f20ba4d03f700000"
                        + "506f727437000000000000000000000000000000" + "00000004" + EXPERIMENTER_PROPERTIES);
        assertEquals("Port7", status.getDesc().getName());
        assertEquals(7, status.getDesc().getPortNo().getPortNumber());
    }

    @Test
    void aBundleControlWithPropertiesSaysItsKind() {
        OFBundleCtrlMsg control = message(
                OFBundleCtrlMsg.class, "0521004000000009" + "00000001" + "0003" + "0003" + EXPERIMENTER_PROPERTIES);
        assertEquals(OFBundleCtrlType.CLOSE_REPLY, control.getBundleCtrlType());
        assertEquals(9, control.getXid());
    }

    @Test
    void aHelloWithElementsOfLaterVersionsSaysItsVersions() {
        OFHello hello = message(OFHello.class, "0600001800000001" + "0007000801020304" + "0001000800000030");
        assertEquals(1, hello.getElements().size());
    }

    @Test
    void anErrorOfAnUnknownKindSaysItsNumbers() {
        Incoming.Unparsable error =
                assertInstanceOf(Incoming.Unparsable.class, read("050100100000000900fe001000000000"));
        assertEquals(9, error.xid());
        assertEquals("error of type 254, code 16", error.reason());
    }

    private static Incoming read(String hex) {
        byte[] bytes = ByteBufUtil.decodeHexDump(hex);
        bytes[2] = (byte) (bytes.length >> 8);
        bytes[3] = (byte) bytes.length;
        return Incoming.read(Unpooled.wrappedBuffer(bytes));
    }

    private static <T> T message(Class<T> kind, String hex) {
        return assertInstanceOf(
                kind, assertInstanceOf(Incoming.Message.class, read(hex)).message());
    }

    private static Incoming.Part part(boolean moreFollows, byte[] body) {
        return new Incoming.Part(
                OFVersion.OF_14, Incoming.Part.PORT_DESC, 3, moreFollows, Unpooled.wrappedBuffer(body), "-");
    }
}
