package org.secondsite.openflow.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Cookie;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

class FlowCodecTest {
    private static final List<Flow> FLOWS = Pipeline.of(
                    Layout.TABLES,
                    "gw",
                    List.of(
                            new VmAttachment(
                                    new VmId("vm1"),
                                    "vm1",
                                    MacAddress.parse("52:54:00:c0:10:01"),
                                    List.of(
                                            IpPrefix.parseAddress("203.0.113.10"),
                                            IpPrefix.parseAddress("2001:db8:113::10")),
                                    Role.OWNER),
                            new VmAttachment(
                                    new VmId("vm2"),
                                    "vm2",
                                    MacAddress.parse("52:54:00:c0:10:02"),
                                    List.of(),
                                    Role.STANDBY),
                            tagged(3, Role.OWNER, Vlan.Port.UNTAGGED),
                            tagged(4, Role.OWNER, Vlan.Port.TAGGED),
                            tagged(5, Role.DRILL, Vlan.Port.UNTAGGED),
                            tagged(6, Role.DRILL, Vlan.Port.TAGGED)),
                    // LOCAL is negative as an int.
                    PortTable.of(Map.of("gw", 0xfffffffe, "vm1", 1, "vm2", 2, "vm3", 3, "vm4", 4, "vm5", 5, "vm6", 6)))
            .flows();

    private static VmAttachment tagged(int number, Role role, Vlan.Port port) {
        return new VmAttachment(
                new VmId("vm" + number),
                "vm" + number,
                new MacAddress(0x5254_00c0_1000L + number),
                List.of(IpPrefix.parseAddress("203.0.113." + (10 + number))),
                role,
                new Vlan(4094, port));
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void everyFlowComesBackFromTheWireAsItWas(OFVersion version) {
        OFFactory factory = OFFactories.getFactory(version);
        FlowCodec codec = new FlowCodec(version);
        List<OFFlowStatsEntry> entries = new ArrayList<>();
        for (Flow flow : FLOWS) {
            OFFlowMod sent = flowMod(codec.add(flow, 7, 1));
            assertEquals(Cookie.of(7), sent.getCookie().getValue());
            entries.add(entry(factory, sent, sent.getCookie()));
        }
        InstalledFlows installed = read(reply(factory, entries));
        assertEquals(List.of(), installed.strange());
        assertEquals(
                new HashSet<>(FLOWS),
                new HashSet<>(installed.flows().stream()
                        .map(InstalledFlows.Known::flow)
                        .toList()));
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void timeoutsAndUnknownFieldsAreStrange(OFVersion version) {
        OFFactory factory = OFFactories.getFactory(version);
        OFFlowMod ours = flowMod(new FlowCodec(version).add(FLOWS.getFirst(), 7, 1));
        OFFlowStatsEntry entry = entry(factory, ours, ours.getCookie());
        List<OFFlowStatsEntry> strange = List.of(
                entry.createBuilder().setIdleTimeout(30).build(),
                entry.createBuilder().setHardTimeout(30).build(),
                entry.createBuilder()
                        .setMatch(factory.buildMatch()
                                .setExact(org.projectfloodlight.openflow.protocol.match.MatchField.TUNNEL_ID, U64.of(1))
                                .build())
                        .build(),
                entry.createBuilder()
                        .setInstructions(List.of(factory.instructions().clearActions()))
                        .build(),
                entry.createBuilder()
                        .setInstructions(List.of(factory.instructions()
                                .applyActions(List.of(factory.actions().popVlan()))))
                        .build());
        InstalledFlows installed = read(reply(factory, strange), reply(factory, List.of(entry)));
        assertEquals(
                List.of(FLOWS.getFirst()),
                installed.flows().stream().map(InstalledFlows.Known::flow).toList());
        assertEquals(strange.size(), installed.strange().size());
        assertEquals(0, installed.lostParts());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aMessageCutOrBentAnywhereNeverThrows(OFVersion version) {
        OFFactory factory = OFFactories.getFactory(version);
        FlowCodec codec = new FlowCodec(version);
        OFFlowMod sent = flowMod(codec.add(FLOWS.getFirst(), 7, 1));
        OFMessage reply = reply(factory, List.of(entry(factory, sent, sent.getCookie())));
        Set<Class<?>> seen = new HashSet<>();
        for (OFMessage message : List.of(sent, reply, factory.hello(List.of()))) {
            byte[] bytes = bytes(message);
            for (int length = Incoming.HEADER_BYTES; length < bytes.length; length++) {
                seen.add(Incoming.read(Unpooled.copiedBuffer(bytes, 0, length)).getClass());
            }
            for (int at = 0; at < bytes.length * 8; at++) {
                byte[] bent = bytes.clone();
                bent[at / 8] ^= (byte) (1 << at % 8);
                Incoming incoming = Incoming.read(Unpooled.wrappedBuffer(bent));
                seen.add(incoming.getClass());
                if (incoming instanceof Incoming.Part part) {
                    FlowReading reading = new FlowReading();
                    reading.add(part);
                    reading.flows();
                }
            }
        }
        assertTrue(seen.contains(Incoming.Unparsable.class), seen::toString);
        assertTrue(seen.contains(Incoming.Part.class), seen::toString);
    }

    /** Lagopus cuts entries where a message is full; others put in what the library does not know. */
    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void entriesThatAreSplitOverPartsOrStandBesideUnreadableOnesAreKept(OFVersion version) {
        OFFactory factory = OFFactories.getFactory(version);
        FlowCodec codec = new FlowCodec(version);
        ByteBuf entries = Unpooled.buffer();
        for (Flow flow : FLOWS) {
            OFFlowMod sent = flowMod(codec.add(flow, 7, 1));
            entry(factory, sent, sent.getCookie()).writeTo(entries);
        }
        int unreadableAt = entries.writerIndex();
        OFFlowMod ours = flowMod(codec.add(FLOWS.getFirst(), 7, 1));
        entry(factory, ours, U64.of(9)).writeTo(entries);
        // A field of an experimenter's class in place of whatever was there, for port 3 besides.
        byte[] bytes = bytes(entries);
        byte[] match = ByteBufUtil.decodeHexDump("0001001680000004000000030001020a000000000a0000000000");
        byte[] strange = Arrays.copyOf(Arrays.copyOfRange(bytes, unreadableAt, unreadableAt + 48), 48 + 24);
        System.arraycopy(match, 0, strange, 48, 24);
        strange[1] = (byte) strange.length;
        byte[] all = Arrays.copyOf(bytes, unreadableAt + strange.length);
        System.arraycopy(strange, 0, all, unreadableAt, strange.length);
        for (int cut = 1; cut < all.length; cut += 7) {
            FlowReading reading = new FlowReading();
            reading.add(part(version, true, Arrays.copyOf(all, cut)));
            reading.add(part(version, false, Arrays.copyOfRange(all, cut, all.length)));
            InstalledFlows installed = reading.flows();
            assertEquals(
                    FLOWS,
                    installed.flows().stream().map(InstalledFlows.Known::flow).toList(),
                    "cut at " + cut);
            assertEquals(0, installed.lostParts());
            assertEquals(1, installed.strange().size());
            assertEquals(OptionalInt.of(3), installed.strange().getFirst().inPort());
        }
    }

    private static Incoming.Part part(OFVersion version, boolean moreFollows, byte[] body) {
        return new Incoming.Part(version, Incoming.Part.FLOW, 1, moreFollows, Unpooled.wrappedBuffer(body), "-");
    }

    private static byte[] bytes(ByteBuf buffer) {
        return ByteBufUtil.getBytes(buffer);
    }

    private static InstalledFlows read(OFMessage... parts) {
        FlowReading reading = new FlowReading();
        for (OFMessage part : parts) {
            reading.add(assertInstanceOf(Incoming.Part.class, Incoming.read(Unpooled.wrappedBuffer(bytes(part)))));
        }
        return reading.flows();
    }

    /** As the library reads it. */
    private static OFFlowMod flowMod(OFMessage message) {
        return assertInstanceOf(OFFlowMod.class, reread(message));
    }

    private static OFMessage reread(OFMessage message) {
        ByteBuf buffer = Unpooled.wrappedBuffer(bytes(message));
        assertEquals(buffer.readableBytes(), buffer.getUnsignedShort(2), "the length in the header");
        return assertInstanceOf(Incoming.Message.class, Incoming.read(buffer)).message();
    }

    private static byte[] bytes(OFMessage message) {
        ByteBuf buffer = Unpooled.buffer();
        message.writeTo(buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    private static OFFlowStatsEntry entry(OFFactory factory, OFFlowMod flowMod, U64 cookie) {
        return factory.buildFlowStatsEntry()
                .setCookie(cookie)
                .setTableId(flowMod.getTableId())
                .setPriority(flowMod.getPriority())
                .setMatch(flowMod.getMatch())
                .setInstructions(flowMod.getInstructions())
                .build();
    }

    private static OFMessage reply(OFFactory factory, List<OFFlowStatsEntry> entries) {
        return factory.buildFlowStatsReply().setXid(1).setEntries(entries).build();
    }
}
