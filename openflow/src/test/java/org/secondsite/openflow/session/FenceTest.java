package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1_STANDBY;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;
import static org.secondsite.openflow.simulated.SimulatedSite.speech;
import static org.secondsite.openflow.simulated.SimulatedSite.stage;
import static org.secondsite.openflow.simulated.SimulatedSite.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Quirk;
import org.secondsite.openflow.simulated.Stage;

/** Gates are shut first, alone and without room, whatever else is under way. */
class FenceTest {
    private final ExecutingSwitch plain = simulated();

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
        assertEquals(List.of(), stage.told(Effect.Drifted.class));
        assertEquals(
                version == OFVersion.OF_13 ? List.of(new Effect.Noticed(Versions.NOT_ATOMIC)) : List.of(),
                stage.told(Effect.Noticed.class));
        // And back again: nothing of a change of roles needs room.
        stage.apply(7, VM1, VM2);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertEquals(Set.of(1), plain.outputs(speech(11, VM1)));
    }

    @ParameterizedTest
    @EnumSource
    void whereNobodyIsToBeHeardOneMessageSilencesAllAndTheFlowsOfOthersInTheirWay(Sharing sharing) {
        Stage stage = stage(plain, EXCLUSIVE.with(sharing), OFVersion.OF_14);
        stage.apply(5, VM1, VM2);
        boolean isShared = sharing == Sharing.COOPERATIVE;
        plain.flows.put(
                new ExecutingSwitch.Place(
                        0, 65000, OFFactories.getFactory(OFVersion.OF_14).matchWildcardAll()),
                OFFactories.getFactory(OFVersion.OF_14)
                        .buildFlowAdd()
                        .setTableId(TableId.of(0))
                        .setPriority(65000)
                        .setInstructions(List.of(OFFactories.getFactory(OFVersion.OF_14)
                                .instructions()
                                .applyActions(List.of(OFFactories.getFactory(OFVersion.OF_14)
                                        .actions()
                                        .output(OFPort.of(12), 0)))))
                        .build());
        stage.pause();
        stage.apply(6, VM1_STANDBY, vm(2, Role.FENCED));
        int messages = 0;
        while (stage.told(Effect.Fenced.class).isEmpty()) {
            stage.step();
            messages++;
        }
        assertEquals(isShared ? 3 : 2, messages, "of each VM one, or one of all, and a barrier");
        assertEquals(
                isShared ? Set.of(12) : Set.of(), plain.outputs(speech(11, VM1)), "a shared switch is audited first");
        stage.messagesPerTick = Integer.MAX_VALUE;
        stage.run(1000);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertEquals(Set.of(), plain.outputs(speech(11, VM1)));
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
    void manyGatesAreShutByOneBundleThatAFullTableTakes() {
        VmAttachment[] owned = crowd(Role.OWNER);
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, owned);
        plain.capacity = plain.flows.size();
        int commits = plain.commits;
        int before = stage.sent.size();
        stage.pause();
        stage.apply(6, allButTheFirstFenced());
        // Open, silence of all, gate and deliveries of the one that speaks, close, commit, barrier.
        assertEquals(8, stage.sent.size() - before);
        assertEquals(
                Set.of(OFType.BUNDLE_CONTROL, OFType.BUNDLE_ADD_MESSAGE, OFType.BARRIER_REQUEST),
                stage.sent.subList(before, stage.sent.size()).stream()
                        .map(OFMessage::getType)
                        .collect(Collectors.toSet()));
        stepUntilFenced(stage, owned);
        assertEquals(commits + 1, plain.commits);
        stage.messagesPerTick = Integer.MAX_VALUE;
        stage.run(1000);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        assertEquals(List.of(), stage.told(Effect.Drifted.class));
        assertEquals(List.of(), stage.told(Effect.Noticed.class));
    }

    @Test
    void whereHalfOfThemSpeakTheGatesOfTheOthersAreShutByOneBundle() {
        VmAttachment[] vms = crowd(Role.OWNER);
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, vms);
        VmAttachment[] fenced = crowd(Role.FENCED);
        System.arraycopy(fenced, 0, vms, 0, 20);
        int before = stage.sent.size();
        stage.pause();
        stage.apply(6, vms);
        assertEquals(20 + 4, stage.sent.size() - before);
        while (stage.told(Effect.Fenced.class).isEmpty()) {
            stage.step();
        }
        for (int i = 0; i < vms.length; i++) {
            assertEquals(i < 20 ? Set.of() : Set.of(1), plain.outputs(speech(11 + i, vms[i])), "vm" + (i + 1));
        }
    }

    /** Who is not known to be heard could be silenced for no reason while it is not. */
    @Test
    void aSecondFenceBeforeTheFirstIsConfirmedSilencesNobodyElse() {
        VmAttachment[] vms = crowd(Role.OWNER);
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, vms);
        stage.pause();
        vms[1] = vm(2, Role.FENCED);
        stage.apply(6, vms);
        VmAttachment[] more = allButTheFirstFenced();
        stage.apply(7, more);
        while (stage.told(Effect.Fenced.class).stream().noneMatch(fenced -> fenced.term() == 7)) {
            stage.step();
            assertEquals(Set.of(1), plain.outputs(speech(11, VM1)));
        }
        assertSilentButTheFirst(plain, more);
    }

    /** Errors without a transaction id are not seen as the fence's; then the commit's answer is missed. */
    @ParameterizedTest
    @EnumSource(names = {"NO_BUNDLES", "NO_BUNDLE_FLAGS"})
    void whereBundlesAreRefusedManyGatesAreShutOneByOne(Quirk refusing) {
        for (Quirk other : List.of(refusing, Quirk.ERRORS_WITHOUT_XID)) {
            ExecutingSwitch poor = simulated(refusing, other);
            VmAttachment[] owned = crowd(Role.OWNER);
            poor.ports.putAll(plain.ports);
            Stage former = stage(poor, EXCLUSIVE, OFVersion.OF_14);
            former.apply(5, owned);
            assertInstanceOf(Effect.Confirmed.class, former.outcome());
            former.disconnect();
            // A new session does not know yet what the switch refuses.
            Stage stage = stage(poor, EXCLUSIVE, OFVersion.OF_14);
            stage.pause();
            stage.apply(6, allButTheFirstFenced());
            while (stage.told(Effect.Fenced.class).isEmpty()) {
                stage.step();
            }
            assertSilentButTheFirst(poor, owned);
        }
    }

    private VmAttachment[] crowd(Role role) {
        List<VmAttachment> vms = new ArrayList<>();
        for (int number = 1; number <= 30; number++) {
            plain.ports.put("vm" + number, 10 + number);
            vms.add(vm(number, role));
        }
        return vms.toArray(VmAttachment[]::new);
    }

    private VmAttachment[] allButTheFirstFenced() {
        VmAttachment[] vms = crowd(Role.FENCED);
        vms[0] = VM1;
        return vms;
    }

    private void stepUntilFenced(Stage stage, VmAttachment... owned) {
        while (stage.told(Effect.Fenced.class).isEmpty()) {
            stage.step();
        }
        assertSilentButTheFirst(plain, owned);
        assertEquals(List.of(new Effect.Fenced(6, owned.length - 1)), stage.told(Effect.Fenced.class));
    }

    private static void assertSilentButTheFirst(ExecutingSwitch simulated, VmAttachment... owned) {
        assertEquals(Set.of(1), simulated.outputs(speech(11, owned[0])));
        for (int i = 1; i < owned.length; i++) {
            assertEquals(Set.of(), simulated.outputs(speech(11 + i, owned[i])), "vm" + (i + 1));
        }
    }
}
