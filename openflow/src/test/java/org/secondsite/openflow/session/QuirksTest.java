package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.ForeignGeneration;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Quirk;
import org.secondsite.openflow.simulated.Stage;

/** Poor, full, slow and misled switches: what the session does with them, and what their flows then do with frames. */
class QuirksTest {
    private static final long DATAPATH = 0xa01;
    private static final SwitchSettings EXCLUSIVE = new SwitchSettings(new SwitchId("sw-a"), DATAPATH, "gw");
    private static final VmAttachment VM1 = vm(1, Role.OWNER);
    private static final VmAttachment VM1_STANDBY = vm(1, Role.STANDBY);
    private static final VmAttachment VM2 = vm(2, Role.OWNER);

    private final ExecutingSwitch plain = new ExecutingSwitch(DATAPATH);

    QuirksTest() {
        ports(plain);
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aFenceWorksInAFullTable(OFVersion version) {
        Stage stage = stage(plain, EXCLUSIVE, version);
        stage.apply(5, VM1, VM2);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        plain.capacity = plain.flows.size();
        assertEquals(Set.of(1), plain.outputs(speech(11, VM1)));
        int before = stage.sent.size();
        stage.apply(6, VM1_STANDBY, vm(2, Role.FENCED));
        assertEquals(OFType.FLOW_MOD, stage.sent.get(before).getType(), "first and alone, in no bundle");
        assertEquals(List.of(new Effect.Fenced(6, 2)), stage.told(Effect.Fenced.class));
        assertEquals(Set.of(), plain.outputs(speech(11, VM1)));
        assertEquals(Set.of(), plain.outputs(speech(12, VM2)));
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertEquals(List.of(), stage.told(Effect.Noticed.class));
        // And back again: nothing of a change of roles needs room.
        stage.apply(7, VM1, VM2);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertEquals(Set.of(1), plain.outputs(speech(11, VM1)));
    }

    @Test
    void aFenceDoesNotWaitForABundleAndTheBundleIsDiscarded() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1_STANDBY, VM2);
        stage.messagesPerTick = 8;
        plain.portAppears("vm3", 13);
        // A write that is long under way when the fence comes.
        stage.apply(6, VM1, VM2, vm(3, Role.OWNER));
        stage.run(50);
        stage.apply(7, VM1_STANDBY, vm(2, Role.STANDBY), vm(3, Role.STANDBY));
        boolean fenced = false;
        for (int i = 0; i < 200; i++) {
            stage.run(25);
            fenced |= !stage.told(Effect.Fenced.class).isEmpty()
                    && stage.told(Effect.Fenced.class).getLast().term() == 7;
            assertTrue(!fenced || plain.outputs(speech(12, VM2)).isEmpty(), "silent since it was told so");
        }
        assertTrue(fenced);
        assertEquals(new Effect.Confirmed(7, plain.flows.size()), stage.outcome());
        assertEquals(Set.of(), plain.outputs(speech(11, VM1)));
    }

    @Test
    void aRandomFirstGenerationIsRefusedLoudlyAndTriedAgain() {
        plain.generation = Optional.of(0x3a5c_0000_1234_5678L);
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_13);
        stage.apply(5, VM1);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertTrue(refusal.isForeign());
        assertTrue(refusal.reason().startsWith("foreign-generation"), refusal::toString);
        plain.generation = Optional.empty();
        stage.run(2000);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aForeignGenerationIsLedRoundToTheTermWhereThatIsConfigured(OFVersion version) {
        SwitchSettings settings =
                new SwitchSettings(new SwitchId("sw-a"), DATAPATH, "gw", Sharing.EXCLUSIVE, ForeignGeneration.RESET);
        for (long seed = 0; seed < 40; seed++) {
            long held = seed == 0 ? Long.MAX_VALUE : new Random(seed).nextLong();
            ExecutingSwitch simulated = new ExecutingSwitch(DATAPATH);
            ports(simulated);
            simulated.generation = Optional.of(held);
            Stage stage = stage(simulated, settings, version);
            stage.apply(5, VM1);
            assertInstanceOf(Effect.Confirmed.class, stage.outcome(), "seed " + seed);
            assertEquals(Optional.of(5L), simulated.generation);
        }
    }

    @Test
    void aLaterTermOfTheWitnessIsNeverLedRound() {
        SwitchSettings settings =
                new SwitchSettings(new SwitchId("sw-a"), DATAPATH, "gw", Sharing.EXCLUSIVE, ForeignGeneration.RESET);
        plain.generation = Optional.of(6L);
        Stage stage = stage(plain, settings, OFVersion.OF_14);
        stage.apply(5, VM1);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertFalse(refusal.isForeign());
        assertEquals("stale: the switch has seen term 6", refusal.reason());
        assertEquals(Optional.of(6L), plain.generation);
        assertTrue(plain.flows.isEmpty());
        stage.apply(7, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aDemotionIsSeenWithinAnAuditWhetherToldOrNot(OFVersion version) {
        ExecutingSwitch silent = new ExecutingSwitch(DATAPATH, Quirk.NO_ROLE_STATUS);
        ports(silent);
        Stage stage = stage(silent, EXCLUSIVE, version);
        stage.apply(5, VM1);
        silent.takenOver(9);
        stage.run(500);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertEquals("another controller is master now, generation 9", refusal.reason());
        assertFalse(refusal.isForeign());
        stage.apply(10, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @Test
    void theSameNumberHeldByAnotherIsForeignAndANewerTermSettlesIt() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        plain.takenOver(5);
        stage.run(100);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertTrue(refusal.isForeign() && refusal.reason().startsWith("foreign-generation"), refusal::toString);
        stage.apply(6, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @Test
    void aSwitchThatDoesNotTellItsRoleIsAskedToBeMasterAllTheSame() {
        ExecutingSwitch mute = new ExecutingSwitch(DATAPATH, Quirk.NO_ROLE_QUERY, Quirk.NO_GROUPS);
        ports(mute);
        Stage stage = stage(mute, EXCLUSIVE, OFVersion.OF_13);
        stage.apply(5, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        stage.run(12_000);
        assertEquals(1, stage.told(Effect.Confirmed.class).size());
    }

    @ParameterizedTest
    @EnumSource(names = {"NO_BUNDLES", "NO_BUNDLE_FLAGS"})
    void refusedBundlesAreReplacedByTheOrderedWayAndSaid(Quirk quirk) {
        ExecutingSwitch poor = new ExecutingSwitch(DATAPATH, quirk);
        ports(poor);
        Stage stage = stage(poor, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1, VM2);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        Effect.Noticed notice = stage.told(Effect.Noticed.class).getFirst();
        assertTrue(notice.what().startsWith("not atomic"), notice::toString);
        assertInstalled(poor, Layout.TABLES, VM1, VM2);
        assertEquals(List.of(), stage.told(Effect.Failed.class));
    }

    /** The state after each single message of the ordered way lets out no frame that neither the old nor the new one does. */
    @Test
    void onTheOrderedWayNoFrameFindsAWayThatItHasNeitherBeforeNorAfter() {
        for (long seed = 0; seed < 25; seed++) {
            Random random = new Random(seed);
            ExecutingSwitch simulated = new ExecutingSwitch(DATAPATH);
            ports(simulated);
            Stage stage = stage(simulated, EXCLUSIVE, OFVersion.OF_13);
            stage.apply(5, vm(1, role(random)), vm(2, role(random)), vm(3, role(random)));
            List<Set<Integer>> before = allOutputs(simulated);
            stage.pause();
            List<VmAttachment> next = new ArrayList<>();
            for (int i = 1; i <= 3; i++) {
                if (random.nextInt(4) > 0) {
                    next.add(vm(i, role(random)));
                }
            }
            stage.apply(6, next.toArray(VmAttachment[]::new));
            ExecutingSwitch goal = new ExecutingSwitch(DATAPATH);
            ports(goal);
            stage(goal, EXCLUSIVE, OFVersion.OF_14).apply(6, next.toArray(VmAttachment[]::new));
            List<Set<Integer>> after = allOutputs(goal);
            for (int step = 0;
                    step < 2000 && !(stage.outcome() instanceof Effect.Confirmed c && c.term() == 6);
                    step++) {
                stage.step();
                List<Set<Integer>> now = allOutputs(simulated);
                for (int i = 0; i < now.size(); i++) {
                    Set<Integer> permitted = new HashSet<>(before.get(i));
                    permitted.addAll(after.get(i));
                    assertTrue(
                            permitted.containsAll(now.get(i)),
                            "seed " + seed + " step " + step + " frame " + i + ": " + now.get(i));
                }
            }
            assertEquals(after, allOutputs(simulated), "seed " + seed);
        }
    }

    @Test
    void aSwitchOfOneTableGetsThePipelineThatFitsAndSaysWhatIsNotChecked() {
        for (boolean hides : new boolean[] {false, true}) {
            for (OFVersion version : List.of(OFVersion.OF_13, OFVersion.OF_14)) {
                ExecutingSwitch poor =
                        hides ? new ExecutingSwitch(DATAPATH, Quirk.HIDES_ITS_TABLES) : new ExecutingSwitch(DATAPATH);
                ports(poor);
                poor.tables = 1;
                Stage stage = stage(poor, EXCLUSIVE, version);
                stage.apply(5, VM1, VM2);
                assertInstanceOf(Effect.Confirmed.class, stage.outcome(), version + " hides " + hides);
                assertInstalled(poor, Layout.ONE_TABLE, VM1, VM2);
                assertTrue(stage.told(Effect.Noticed.class).stream()
                        .anyMatch(notice -> notice.what().contains("not for their IPv6 source")));
                assertEquals(Set.of(1), poor.outputs(speech(11, VM1)));
                poor.capacity = poor.flows.size();
                stage.apply(6, VM1_STANDBY, VM2);
                assertInstanceOf(Effect.Confirmed.class, stage.outcome());
                assertEquals(Set.of(), poor.outputs(speech(11, VM1)));
                assertEquals(Set.of(1), poor.outputs(speech(12, VM2)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void errorsWithoutTransactionIdKeepTheirReason(OFVersion version) {
        ExecutingSwitch poor = new ExecutingSwitch(DATAPATH, Quirk.ERRORS_WITHOUT_XID);
        ports(poor);
        poor.capacity = 10;
        Stage stage = stage(poor, EXCLUSIVE, version);
        stage.apply(5, VM1, VM2);
        stage.run(3000);
        assertTrue(
                stage.told(Effect.Failed.class).stream()
                        .anyMatch(failed -> failed.reason().contains("TABLE_FULL")),
                stage.told::toString);
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void whereThereIsNoRoomForAllTheFirstVmsWorkWholeAndTheOthersAreNamed(OFVersion version) {
        ExecutingSwitch small = new ExecutingSwitch(DATAPATH);
        ports(small);
        small.capacity = 100;
        Stage stage = stage(small, EXCLUSIVE, version);
        List<VmAttachment> many = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            small.ports.put("vm" + i, 10 + i);
            many.add(vm(i, i == 20 ? Role.STANDBY : Role.OWNER));
        }
        stage.disconnect();
        stage.connect(version);
        stage.apply(5, many.toArray(VmAttachment[]::new));
        stage.run(500);
        Effect.Partial partial = stage.told(Effect.Partial.class).getLast();
        assertFalse(partial.without().contains("vm1 (no room)"), partial::toString);
        assertTrue(partial.without().contains("vm19 (no room)"), partial::toString);
        assertEquals(Set.of(1), small.outputs(speech(11, VM1)));
        for (int i = 1; i <= 20; i++) {
            Set<Integer> out = small.outputs(speech(10 + i, many.get(i - 1)));
            assertTrue(out.isEmpty() || out.equals(Set.of(1)), "no frame by-passes the gateway");
        }
        int failures = stage.told(Effect.Failed.class).size();
        stage.run(10_000);
        assertEquals(failures, stage.told(Effect.Failed.class).size(), "the same is no news");
        small.capacity = 1000;
        stage.run(2000);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aSlowSwitchIsWaitedForAndSaidToBeSlow(OFVersion version) {
        Stage stage = stage(plain, EXCLUSIVE, version);
        // One message in 25 ms.
        stage.messagesPerTick = 1;
        stage.apply(5, VM1, VM2);
        stage.run(20_000);
        assertEquals(List.of(), stage.told(Effect.Close.class));
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertTrue(version == OFVersion.OF_14
                || stage.told(Effect.Noticed.class).isEmpty()
                || stage.told(Effect.Noticed.class).getFirst().what().startsWith("slow"));
    }

    @Test
    void aPauseOfThisProcessEndsNoSession() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        stage.sleep(6000);
        stage.sleep(3000);
        assertEquals(List.of(), stage.told(Effect.Close.class));
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void whatOthersAddAlterOrDeleteIsMendedWithinASecondAndReported(OFVersion version) {
        Stage stage = stage(plain, EXCLUSIVE, version);
        stage.apply(5, VM1, VM2);
        stage.run(1000);
        OFFactory factory = OFFactories.getFactory(version);
        OFFlowMod foreign = factory.buildFlowAdd()
                .setTableId(TableId.of(0))
                .setPriority(65_000)
                .setMatch(factory.buildMatch().build())
                .setInstructions(List.of(factory.instructions()
                        .applyActions(List.of(factory.actions().output(OFPort.NORMAL, 0)))))
                .build();
        put(foreign);
        assertNotEquals(Set.of(1), plain.outputs(speech(11, VM1)));
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().startsWith("1 foreign"), stage.told::toString);

        put(foreign.createBuilder()
                .setMatch(factory.buildMatch()
                        .setExact(MatchField.TUNNEL_ID, U64.of(5))
                        .build())
                .build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);

        plain.flows.clear();
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().contains("missing"), stage.told::toString);

        plain.flows.replaceAll((_, flow) ->
                flow.createBuilder().setInstructions(foreign.getInstructions()).build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().contains("altered"), stage.told::toString);

        plain.flows.replaceAll(
                (_, flow) -> flow.createBuilder().setIdleTimeout(600).build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertEquals(5, stage.told(Effect.Drifted.class).size());
    }

    @Test
    void aSharedSwitchKeepsFlowsOfOthersThatCannotLeadPastTheGateway() {
        SwitchSettings settings =
                new SwitchSettings(new SwitchId("sw-a"), DATAPATH, "gw", Sharing.COOPERATIVE, ForeignGeneration.REFUSE);
        Stage stage = stage(plain, settings, OFVersion.OF_14);
        stage.apply(5, VM1);
        OFFactory factory = OFFactories.getFactory(OFVersion.OF_14);
        for (int port : new int[] {77, 11, 1}) {
            put(factory.buildFlowAdd()
                    .setTableId(TableId.of(0))
                    .setPriority(65_000)
                    .setMatch(factory.buildMatch()
                            .setExact(MatchField.IN_PORT, OFPort.of(port))
                            .build())
                    .build());
        }
        int ours = plain.flows.size() - 3;
        stage.run(500);
        assertEquals(ours + 1, plain.flows.size());
        assertEquals(1, stage.told(Effect.Drifted.class).size());
        stage.run(11_000);
        assertEquals(1, stage.told(Effect.Drifted.class).size());
    }

    @Test
    void manyFlowsAreCountedAndReadOnADifference() {
        ExecutingSwitch large = new ExecutingSwitch(DATAPATH);
        ports(large);
        List<VmAttachment> many = new ArrayList<>();
        for (int i = 1; i <= 150; i++) {
            large.ports.put("vm" + i, 10 + i);
            many.add(vm(i, Role.OWNER));
        }
        Stage stage = stage(large, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, many.toArray(VmAttachment[]::new));
        assertTrue(large.flows.size() > 2000);
        stage.run(10_000);
        int before = stage.sent.size();
        stage.run(5000);
        long reads = stage.sent.subList(before, stage.sent.size()).stream()
                .filter(OFFlowStatsRequest.class::isInstance)
                .count();
        assertTrue(reads <= 1, () -> reads + " readings in 5 s");
        large.flows.remove(large.flows.keySet().iterator().next());
        stage.run(500);
        assertEquals(1, stage.told(Effect.Drifted.class).size());
        assertEquals(2, stage.told(Effect.Confirmed.class).size());
    }

    @Test
    void theSameAgainSendsNothing() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        int before = stage.sent.size();
        stage.apply(5, VM1);
        assertEquals(before, stage.sent.size());
        assertEquals(2, stage.told(Effect.Confirmed.class).size());
    }

    @Test
    void aStormOfPortChangesCostsSomeRoundsASecond() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1, VM2);
        int before = stage.told(Effect.PortsMissing.class).size();
        for (int tick = 0; tick < 40; tick++) {
            for (int i = 0; i < 125; i++) {
                plain.portGoes("vm2");
                plain.portAppears("vm2", 12);
            }
            // It stays away until the next round now and then, or only the last of the storm were seen.
            plain.portGoes("vm2");
            stage.run(25);
            plain.portAppears("vm2", 12);
        }
        stage.run(200);
        int rounds = stage.told(Effect.PortsMissing.class).size() - before;
        assertTrue(rounds <= 21, () -> rounds + " rounds of 10,000 port changes in a second");
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertEquals(new Effect.Confirmed(5, plain.flows.size()), stage.outcome());
    }

    @Test
    void aMissingPortMakesItPartialWithItsName() {
        plain.ports.remove("vm2");
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1, VM2);
        assertEquals(
                Set.of("vm2"),
                assertInstanceOf(Effect.Partial.class, stage.outcome()).without());
        plain.portAppears("vm2", 12);
        stage.run(100);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    private Stage stage(ExecutingSwitch simulated, SwitchSettings settings, OFVersion version) {
        Stage stage = new Stage(simulated, settings);
        stage.connect(version);
        return stage;
    }

    private static void ports(ExecutingSwitch simulated) {
        simulated.ports.put("gw", 1);
        simulated.ports.put("vm1", 11);
        simulated.ports.put("vm2", 12);
    }

    private void put(OFFlowMod foreign) {
        plain.flows.put(
                new ExecutingSwitch.Place(foreign.getTableId().getValue(), foreign.getPriority(), foreign.getMatch()),
                foreign);
    }

    private static Role role(Random random) {
        return List.of(Role.values()).get(random.nextInt(Role.values().length));
    }

    private static List<Set<Integer>> allOutputs(ExecutingSwitch simulated) {
        List<Map<Field, Bits>> frames = new ArrayList<>();
        for (int from : new int[] {1, 11, 12, 13}) {
            for (int speaker = 1; speaker <= 3; speaker++) {
                for (long to : new long[] {
                    vm(1, Role.OWNER).mac().value(), vm(2, Role.OWNER).mac().value(), -1L >>> 16
                }) {
                    Map<Field, Bits> frame = speech(from, vm(speaker, Role.OWNER));
                    frame.put(Field.ETH_DST, Bits.of(to));
                    frames.add(frame);
                }
            }
        }
        return simulated.outputs(frames);
    }

    private static Map<Field, Bits> speech(int port, VmAttachment vm) {
        Map<Field, Bits> frame = new EnumMap<>(Field.class);
        frame.put(Field.IN_PORT, Bits.of(port));
        frame.put(Field.ETH_SRC, Bits.of(vm.mac().value()));
        frame.put(Field.ETH_DST, Bits.of(0x0200_5e00_0101L));
        frame.put(Field.ETH_TYPE, Bits.of(0x0800));
        frame.put(Field.VLAN_VID, Bits.ZERO);
        frame.put(Field.IPV4_SRC, Bits.of(vm.addresses().getFirst()));
        frame.put(Field.IP_PROTO, Bits.of(17));
        return frame;
    }

    private static void assertInstalled(ExecutingSwitch simulated, Layout layout, VmAttachment... vms) {
        List<Flow> expected = Pipeline.of(layout, "gw", List.of(vms), PortTable.of(simulated.ports))
                .flows();
        assertEquals(new HashSet<>(expected), new HashSet<>(simulated.installedFlows()));
    }

    private static VmAttachment vm(int number, Role role) {
        return new VmAttachment(
                new VmId("vm" + number),
                "vm" + number,
                new MacAddress(0x5254_00c0_1000L + number),
                List.of(
                        IpPrefix.parseAddress("203.0.113." + (10 + number)),
                        IpPrefix.parseAddress("2001:db8::" + (10 + number))),
                role);
    }
}
