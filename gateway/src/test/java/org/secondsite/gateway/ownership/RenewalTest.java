package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.Hold;
import org.secondsite.gateway.ownership.OwnershipAction.Pass;
import org.secondsite.gateway.ownership.OwnershipAction.Retitle;
import org.secondsite.gateway.ownership.OwnershipAction.StopCheckpoints;
import org.secondsite.gateway.ownership.OwnershipAction.TakeSwitches;

/** A switch obeys somebody else although the record names this site: a newer term is asked for, and nothing else changes. */
class RenewalTest extends OwnershipScenes {
    private static final OwnershipEvent CONTESTED = new OwnershipEvent.TermContested("taken");

    @Test
    void aProtectedOwnerStaysProtectedUnderANewerTerm() {
        Ownership a = protectedOwner();
        Ask ask = only(tell(a, CONTESTED), Ask.class);
        assertEquals(new Ask(ask.attempt(), 3, A, Set.of(A, B), "taken"), ask);
        List<OwnershipAction> granted = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, A, A, B)));
        assertEquals(List.of(new Retitle(4), new TakeSwitches(4, SwitchRole.OWNER)), granted);
        assertEquals(OwnershipState.PROTECTED, a.state());
    }

    @Test
    void aRenewalThatIsToldAsARecordIsTheSame() {
        Ownership a = protectedOwner();
        tell(a, CONTESTED);
        List<OwnershipAction> told = tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, A, A, B)));
        assertEquals(List.of(new Retitle(4), new TakeSwitches(4, SwitchRole.OWNER)), told);
    }

    @Test
    void nothingIsAskedBesideAnOpenRequestWhichBringsANewerTermItself() {
        Ownership a = protectedOwner();
        only(tell(a, new OwnershipEvent.StandbyBroken("gap")), Ask.class);
        assertEquals(List.of(), tell(a, CONTESTED));
    }

    @Test
    void anUnansweredRenewalIsSettledByAskingToStandAlone() {
        Ownership a = protectedOwner();
        Ask ask = only(tell(a, CONTESTED), Ask.class);
        tell(a, new OwnershipEvent.Unanswered(ask.attempt(), "no route"));
        now += Requests.RETRY_NANOS;
        Ask again = only(tell(a, new OwnershipEvent.Tick()), Ask.class);
        assertEquals(Set.of(A), again.inSync());
        // The first was granted after all, by a record that is not the one that is asked for now.
        List<OwnershipAction> late = tell(a, new OwnershipEvent.RecordLearnt(record(4, 3, A, A, B)));
        assertTrue(has(late, Hold.class));
        assertFalse(has(late, Pass.class));
    }

    @Test
    void aStandbyThatWentAwayMeanwhileIsGivenUpUnderTheNewTerm() {
        Ownership a = protectedOwner();
        Ask ask = only(tell(a, CONTESTED), Ask.class);
        tell(a, new OwnershipEvent.PeerLost("silent"));
        List<OwnershipAction> granted = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(4, 3, A, A, B)));
        assertEquals(4, only(granted, Retitle.class).term());
        assertEquals(Set.of(A), only(granted, Ask.class).inSync());
    }

    @Test
    void aLoneOwnerTakesItsSwitchesUnderANewerTerm() {
        Ownership a = soloOwner();
        Ask ask = only(tell(a, CONTESTED), Ask.class);
        assertEquals(Set.of(A), ask.inSync());
        List<OwnershipAction> granted = tell(a, new OwnershipEvent.Granted(ask.attempt(), record(3, 2, A, A)));
        assertEquals(new TakeSwitches(3, SwitchRole.OWNER), only(granted, TakeSwitches.class));
        assertEquals(OwnershipState.SOLO, a.state());
    }

    @Test
    void checkpointsBeginAnewUnlessOutputIsHeld() {
        Ownership a = syncingOwner();
        Ask ask = only(tell(a, CONTESTED), Ask.class);
        assertTrue(has(tell(a, new OwnershipEvent.Granted(ask.attempt(), record(3, 2, A, A))), StopCheckpoints.class));
        Ownership gated = syncingOwner();
        tell(gated, new OwnershipEvent.ImageAcknowledged());
        assertEquals(List.of(), tell(gated, CONTESTED));
    }

    @Test
    void aStandbyGoesOnUnderTheNewerTermAlsoAfterItHasAskedInVain() {
        Ownership b = standbyInSync();
        tell(b, new OwnershipEvent.PeerLost("silent"));
        assertEquals(OwnershipState.PROMOTING, b.state());
        tell(b, new OwnershipEvent.RecordLearnt(record(4, 3, A, A, B)), new OwnershipEvent.PeerBack());
        assertEquals(OwnershipState.STANDBY, b.state());
        assertEquals(4, b.keptTerm());
        Ask ask = only(tell(b, new OwnershipEvent.PeerLost("silent")), Ask.class);
        assertEquals(4, ask.expectedTerm());
    }

    @Test
    void nobodyElseAsks() {
        assertEquals(List.of(), tell(standbyInSync(), CONTESTED));
        assertEquals(List.of(), tell(new Ownership(A, B), CONTESTED));
    }
}
