package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class BlackHoleDoubtTest {
    private static final long MILLISECOND = 1_000_000L;
    private static final long END = 5_000 * MILLISECOND;

    private final BlackHoleDoubt doubt = new BlackHoleDoubt(1000);

    @Test
    void silenceWhileBeaconsComeIsABlackHole() {
        doubt.ended(ResetCode.SILENCE, true, END);
        assertTrue(doubt.isBlackHole(END - 80 * MILLISECOND));
    }

    @Test
    void aPeerThatIsTurnedAwayIsNone() {
        doubt.ended(ResetCode.HANDSHAKE, false, END);
        assertFalse(doubt.isBlackHole(END + 60 * MILLISECOND));
    }

    @Test
    void silenceOfEverythingIsNone() {
        doubt.ended(ResetCode.SILENCE, true, END);
        assertFalse(doubt.isBlackHole(END - 950 * MILLISECOND));
    }

    @Test
    void aPeerThatBreaksItOffAndLivesHadAReason() {
        doubt.ended(ResetCode.BROKEN, true, END);
        assertFalse(doubt.isBlackHole(END - MILLISECOND), "it may have died");
        assertTrue(doubt.isBlackHole(END + 60 * MILLISECOND));
    }

    @Test
    void afterAnOutageThatIsOverThereIsNone() {
        doubt.ended(ResetCode.SILENCE, true, END);
        doubt.ended(ResetCode.BROKEN, false, END + 600 * MILLISECOND);
        assertFalse(doubt.isBlackHole(END + 700 * MILLISECOND));
    }

    @Test
    void anOrderlyEndIsNone() {
        doubt.ended(ResetCode.SILENCE, true, END);
        doubt.ended(ResetCode.CLOSED, true, END + MILLISECOND);
        assertFalse(doubt.isBlackHole(END + 60 * MILLISECOND));
    }
}
