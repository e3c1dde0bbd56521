package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.projectfloodlight.openflow.protocol.OFBadRequestCode;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFBundleFlags;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFControllerRoleReason;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFPortReason;
import org.projectfloodlight.openflow.protocol.OFRoleRequestFailedCode;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.BundleId;
import org.projectfloodlight.openflow.types.DatapathId;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Access;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.wire.Incoming;

/** The session without a socket: messages and times of the test's choice. */
class SwitchSessionTest {
    private static final OFFactory SWITCH = OFFactories.getFactory(OFVersion.OF_14);
    private static final long MS = 1_000_000;
    private static final long ECHO_AFTER = 100 * MS;
    private static final long DEAD_AFTER = 1000 * MS;
    private static final Desired DESIRED = new Desired(
            7,
            List.of(new VmAttachment(
                    new VmId("vm1"),
                    "vm1",
                    MacAddress.parse("52:54:00:c0:10:01"),
                    List.of(IpPrefix.parseAddress("203.0.113.10")),
                    Role.OWNER)));

    private final SwitchSession session = session();

    @Test
    void asksOnceForAnEchoAndGivesUpAfterSilence() {
        connect(session, 0);
        assertEquals(List.of(), session.tick(ECHO_AFTER - 1));
        assertEquals(List.of(OFType.ECHO_REQUEST), types(session.tick(ECHO_AFTER)));
        assertEquals(List.of(), session.tick(2 * ECHO_AFTER));
        session.received(message(SWITCH.buildEchoReply().build()), 2 * ECHO_AFTER);
        assertEquals(List.of(OFType.ECHO_REQUEST), types(session.tick(3 * ECHO_AFTER)));
        assertEquals(
                List.of(),
                session.tick(3 * ECHO_AFTER + 100 * DEAD_AFTER),
                "time in which this process slept does not count");
        long now = 3 * ECHO_AFTER + 100 * DEAD_AFTER;
        List<Effect> effects = List.of();
        for (int i = 0; i < 10 && effects.isEmpty(); i++) {
            now += ECHO_AFTER;
            effects = session.tick(now);
        }
        assertEquals(List.of(new Effect.Close("an echo was not answered for 1000 ms")), effects);
        assertEquals(List.of(), session.tick(now + 100 * DEAD_AFTER));
    }

    @Test
    void aStrangerThatOnlyEchoesIsSentAwayAndAKnownSwitchIsWaitedFor() {
        session.opened(0);
        assertEquals(List.of(new Effect.Close("no answer in state HELLO")), stuck(session, 0));

        SwitchSession inRole = session();
        connect(inRole, 0);
        assertEquals(List.of(OFType.ROLE_REQUEST), types(inRole.apply(DESIRED, 0)));
        assertEquals(List.of(new Effect.Noticed("slow: no answer in step QUERY for 1000 ms")), stuck(inRole, 0));

        SwitchSession inRead = session();
        connect(inRead, 0);
        inRead.apply(DESIRED, 0);
        assertEquals(List.of(OFType.ROLE_REQUEST), types(inRead.received(granted(4, 3), 0)));
        assertEquals(List.of(OFType.STATS_REQUEST), types(inRead.received(granted(5, 7), 0)));
        assertEquals(List.of(new Effect.Noticed("slow: no answer in step READ for 1000 ms")), stuck(inRead, 0));
    }

    @Test
    void aFailureIsTriedAgainAfterAWhile() {
        connect(session, 0);
        session.apply(DESIRED, 0);
        session.received(granted(4, 3), 0);
        Incoming refusal = message(SWITCH.errorMsgs()
                .buildBadRequestErrorMsg()
                .setXid(5)
                .setCode(OFBadRequestCode.EPERM)
                .build());
        assertEquals(List.of(new Effect.Failed(7, "BAD_REQUEST/EPERM in step ROLE")), session.received(refusal, 0));
        long now = 0;
        List<OFType> asked = new ArrayList<>();
        while (!asked.contains(OFType.ROLE_REQUEST)) {
            now += ECHO_AFTER;
            assertTrue(now < 10_000 * MS, "tried again within 10 s");
            asked.addAll(types(session.tick(now)));
            session.received(message(SWITCH.buildEchoReply().build()), now);
        }
        assertTrue(now >= 1000 * MS, "not at once");
    }

    @Test
    void aGrantOfAnotherGenerationIsNoGrant() {
        connect(session, 0);
        session.apply(DESIRED, 0);
        session.received(granted(4, 3), 0);
        Effect effect = session.received(granted(5, 8), 0).getFirst();
        assertTrue(assertInstanceOf(Effect.Failed.class, effect).reason().contains("got ROLE_MASTER in 8"));
    }

    @Test
    void theLowerVersionIsSpokenToASwitchWithoutBitmap() {
        session.opened(0);
        session.received(message(OFFactories.getFactory(OFVersion.OF_13).hello(List.of())), 0);
        assertEquals(OFVersion.OF_13, session.version());
        SwitchSession newer = session();
        newer.opened(0);
        newer.received(new Incoming.Unparsable(9, Incoming.Unparsable.HELLO, 1, false, "version 9"), 0);
        assertEquals(OFVersion.OF_14, newer.version());
    }

    /** Messages of every kind in any order, with transaction ids near to those in use: the session never throws. */
    @Test
    void writesOnlyAsMasterWhateverASwitchSays() {
        for (long seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            SwitchSession any = session();
            boolean[] master = new boolean[1];
            List<Effect> effects = List.of();
            if (random.nextBoolean()) {
                effects = any.opened(0);
            } else {
                connect(any, 0);
                effects = any.apply(DESIRED, 0);
            }
            long lastXid = 4;
            for (int i = 0; i < 40; i++) {
                for (Effect effect : effects) {
                    if (effect instanceof Effect.Send(OFMessage sent)) {
                        lastXid = sent.getXid();
                        boolean write =
                                sent.getType() == OFType.BUNDLE_ADD_MESSAGE || sent.getType() == OFType.FLOW_MOD;
                        assertFalse(write && !master[0], "seed " + seed + ": " + sent);
                    }
                }
                OFMessage said = anything(random, lastXid - random.nextInt(3) + random.nextInt(2));
                master[0] |= said.getType() == OFType.ROLE_REPLY;
                effects = random.nextInt(8) == 0
                        ? any.received(
                                new Incoming.Unparsable(5, random.nextInt(35), lastXid, random.nextBoolean(), "-"), i)
                        : any.received(message(said), i);
                if (effects.stream().anyMatch(Effect.Connected.class::isInstance)) {
                    effects = new ArrayList<>(effects);
                    effects.addAll(any.apply(DESIRED, i));
                }
            }
        }
    }

    private static OFMessage anything(Random random, long xid) {
        return switch (random.nextInt(14)) {
            case 0 -> SWITCH.buildHello().setXid(xid).setElements(List.of()).build();
            case 1 -> features(xid);
            case 2 -> ports(xid);
            case 3, 4 ->
                SWITCH.buildRoleReply()
                        .setXid(xid)
                        .setRole(random.nextInt(4) == 0 ? OFControllerRole.ROLE_SLAVE : OFControllerRole.ROLE_MASTER)
                        .setGenerationId(U64.of(7))
                        .build();
            case 5, 6 ->
                SWITCH.buildFlowStatsReply()
                        .setXid(xid)
                        .setFlags(random.nextBoolean() ? Set.of() : Set.of(OFStatsReplyFlags.REPLY_MORE))
                        .setEntries(List.of())
                        .build();
            case 7, 8 -> bundle(xid, any(random, EnumSet.allOf(OFBundleCtrlType.class)));
            case 9 -> SWITCH.buildBarrierReply().setXid(xid).build();
            case 10 ->
                SWITCH.errorMsgs()
                        .buildRoleRequestFailedErrorMsg()
                        .setXid(xid)
                        .setCode(OFRoleRequestFailedCode.STALE)
                        .build();
            case 11 ->
                SWITCH.errorMsgs()
                        .buildBadRequestErrorMsg()
                        .setXid(random.nextBoolean() ? 0 : xid)
                        .setCode(OFBadRequestCode.IS_SLAVE)
                        .build();
            case 12 ->
                SWITCH.buildRoleStatus()
                        .setRole(OFControllerRole.ROLE_SLAVE)
                        .setReason(OFControllerRoleReason.MASTER_REQUEST)
                        .setGenerationId(U64.of(9))
                        .build();
            default ->
                SWITCH.buildPortStatus()
                        .setReason(any(random, EnumSet.allOf(OFPortReason.class)))
                        .setDesc(SWITCH.buildPortDesc()
                                .setName("vm1")
                                .setPortNo(OFPort.of(1 + random.nextInt(3)))
                                .build())
                        .build();
        };
    }

    private static <T> T any(Random random, Set<T> choices) {
        return choices.stream().skip(random.nextInt(choices.size())).findFirst().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"sw-a, true", "sw-b, false", "'', false", ", false"})
    void aSwitchIsTheOneThatItsCertificateNames(String shown, boolean isTaken) {
        SwitchSettings settings =
                new SwitchSettings(new SwitchId("sw-a"), 0xa01, "gw").with(Access.UNPROVED.proving("sw-a"));
        Peer peer = new Peer("test", Optional.ofNullable(shown), Peer.Opener.SWITCH);
        SwitchSession session = new SwitchSession(Map.of(0xa01L, settings), peer, ECHO_AFTER, DEAD_AFTER);
        session.opened(0);
        session.received(message(SWITCH.hello(List.of())), 0);
        List<Effect> effects = session.received(message(features(2)), 0);
        if (isTaken) {
            assertEquals(List.of(OFType.STATS_REQUEST), types(effects));
        } else {
            assertInstanceOf(Effect.Impostor.class, effects.get(0));
            assertInstanceOf(Effect.Close.class, effects.get(1));
            assertEquals(2, effects.size());
        }
    }

    private static SwitchSession session() {
        SwitchSettings settings = new SwitchSettings(new SwitchId("sw-a"), 0xa01, "gw");
        return new SwitchSession(Map.of(0xa01L, settings), Peer.unproved("test"), ECHO_AFTER, DEAD_AFTER);
    }

    private static void connect(SwitchSession session, long now) {
        session.opened(now);
        session.received(message(SWITCH.hello(List.of())), now);
        session.received(message(features(2)), now);
        assertEquals(List.of(new Effect.Connected(new SwitchId("sw-a"))), session.received(message(ports(3)), now));
    }

    /** What a switch that answers only echoes is told about. */
    private static List<Effect> stuck(SwitchSession session, long from) {
        List<Effect> told = new ArrayList<>();
        for (long now = from; now < from + 10 * DEAD_AFTER; now += ECHO_AFTER / 2) {
            session.tick(now).stream()
                    .filter(effect -> !(effect instanceof Effect.Send))
                    .forEach(told::add);
            session.received(message(SWITCH.buildEchoReply().build()), now);
        }
        return told;
    }

    private static OFMessage features(long xid) {
        return SWITCH.buildFeaturesReply()
                .setXid(xid)
                .setDatapathId(DatapathId.of(0xa01))
                .setNTables((short) 254)
                .build();
    }

    private static OFMessage ports(long xid) {
        return SWITCH.buildPortDescStatsReply()
                .setXid(xid)
                .setEntries(List.of(
                        SWITCH.buildPortDesc()
                                .setName("gw")
                                .setPortNo(OFPort.of(1))
                                .build(),
                        SWITCH.buildPortDesc()
                                .setName("vm1")
                                .setPortNo(OFPort.of(2))
                                .build()))
                .build();
    }

    private static OFBundleCtrlMsg bundle(long xid, OFBundleCtrlType type) {
        return SWITCH.buildBundleCtrlMsg()
                .setXid(xid)
                .setBundleId(BundleId.of(1))
                .setBundleCtrlType(type)
                .setFlags(Set.of(OFBundleFlags.ATOMIC))
                .build();
    }

    private static Incoming granted(long xid, long generation) {
        return message(SWITCH.buildRoleReply()
                .setXid(xid)
                .setRole(OFControllerRole.ROLE_MASTER)
                .setGenerationId(U64.of(generation))
                .build());
    }

    private static Incoming message(OFMessage message) {
        return new Incoming.Message(message);
    }

    private static List<OFType> types(List<Effect> effects) {
        return effects.stream()
                .filter(effect -> !(effect instanceof Effect.Prepare))
                .map(effect ->
                        assertInstanceOf(Effect.Send.class, effect).message().getType())
                .toList();
    }
}
