package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.testing.Opened;

/**
 * Agents and gateways of other versions. What they send is written here byte by byte, as the programs of their time did: no class of
 * ours speaks for them.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentVersionsTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_BYTES = 1 << 20;
    private static final AgentTiming TIMING = new AgentTiming(300, 20, 100, 200, 20);

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int REFUSED = 3;
    private static final int START = 4;
    private static final int SEAL = 8;
    private static final int PING = 23;

    @RegisterExtension
    final Opened open = new Opened();

    /** A frame as it came. */
    private record Frame(int type, String hex) {
        int u16(int at) {
            return Integer.parseInt(hex.substring(2 * at, 2 * at + 4), 16);
        }

        String text() {
            return new String(HexFormat.of().parseHex(hex.substring(4)), StandardCharsets.UTF_8);
        }
    }

    /** One end of a connection. */
    private record Wire(Socket socket, DataInputStream in, DataOutputStream out) implements AutoCloseable {
        static Wire on(Socket socket) throws IOException {
            socket.setSoTimeout(20_000);
            return new Wire(
                    socket,
                    new DataInputStream(socket.getInputStream()),
                    new DataOutputStream(socket.getOutputStream()));
        }

        /** The next frame that is no PING. */
        Frame read() throws IOException {
            while (true) {
                byte[] body = new byte[in.readInt()];
                int type = in.readUnsignedByte();
                assertEquals(0, in.readUnsignedShort() << 8 | in.readUnsignedByte());
                in.readFully(body);
                if (type != PING) {
                    return new Frame(type, HexFormat.of().formatHex(body));
                }
            }
        }

        void write(int type, String hexBody) throws IOException {
            byte[] body = HexFormat.of().parseHex(hexBody.replace(" ", ""));
            out.writeInt(body.length);
            out.writeInt(type << 24);
            out.write(body);
            out.flush();
        }

        boolean isClosedByPeer() throws IOException {
            try {
                while (in.read() >= 0) {
                    // A PING, perhaps.
                }
                return true;
            } catch (SocketException reset) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** HELLO of a VM with 1 MiB of RAM that runs, without an image: in every version the same but for its first four bytes. */
    private static String hello(int version, int flags) {
        return String.format("%04x %04x", version, flags) + " 0000000000100000" + " 0000000000000000 0000000000000000"
                + " 03 766d31" + " 0002 6f6c";
    }

    private static GatewayAccess access(ServerSocket gateway) {
        return GatewayAccess.plain((InetSocketAddress) gateway.getLocalSocketAddress());
    }

    private Wire agentOf(InetSocketAddress gateway) throws IOException {
        return open.add(Wire.on(new Socket(gateway.getAddress(), gateway.getPort())));
    }

    private Wire connected(RecordingGateway gateway, int version, int flags) throws IOException {
        Wire agent = agentOf(gateway.address());
        agent.write(HELLO, hello(version, flags));
        return agent;
    }

    private static String window() {
        return String.format("%08x%016x", RecordingGateway.WINDOW, 256L << 20) + "00";
    }

    @Test
    void anAgentOfTheVersionBeforeIsWelcomedInItsOwnWordsAndServed() throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM, Set.of(Capability.DISKS)));
        Wire agent = connected(gateway, 3, 1);

        Frame welcome = agent.read();
        assertEquals(WELCOME, welcome.type());
        assertEquals("0003" + window(), welcome.hex());
        gateway.await("attached running=true");
        assertEquals(new Dialect(3, Set.of()), gateway.session().dialect());

        gateway.sealing(true);
        gateway.session().start(new EpochId(3, 1), true, 50);
        Frame start = agent.read();
        assertEquals(START, start.type());
        assertEquals("00000000000000030000000000000001" + "01" + "00000032", start.hex());
        agent.write(SEAL, "0000000000000003 0000000000000001");
        gateway.await("seal 3/1");
        Frame sealed = agent.read();
        assertEquals(9, sealed.type());
        assertEquals("00000000000000030000000000000001", sealed.hex());
    }

    @Test
    void aSilentConnectionIsGivenUp() throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM));
        connected(gateway, 4, 0);
        gateway.await("attached");
        assertTrue(gateway.await("detached").contains("nothing heard"));
    }

    @Test
    void aCapabilityIsUsedOnlyWhenBothEndsHaveIt() throws Exception {
        RecordingGateway able = open.add(new RecordingGateway(VM, Set.of(Capability.DISKS)));
        RecordingGateway plain = open.add(new RecordingGateway(VM, Set.of()));

        assertEquals(
                "0004" + window() + "0002", connected(able, 4, 1 | 2).read().hex());
        able.await("attached");
        assertEquals(new Dialect(4, Set.of(Capability.DISKS)), able.session().dialect());

        // The agent cannot; and the gateway cannot.
        assertEquals("0004" + window() + "0000", connected(able, 4, 1).read().hex());
        assertEquals(
                "0004" + window() + "0000", connected(plain, 4, 1 | 2).read().hex());
    }

    @Test
    void whatALaterProgramCanBeyondThisOneIsPassedOver() throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM, Set.of(Capability.DISKS)));
        assertEquals(
                "0004" + window() + "0002", connected(gateway, 4, 0xffff).read().hex());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5, 65535})
    void anAgentOfAnyOtherVersionIsRefusedWithBothNamed(int version) throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM));
        Wire agent = connected(gateway, version, 0xffff);

        Frame refused = agent.read();
        assertEquals(REFUSED, refused.type());
        assertEquals("protocol version " + version + ", this gateway speaks 3 and 4", refused.text());
        assertTrue(agent.isClosedByPeer());
    }

    @Test
    void flagsThatTheVersionBeforeDoesNotHaveEndItsConnection() throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM));
        assertTrue(connected(gateway, 3, 1 | 2).isClosedByPeer());
    }

    @Test
    void anAgentOffersTheVersionBeforeToAGatewayThatDoesNotKnowThisOne() throws Exception {
        try (ServerSocket gateway = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            gateway.setSoTimeout(20_000);
            SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
            vm.boot();
            open.add(CheckpointAgent.open(access(gateway), List.of(vm), TIMING));

            for (int round = 0; round < 2; round++) {
                try (Wire first = Wire.on(gateway.accept())) {
                    Frame hello = first.read();
                    assertEquals(4, hello.u16(0), "each time anew it is the highest version that is offered first");
                    String reason = "protocol version 4, this gateway speaks 3";
                    first.write(REFUSED, "0029" + HexFormat.of().formatHex(reason.getBytes(StandardCharsets.US_ASCII)));
                }
                try (Wire second = Wire.on(gateway.accept())) {
                    Frame hello = second.read();
                    assertEquals(HELLO, hello.type());
                    assertEquals(3, hello.u16(0));
                    assertEquals(1, hello.u16(2), "the flags are those of version 3");
                    second.write(WELCOME, "0003 00000010 0000000010000000 00");
                    second.write(START, "0000000000000003 0000000000000001 01 00000032");
                    Frame seal = second.read();
                    assertEquals(SEAL, seal.type());
                    assertEquals("00000000000000030000000000000001", seal.hex());
                }
            }
        }
    }

    @Test
    void aConnectionThatBreaksAndARefusalForAnotherReasonDoNotLowerTheOffer() throws Exception {
        try (ServerSocket gateway = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            gateway.setSoTimeout(20_000);
            SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
            open.add(CheckpointAgent.open(access(gateway), List.of(vm), TIMING));

            try (Wire first = Wire.on(gateway.accept())) {
                assertEquals(4, first.read().u16(0));
            }
            try (Wire second = Wire.on(gateway.accept())) {
                assertEquals(4, second.read().u16(0));
                second.write(REFUSED, "0003 6e6f21");
            }
            try (Wire third = Wire.on(gateway.accept())) {
                assertEquals(4, third.read().u16(0));
            }
        }
    }

    @Test
    void anAgentLeavesAGatewayThatWantsToSpeakWhatWasNotOffered() throws Exception {
        try (ServerSocket gateway = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            gateway.setSoTimeout(20_000);
            SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
            open.add(CheckpointAgent.open(access(gateway), List.of(vm), TIMING));

            for (String welcome : new String[] {
                "0004 00000010 0000000010000000 00 0002", // disks, which this agent cannot
                "0005 00000010 0000000010000000 00 0000", // a later version
                "0004 00000010 0000000010000000 00", // of version 3 in its form
                "0003 00000010 0000000010000000 00 0000", // of version 4 in its form
            }) {
                try (Wire wire = Wire.on(gateway.accept())) {
                    assertEquals(4, wire.read().u16(0));
                    wire.write(WELCOME, welcome);
                    assertTrue(wire.isClosedByPeer(), welcome);
                }
            }
        }
    }
}
