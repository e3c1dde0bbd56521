package org.secondsite.net.life;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProofTest {
    private final Turn conductor = new Turn("conductor");
    private final Turn plane = new Turn("plane");
    private final List<Turn> turns = new ArrayList<>(List.of(conductor, plane));
    private boolean over;
    private final Proof proof = new Proof(turns, () -> over);

    @Test
    void nothingIsProvedBeforeEveryThreadHasTurnedRound() {
        assertFalse(proof.renewed());
        conductor.made();
        assertFalse(proof.renewed());
        plane.made();
        assertTrue(proof.renewed());
    }

    @Test
    void aTurnProvesOneHeartbeat() {
        conductor.made();
        plane.made();
        assertTrue(proof.renewed());
        assertFalse(proof.renewed());
        conductor.made();
        conductor.made();
        assertFalse(proof.renewed());
        plane.made();
        assertTrue(proof.renewed());
    }

    @Test
    void aRefusedHeartbeatUsesNoTurnUp() {
        conductor.made();
        plane.made();
        assertTrue(proof.renewed());
        conductor.made();
        assertFalse(proof.renewed());
        plane.made();
        assertTrue(proof.renewed());
    }

    @Test
    void sendersHaveProofsOfTheirOwn() {
        Proof other = new Proof(turns, () -> over);
        conductor.made();
        plane.made();
        assertTrue(proof.renewed());
        assertTrue(other.renewed());
    }

    @Test
    void aLongPieceOfWorkIsNoSilence() {
        conductor.made();
        plane.made();
        assertTrue(proof.renewed());
        plane.mayTake(1);
        conductor.made();
        assertTrue(proof.renewed());
        plane.asUsual();
        conductor.made();
        assertTrue(proof.renewed());
        conductor.made();
        assertFalse(proof.renewed());
    }

    @Test
    void aThreadThatIsAddedLaterCountsFromThenOn() {
        conductor.made();
        plane.made();
        assertTrue(proof.renewed());
        Turn third = new Turn("third");
        turns.add(third);
        conductor.made();
        plane.made();
        assertFalse(proof.renewed());
        third.made();
        assertTrue(proof.renewed());
    }

    @Test
    void nothingIsProvedAfterTheEnd() {
        conductor.made();
        plane.made();
        over = true;
        assertFalse(proof.renewed());
    }
}
