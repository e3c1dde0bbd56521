package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.ownership.OwnershipAction.Activate;
import org.secondsite.gateway.ownership.OwnershipAction.Alarm;
import org.secondsite.gateway.ownership.OwnershipAction.Announce;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.Fence;
import org.secondsite.gateway.ownership.OwnershipAction.Hold;
import org.secondsite.gateway.ownership.OwnershipAction.Pass;
import org.secondsite.gateway.ownership.OwnershipAction.RefuseEpochs;
import org.secondsite.gateway.ownership.OwnershipAction.Retitle;
import org.secondsite.gateway.ownership.OwnershipAction.StartCheckpoints;
import org.secondsite.gateway.ownership.OwnershipAction.StopCheckpoints;
import org.secondsite.gateway.ownership.OwnershipAction.StopVms;
import org.secondsite.gateway.ownership.OwnershipAction.SwitchoverEnded;
import org.secondsite.gateway.ownership.OwnershipAction.SyncDisks;
import org.secondsite.gateway.ownership.OwnershipAction.TakeSwitches;
import org.secondsite.gateway.ownership.OwnershipAction.Transition;

/** The table of transitions, walked by hand; {@link SwitchoverTest} has the planned change of owners. */
class OwnershipTest extends OwnershipScenes {
    @Test
    void unknownDoesNothingUntilTheWitnessHasSpoken() {
        Ownership a = new Ownership(A, B);
        assertEquals(
                List.of(),
                tell(
                        a,
                        new OwnershipEvent.SourceReady(),
                        new OwnershipEvent.PeerBack(),
                        new OwnershipEvent.StandbyReady(),
                        new OwnershipEvent.PeerLost("x"),
                        new OwnershipEvent.ImageHeld(),
                        new OwnershipEvent.Tick()));
        assertEquals(OwnershipState.UNKNOWN, a.state());
    }

    @Test
    void loneOwnerActsOnlyUnderATermThatItWasGranted() {
        Ownership a = new Ownership(A, B);
        List<OwnershipAction> read = tell(a, new OwnershipEvent.RecordLearnt(record(1, 0, A, A)));
        // A request of a former life to protect the group may still be granted: reading "alone" is not enough to pass.
        assertFalse(has(read, Pass.class));
        assertFalse(has(read, Announce.class));
        Ask ask = only(read, Ask.class);
        assertEquals(Set.of(A), ask.inSync());
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(2, 1, A, A)));
        assertEquals(2, only(actions, Pass.class).term());
        assertEquals(RouteRole.OWNER, only(actions, Announce.class).role());
        assertEquals(new TakeSwitches(2, SwitchRole.OWNER), only(actions, TakeSwitches.class));
    }

    @Test
    void aTermBearsOneChainOnly() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.PeerLost("silent"), new OwnershipEvent.PeerBack());
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.StandbyReady());
        assertFalse(has(actions, StartCheckpoints.class));
        assertEquals(Set.of(A), only(actions, Ask.class).inSync());
    }

    @Test
    void ownerThatMissedATermStartsOverClosed() {
        Ownership a = protectedOwner();
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.RecordLearnt(record(5, 4, A, A)));
        assertEquals(new Fence(5), actions.getFirst());
        assertFalse(has(actions, Pass.class));
        assertEquals(OwnershipState.UNKNOWN, a.state());
        Ask ask = only(actions, Ask.class);
        assertTrue(has(tell(a, new OwnershipEvent.Granted(ask.attempt(), record(6, 5, A, A))), Pass.class));
    }

    @Test
    void standbyThatMissedATermActivatesNothing() {
        Ownership b = standbyInSync();
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.RecordLearnt(record(6, 5, B, B)));
        assertFalse(has(actions, Activate.class));
        assertTrue(has(actions, Alarm.class));
    }

    @Test
    void nobodyPassesOutputUnderARecordThatHeHasNotAskedForWithTheOtherSiteInSync() {
        Ownership b = standbyInSync();
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.RecordLearnt(record(4, 3, B, A, B)));
        assertFalse(has(actions, Pass.class));
        assertFalse(has(actions, Activate.class));
        assertEquals(OwnershipState.UNKNOWN, b.state());
        Ownership a = soloOwner();
        List<OwnershipAction> held = tell(a, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)));
        assertTrue(has(held, Hold.class));
        assertEquals(Set.of(A), only(held, Ask.class).inSync());
    }

    @Test
    void startedGatewayBelievesOnlyTheWitness() {
        Ownership b = new Ownership(B, A);
        List<OwnershipAction> heard = tell(b, new OwnershipEvent.RecordPassedOn(record(3, 2, A, A, B)));
        assertEquals(List.of(new OwnershipAction.Doubt(3)), heard);
        assertEquals(OwnershipState.UNKNOWN, b.state());
        assertEquals(0, b.term());
    }

    @Test
    void restartedOwnerAsksWithoutItsVmOnlyOnTheRecordThatItFound() {
        Ownership a = new Ownership(A, B);
        Ask first = only(tell(a, new OwnershipEvent.RecordLearnt(record(1, 0, A, A))), Ask.class);
        tell(a, new OwnershipEvent.Refused(first.attempt(), record(1, 0, A, A), "recover it first"));
        long recovered = (1L << 32) + 1;
        assertFalse(has(tell(a, new OwnershipEvent.RecordLearnt(record(recovered, 1, A, A))), Ask.class));
        now += 60_000_000_000L;
        assertFalse(has(tell(a, new OwnershipEvent.Tick()), Ask.class));
        assertEquals(OwnershipState.UNKNOWN, a.state());
        Ask ask = only(tell(a, new OwnershipEvent.SourceReady()), Ask.class);
        assertEquals(recovered, ask.expectedTerm());
    }

    @Test
    void recoveryIsNoGrantOfWhatWasAskedBefore() {
        Ownership a = new Ownership(A, B);
        only(tell(a, new OwnershipEvent.RecordLearnt(record(1, 0, A, A))), Ask.class);
        tell(a, new OwnershipEvent.RecordLearnt(record((1L << 32) + 1, 1, A, A)));
        assertEquals(OwnershipState.UNKNOWN, a.state());
    }

    @Test
    void holdsBeforeAskingForProtection() {
        Ownership a = syncingOwner();
        List<OwnershipAction> gate = tell(a, new OwnershipEvent.ImageAcknowledged());
        assertTrue(has(gate, Hold.class));
        assertFalse(has(gate, Ask.class));
        List<OwnershipAction> caughtUp = tell(a, new OwnershipEvent.CaughtUp());
        assertEquals(Set.of(A, B), only(caughtUp, Ask.class).inSync());
        assertFalse(has(caughtUp, Pass.class));
    }

    @Test
    void protectionNumbersEpochsUnderTheNewTermAndKeepsHolding() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.ImageAcknowledged());
        Ask ask = only(tell(a, new OwnershipEvent.CaughtUp()), Ask.class);
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(3, 2, A, A, B)));
        assertEquals(3, only(actions, Retitle.class).term());
        assertFalse(has(actions, Pass.class));
    }

    @Test
    void unansweredAdmissionIsSettledByANewerRequestNeverByARead() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.ImageAcknowledged());
        Ask admit = only(tell(a, new OwnershipEvent.CaughtUp()), Ask.class);
        tell(a, new OwnershipEvent.Unanswered(admit.attempt(), "timeout"));
        // The old record, read again, settles nothing.
        assertFalse(has(tell(a, new OwnershipEvent.RecordLearnt(record(2, 1, A, A))), Pass.class));
        now += Requests.RETRY_NANOS;
        Ask settle = only(tell(a, new OwnershipEvent.Tick()), Ask.class);
        assertEquals(2, settle.expectedTerm());
        assertEquals(Set.of(A), settle.inSync());
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.Granted(settle.attempt(), record(3, 2, A, A)));
        assertTrue(has(actions, Pass.class));
    }

    @Test
    void admissionThatSucceededUnseenProtects() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.ImageAcknowledged());
        Ask admit = only(tell(a, new OwnershipEvent.CaughtUp()), Ask.class);
        tell(a, new OwnershipEvent.Unanswered(admit.attempt(), "timeout"));
        now += Requests.RETRY_NANOS;
        Ask settle = only(tell(a, new OwnershipEvent.Tick()), Ask.class);
        List<OwnershipAction> actions =
                tell(a, new OwnershipEvent.Refused(settle.attempt(), record(3, 2, A, A, B), "term is 3"));
        assertEquals(OwnershipState.PROTECTED, a.state());
        assertFalse(has(actions, Pass.class));
    }

    @Test
    void standbyLostWhileAdmissionIsOpenKeepsTheGate() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.ImageAcknowledged(), new OwnershipEvent.CaughtUp());
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.PeerLost("silent"));
        assertFalse(has(actions, Pass.class));
        assertEquals(Set.of(A), only(actions, Ask.class).inSync());
    }

    @Test
    void standbyLostBeforeAnythingWasAskedReturnsToSolo() {
        Ownership a = syncingOwner();
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.PeerLost("silent"));
        assertEquals(OwnershipState.SOLO, a.state());
        assertTrue(has(actions, StopCheckpoints.class));
        assertTrue(has(actions, Pass.class));
    }

    @Test
    void protectedOwnerWithoutStandbyHoldsUntilTheRecordSaysSolo() {
        Ownership a = protectedOwner();
        List<OwnershipAction> lost = tell(a, new OwnershipEvent.PeerLost("silent"));
        Ask ask = only(lost, Ask.class);
        assertFalse(has(lost, Pass.class));
        List<OwnershipAction> solo = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, A, A)));
        assertEquals(OwnershipState.SOLO, a.state());
        assertTrue(has(solo, StopCheckpoints.class));
        assertEquals(4, only(solo, Pass.class).term());
    }

    @Test
    void requestIsRepeatedUntilAnswered() {
        Ownership a = protectedOwner();
        Ask first = only(tell(a, new OwnershipEvent.PeerLost("silent")), Ask.class);
        assertEquals(List.of(), tell(a, new OwnershipEvent.Tick()));
        OwnershipAction.Alarm alarm =
                only(tell(a, new OwnershipEvent.Unanswered(first.attempt(), "no route")), OwnershipAction.Alarm.class);
        assertTrue(alarm.text().contains("the witness does not answer"), alarm.text());
        assertEquals(List.of(), tell(a, new OwnershipEvent.Tick()));
        now += Requests.RETRY_NANOS;
        Ask second = only(tell(a, new OwnershipEvent.Tick()), Ask.class);
        assertEquals(List.of(), tell(a, new OwnershipEvent.Unanswered(second.attempt(), "no route")), "told once");
        assertEquals(first.expectedTerm(), second.expectedTerm());
        assertEquals(first.inSync(), second.inSync());
    }

    @Test
    void nothingPassesAfterFence() {
        Ownership a = protectedOwner();
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
        assertEquals(new Fence(4), actions.getFirst());
        assertEquals(OwnershipState.FENCED, a.state());
        assertTrue(has(actions, StopCheckpoints.class));
        assertEquals(RouteRole.STANDBY, only(actions, Announce.class).role());
        // Until the other site runs them, these VMs may be the only ones.
        assertFalse(has(actions, StopVms.class));
        List<OwnershipAction> active = tell(a, new OwnershipEvent.PeerActive(4));
        assertTrue(has(active, StopVms.class));
        assertFalse(has(active, SwitchoverEnded.class));
        tell(a, new OwnershipEvent.VmsStopped());
        assertEquals(OwnershipState.STANDBY, a.state());
    }

    @Test
    void oldRecordsChangeNothing() {
        Ownership a = protectedOwner();
        assertEquals(List.of(), tell(a, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B))));
        assertEquals(List.of(), tell(a, new OwnershipEvent.RecordLearnt(record(2, 1, B, B))));
        assertEquals(OwnershipState.PROTECTED, a.state());
    }

    @Test
    void standbyStopsAcknowledgingBeforeItAsks() {
        Ownership b = standbyInSync();
        assertTrue(b.acceptsEpochs());
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.PeerLost("silent"));
        assertEquals(new RefuseEpochs(3), actions.getFirst());
        Ask ask = only(actions, Ask.class);
        assertEquals(B, ask.owner());
        assertEquals(Set.of(B), ask.inSync());
        assertFalse(b.acceptsEpochs());
        assertFalse(has(actions, Activate.class));
    }

    @Test
    void grantActivatesAnnouncesAndTakesTheSwitchesUnderTheNewTerm() {
        Ownership b = standbyInSync();
        Ask ask = only(tell(b, new OwnershipEvent.PeerLost("silent")), Ask.class);
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, B, B)));
        assertEquals(4, only(actions, Activate.class).term());
        assertEquals(RouteRole.PROMOTED, only(actions, Announce.class).role());
        assertEquals(new TakeSwitches(4, SwitchRole.OWNER), only(actions, TakeSwitches.class));
        tell(b, new OwnershipEvent.Activated());
        assertEquals(OwnershipState.SOLO, b.state());
    }

    @Test
    void anOverruledPromotionIsFencedWithTheVmsThatItStarts() {
        Ownership b = standbyInSync();
        Ask ask = only(tell(b, new OwnershipEvent.PeerLost("silent")), Ask.class);
        tell(b, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, B, B)));
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.RecordLearnt(record(5, 4, A, A)));
        assertEquals(5, only(actions, Fence.class).term());
        assertEquals(OwnershipState.FENCED, b.state());
        tell(b, new OwnershipEvent.Activated());
        assertEquals(OwnershipState.FENCED, b.state());
        assertTrue(has(tell(b, new OwnershipEvent.PeerActive(5)), StopVms.class));
        tell(b, new OwnershipEvent.VmsStopped());
        assertEquals(OwnershipState.STANDBY, b.state());
    }

    @Test
    void refusedStandbyStandsByUnderTheNewRecord() {
        Ownership b = standbyInSync();
        Ask ask = only(tell(b, new OwnershipEvent.PeerLost("silent")), Ask.class);
        List<OwnershipAction> actions =
                tell(b, new OwnershipEvent.Refused(ask.attempt(), record(4, 3, A, A), "term is 4"));
        assertEquals(OwnershipState.STANDBY, b.state());
        assertFalse(has(actions, Activate.class));
        assertTrue(b.reason().contains("not in sync"), b.reason());
        List<OwnershipAction> again = tell(b, new OwnershipEvent.PeerLost("silent"));
        assertFalse(has(again, Ask.class));
        assertTrue(only(again, Alarm.class).text().contains("stands alone"));
    }

    @Test
    void standbyWithoutImageDoesNotAsk() {
        Ownership b = standbyInSync();
        tell(b, new OwnershipEvent.ImageLost("agent died"));
        List<OwnershipAction> actions = tell(b, new OwnershipEvent.PeerLost("silent"));
        assertFalse(has(actions, Ask.class));
        assertTrue(has(actions, Alarm.class));
    }

    @Test
    void recordThatComesAfterTheLossStillLeadsToPromotion() {
        Ownership b = new Ownership(B, A);
        tell(
                b,
                new OwnershipEvent.VmsStopped(),
                new OwnershipEvent.RecordLearnt(record(2, 1, A, A)),
                new OwnershipEvent.PeerBack(),
                new OwnershipEvent.ImageHeld(),
                new OwnershipEvent.PeerLost("silent"));
        assertEquals(OwnershipState.STANDBY, b.state());
        now += Requests.RETRY_NANOS;
        assertFalse(has(tell(b, new OwnershipEvent.Tick()), Ask.class));
        tell(b, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)));
        assertEquals(B, only(tell(b, new OwnershipEvent.Tick()), Ask.class).owner());
    }

    @Test
    void restartedProtectedOwnerStaysClosedUntilItStandsAlone() {
        Ownership a = new Ownership(A, B);
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)));
        assertEquals(List.of(), actions);
        Ask ask = only(tell(a, new OwnershipEvent.SourceReady()), Ask.class);
        assertEquals(Set.of(A), ask.inSync());
        assertEquals(OwnershipState.UNKNOWN, a.state());
        assertTrue(has(tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, A, A))), Pass.class));
    }

    @Test
    void restartedOwnerWithoutVmHandsOverFenced() {
        Ownership a = new Ownership(A, B);
        tell(a, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)), new OwnershipEvent.VmsStopped());
        now += OwnershipSteps.SOURCE_PATIENCE_NANOS;
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.Tick());
        assertEquals(new Fence(4), actions.getFirst());
        Ask ask = only(actions, Ask.class);
        assertEquals(B, ask.owner());
        tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, B, B)));
        assertEquals(OwnershipState.STANDBY, a.state());
    }

    @Test
    void formerOwnerWithARunningVmIsFencedFirst() {
        Ownership a = new Ownership(A, B);
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
        assertEquals(new Fence(4), actions.getFirst());
        assertEquals(OwnershipState.FENCED, a.state());
        assertFalse(has(tell(a, new OwnershipEvent.SourceReady()), StopVms.class));
        assertTrue(has(tell(a, new OwnershipEvent.PeerActive(4)), StopVms.class));
        assertTrue(has(tell(a, new OwnershipEvent.SourceReady()), StopVms.class));
        tell(a, new OwnershipEvent.VmsStopped());
        assertEquals(OwnershipState.STANDBY, a.state());
    }

    @Test
    void vmLostAtAProtectedOwnerIsHandedOverFenced() {
        Ownership a = protectedOwnerOfInformedStandby();
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.SourceLost("exit 1"));
        assertEquals(new Fence(4), actions.getFirst());
        assertEquals(B, only(actions, Ask.class).owner());
        assertEquals(OwnershipState.FENCED, a.state());
    }

    @Test
    void handOverWaitsForAStandbyThatIsHeardToKnowTheRecord() {
        Ownership a = protectedOwner();
        List<OwnershipAction> lost = tell(a, new OwnershipEvent.SourceLost("exit 1"));
        assertEquals(new Fence(4), lost.getFirst());
        assertFalse(has(lost, Ask.class));
        assertEquals(List.of(), tell(a, new OwnershipEvent.Tick()));
        tell(a, new OwnershipEvent.RecordPassedOn(record(3, 2, A, A, B)));
        assertEquals(B, only(tell(a, new OwnershipEvent.Tick()), Ask.class).owner());
        assertEquals(List.of(), tell(a, new OwnershipEvent.Tick()));
    }

    @Test
    void handOverDoesNotWaitForAStandbyThatIsNotHeard() {
        Ownership a = protectedOwner();
        assertFalse(has(tell(a, new OwnershipEvent.SourceLost("exit 1")), Ask.class));
        tell(a, new OwnershipEvent.PeerLost("silent"));
        assertEquals(B, only(tell(a, new OwnershipEvent.Tick()), Ask.class).owner());
    }

    @Test
    void handOverThatWaitsEndsWithTheRecordItIsFor() {
        Ownership a = protectedOwner();
        tell(a, new OwnershipEvent.SourceLost("exit 1"), new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
        tell(a, new OwnershipEvent.RecordPassedOn(record(4, 3, B, B)));
        assertFalse(has(tell(a, new OwnershipEvent.Tick()), Ask.class));
    }

    @Test
    void witnessSilenceAloneChangesNothing() {
        Ownership a = protectedOwner();
        Ownership b = standbyInSync();
        for (int i = 0; i < 1000; i++) {
            now += 5_000_000;
            assertEquals(List.of(), tell(a, new OwnershipEvent.Tick()));
            assertEquals(List.of(), tell(b, new OwnershipEvent.Tick()));
        }
    }

    @Test
    void everyTransitionBearsAReason() {
        Ownership a = protectedOwner();
        for (OwnershipAction action : tell(a, new OwnershipEvent.RecordLearnt(record(9, 3, B, B)))) {
            if (action instanceof Transition t) {
                assertFalse(t.reason().isBlank());
            }
        }
    }

    /** Nobody here has asked for the record, so it says nothing of disks: what is started here, and not stopped for that, has to be seen first. */
    @Test
    void aStandbyThatIsGivenTheGroupWhileItRestartsStartsOverAsItsOwner() {
        Ownership b = new Ownership(B, A);
        tell(b, new OwnershipEvent.RecordLearnt(record(3, 2, A, A, B)));
        assertEquals(OwnershipState.FENCED, b.state());
        List<OwnershipAction> given = tell(b, new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
        assertEquals(new Fence(4), given.getFirst());
        assertEquals(OwnershipState.UNKNOWN, b.state());
        assertFalse(has(given, Ask.class));
        tell(b, new OwnershipEvent.VmsStopped());
        List<OwnershipAction> seen = tell(b, new OwnershipEvent.SourceReady());
        assertFalse(has(seen, StopVms.class));
        tell(b, new OwnershipEvent.Granted(only(seen, Ask.class).attempt(), record(5, 4, B, B)));
        assertEquals(OwnershipState.SOLO, b.state());
    }

    /** Its VMs are the last copy. A restarted owner would let output pass by the record that it gets, so the disks come first. */
    @Test
    void aFencedOwnerThatIsForcedToOwnAgainAsksWhenItsDisksAreSynced() {
        Ownership a = syncingOwner();
        tell(a, new OwnershipEvent.DisksCarried(), new OwnershipEvent.ImageAcknowledged());
        Ask admission = only(tell(a, new OwnershipEvent.CaughtUp()), Ask.class);
        tell(a, new OwnershipEvent.Granted(admission.attempt(), record(3, 2, A, A, B)));
        tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
        assertEquals(OwnershipState.FENCED, a.state());
        List<OwnershipAction> forced = tell(a, new OwnershipEvent.RecordLearnt(record(5, 4, A, A)));
        assertTrue(has(forced, SyncDisks.class));
        assertFalse(has(forced, Ask.class));
        Ask ask = only(tell(a, new OwnershipEvent.DisksSynced()), Ask.class);
        tell(a, new OwnershipEvent.Granted(ask.attempt(), record(6, 5, A, A)));
        assertEquals(OwnershipState.SOLO, a.state());
    }
}
