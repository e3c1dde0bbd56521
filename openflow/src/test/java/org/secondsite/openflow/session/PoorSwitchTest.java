package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1_STANDBY;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;
import static org.secondsite.openflow.simulated.SimulatedSite.assertInstalled;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;
import static org.secondsite.openflow.simulated.SimulatedSite.speech;
import static org.secondsite.openflow.simulated.SimulatedSite.stage;
import static org.secondsite.openflow.simulated.SimulatedSite.vm;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Quirk;
import org.secondsite.openflow.simulated.Stage;

/** Switches that lack bundles, tables, room, speed or transaction ids. */
class PoorSwitchTest {
    private final ExecutingSwitch plain = simulated();

    @ParameterizedTest
    @EnumSource(names = {"NO_BUNDLES", "NO_BUNDLE_FLAGS"})
    void refusedBundlesAreReplacedByTheOrderedWayAndSaid(Quirk quirk) {
        ExecutingSwitch poor = simulated(quirk);

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
            ExecutingSwitch simulated = simulated();
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
            ExecutingSwitch goal = simulated();
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
                ExecutingSwitch poor = hides ? simulated(Quirk.HIDES_ITS_TABLES) : simulated();

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
        ExecutingSwitch poor = simulated(Quirk.ERRORS_WITHOUT_XID);

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
        ExecutingSwitch small = simulated();
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
        assertTrue(
                stage.told(Effect.Noticed.class).stream()
                        .map(Effect.Noticed::what)
                        .allMatch(what -> what.startsWith("slow") || what.equals(Versions.NOT_ATOMIC)),
                stage.told::toString);
    }

    @Test
    void aPauseOfThisProcessEndsNoSession() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        stage.sleep(6000);
        stage.sleep(3000);
        assertEquals(List.of(), stage.told(Effect.Close.class));
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
}
