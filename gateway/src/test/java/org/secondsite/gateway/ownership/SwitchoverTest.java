package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.ownership.OwnershipAction.Announce;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.Fence;
import org.secondsite.gateway.ownership.OwnershipAction.Pass;
import org.secondsite.gateway.ownership.OwnershipAction.PauseVms;
import org.secondsite.gateway.ownership.OwnershipAction.ResumeVms;
import org.secondsite.gateway.ownership.OwnershipAction.StopVms;
import org.secondsite.gateway.ownership.OwnershipAction.SwitchoverEnded;
import org.secondsite.gateway.ownership.OwnershipAction.SyncDisks;

/** The planned change of owners, walked by hand through the table of transitions. */
class SwitchoverTest extends OwnershipScenes {
    private Ownership handingOver() {
        Ownership a = protectedOwnerOfInformedStandby();
        List<OwnershipAction> actions = tell(a, new OwnershipEvent.SwitchoverOrdered("maintenance"));
        assertTrue(has(actions, PauseVms.class));
        assertEquals(RouteRole.RETIRING, only(actions, Announce.class).role());
        assertFalse(has(actions, Ask.class));
        assertEquals(OwnershipState.HANDING_OVER, a.state());
        return a;
    }

    @Test
    void switchoverAsksOnlyWhenEverythingIsCommittedAndKeepsTheVmsUntilTheyRunElsewhere() {
        Ownership a = handingOver();
        Ask ask = only(tell(a, new OwnershipEvent.LastCommitted()), Ask.class);
        assertEquals(B, ask.owner());
        assertEquals(Set.of(B), ask.inSync());
        List<OwnershipAction> granted = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, B, B)));
        assertEquals(
                new Fence(4),
                granted.stream().filter(Fence.class::isInstance).findFirst().orElseThrow());
        assertEquals(OwnershipState.FENCED, a.state());
        assertFalse(has(granted, StopVms.class));
        assertFalse(has(granted, ResumeVms.class));
        assertEquals(RouteRole.RETIRING, only(granted, Announce.class).role());
        assertTrue(a.keepsVms());
        // Late news of an earlier life of the other site as an owner.
        assertEquals(List.of(), tell(a, new OwnershipEvent.PeerActive(3)));
        List<OwnershipAction> active = tell(a, new OwnershipEvent.PeerActive(4));
        assertTrue(has(active, StopVms.class));
        assertTrue(only(active, SwitchoverEnded.class).done());
        List<OwnershipAction> gone = tell(a, new OwnershipEvent.VmsStopped());
        assertEquals(RouteRole.STANDBY, only(gone, Announce.class).role());
        assertEquals(OwnershipState.STANDBY, a.state());
    }

    @Test
    void switchoverIsRefusedWhereItWouldNotBeLossless() {
        Ownership waiting = protectedOwnerOfInformedStandby();
        tell(waiting, new OwnershipEvent.PeerLost("silent"));
        for (Ownership group : List.of(soloOwner(), syncingOwner(), standbyInSync(), waiting, new Ownership(A, B))) {
            OwnershipState before = group.state();
            List<OwnershipAction> actions = tell(group, new OwnershipEvent.SwitchoverOrdered("maintenance"));
            assertEquals(1, actions.size(), actions::toString);
            assertFalse(only(actions, SwitchoverEnded.class).done());
            assertEquals(before, group.state());
        }
    }

    @Test
    void switchoverIsRefusedWhileTheStandbyHasNotSaidThatItKnowsTheRecord() {
        Ownership a = protectedOwner();
        tell(a, new OwnershipEvent.RecordPassedOn(record(2, 1, A, A)));
        assertTrue(a.standbyMustLearn());
        SwitchoverEnded refused =
                only(tell(a, new OwnershipEvent.SwitchoverOrdered("maintenance")), SwitchoverEnded.class);
        assertEquals("site b has not said that the witness told it of term 3", refused.reason());
        tell(a, new OwnershipEvent.RecordPassedOn(record(3, 2, A, A, B)));
        assertFalse(a.standbyMustLearn());
        tell(a, new OwnershipEvent.SwitchoverOrdered("maintenance"));
        assertEquals(OwnershipState.HANDING_OVER, a.state());
    }

    @Test
    void ownerAgainAfterTermsThatItMissedAsksOnlyWhenTheDisksAreSynced() {
        for (OwnershipState before : List.of(OwnershipState.FENCED, OwnershipState.PROTECTED)) {
            Ownership a = protectedOwnerOfDisks();
            if (before == OwnershipState.FENCED) {
                tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, B, B)));
            }
            assertEquals(before, a.state());
            List<OwnershipAction> forced = tell(a, new OwnershipEvent.RecordLearnt(record(6, 5, A, A)));
            assertEquals(OwnershipState.UNKNOWN, a.state());
            assertTrue(has(forced, SyncDisks.class));
            assertFalse(has(forced, Ask.class));
            assertFalse(has(tell(a, new OwnershipEvent.Tick()), Ask.class));
            assertEquals(
                    6,
                    only(tell(a, new OwnershipEvent.DisksSynced()), Ask.class).expectedTerm());
        }
    }

    @Test
    void vmsRunOnWhenTheLastEpochsAreNotCommittedInTime() {
        Ownership a = handingOver();
        now += OwnershipSteps.HAND_OVER_PATIENCE_NANOS;
        List<OwnershipAction> late = tell(a, new OwnershipEvent.Tick());
        assertTrue(has(late, ResumeVms.class));
        assertEquals(RouteRole.OWNER, only(late, Announce.class).role());
        assertFalse(only(late, SwitchoverEnded.class).done());
        assertFalse(has(late, Ask.class));
        assertEquals(OwnershipState.PROTECTED, a.state());
        assertEquals(3, a.term());
    }

    @Test
    void vmsRunOnHeldWhenTheWitnessIsSilentAndTheOpenRequestIsSettled() {
        Ownership a = handingOver();
        Ask ask = only(tell(a, new OwnershipEvent.LastCommitted()), Ask.class);
        now += Requests.RETRY_NANOS;
        tell(a, new OwnershipEvent.Unanswered(ask.attempt(), "timeout"));
        now += Requests.RETRY_NANOS;
        assertEquals(B, only(tell(a, new OwnershipEvent.Tick()), Ask.class).owner());
        now += OwnershipSteps.HAND_OVER_PATIENCE_NANOS;
        List<OwnershipAction> late = tell(a, new OwnershipEvent.Tick());
        assertTrue(has(late, ResumeVms.class));
        assertEquals(RouteRole.OWNER, only(late, Announce.class).role());
        assertFalse(has(late, Pass.class));
        Ask settle = only(late, Ask.class);
        assertEquals(3, settle.expectedTerm());
        assertEquals(Set.of(A), settle.inSync());
        // The hand-over may have been granted first: then this site yields like any owner.
        List<OwnershipAction> lost =
                tell(a, new OwnershipEvent.Refused(settle.attempt(), record(4, 3, B, B), "term is 4"));
        assertTrue(has(lost, Fence.class));
        assertFalse(has(lost, StopVms.class));
        assertTrue(a.keepsVms());
    }

    @Test
    void vmsRunOnWhenTheWitnessRefuses() {
        Ownership a = handingOver();
        Ask ask = only(tell(a, new OwnershipEvent.LastCommitted()), Ask.class);
        List<OwnershipAction> refused =
                tell(a, new OwnershipEvent.Refused(ask.attempt(), record(3, 2, A, A, B), "not this site"));
        assertTrue(has(refused, ResumeVms.class));
        assertEquals(RouteRole.OWNER, only(refused, Announce.class).role());
        assertFalse(only(refused, SwitchoverEnded.class).done());
        assertFalse(has(refused, Ask.class));
        assertEquals(OwnershipState.PROTECTED, a.state());
    }

    @Test
    void standbyLostDuringASwitchoverIsTakenAsAtAProtectedOwner() {
        Ownership a = handingOver();
        List<OwnershipAction> lost = tell(a, new OwnershipEvent.PeerLost("silent"));
        assertTrue(has(lost, ResumeVms.class));
        assertEquals(RouteRole.OWNER, only(lost, Announce.class).role());
        assertFalse(has(lost, Pass.class));
        assertEquals(Set.of(A), only(lost, Ask.class).inSync());
        assertEquals(OwnershipState.PROTECTED, a.state());
    }

    @Test
    void pausedVmsRunOnWhenAnOperatorForcesTheirSiteToBeTheOwnerAgain() {
        Ownership a = handingOver();
        Ask ask = only(tell(a, new OwnershipEvent.LastCommitted()), Ask.class);
        tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, B, B)));
        List<OwnershipAction> forced = tell(a, new OwnershipEvent.RecordLearnt(record(5, 4, A, A)));
        assertFalse(has(forced, ResumeVms.class));
        Ask renew = only(forced, Ask.class);
        List<OwnershipAction> alone = tell(a, new OwnershipEvent.Granted(renew.attempt(), record(6, 5, A, A)));
        assertTrue(has(alone, ResumeVms.class));
        assertEquals(6, only(alone, Pass.class).term());
        assertEquals(OwnershipState.SOLO, a.state());
        // Alone, and with a standby that is ready: on to the next sync.
        tell(a, new OwnershipEvent.Tick());
        assertEquals(OwnershipState.SYNCING, a.state());
        assertFalse(a.keepsVms());
    }
}
