package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** How much a copy may bring in a time. */
class CopyRateTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000L;

    @Test
    void overAnyTimeNoMoreIsBroughtThanTheRateAllowsAndNotMuchLess() {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom dice = new SplittableRandom(seed);
            long rate = dice.nextLong(MIB / 2, 100 * MIB);
            CopyRate limited = new CopyRate(rate, 0);
            long now = 0;
            long brought = 0;
            while (now < 100 * SECOND) {
                now += dice.nextLong(SECOND / 5);
                while (limited.admits(now)) {
                    long piece = dice.nextLong(1, MIB + 1);
                    limited.brought(piece);
                    brought += piece;
                }
                long allowed = (long) ((double) rate * now / SECOND);
                String state = "seed " + seed + ": " + brought + " bytes by " + now + " ns at " + rate + " bytes/s";
                assertTrue(brought <= allowed + rate + MIB, state);
                assertTrue(brought >= allowed - rate, state);
            }
        }
    }

    @Test
    void whatWasNotUsedForLongerThanASecondIsNotMadeUpFor() {
        CopyRate limited = new CopyRate(10 * MIB, 0);
        assertTrue(limited.admits(3600 * SECOND));
        limited.brought(10 * MIB);
        assertFalse(limited.admits(3600 * SECOND));
        assertTrue(limited.admits(3600 * SECOND + 1_000));
    }

    @Test
    void withoutALimitEverythingMayGo() {
        CopyRate unlimited = new CopyRate(0, 0);
        unlimited.brought(1L << 50);
        assertTrue(unlimited.admits(0));
        assertEquals(0, unlimited.bytesPerSecond());
        assertThrows(IllegalArgumentException.class, () -> new CopyRate(-1, 0));
    }
}
