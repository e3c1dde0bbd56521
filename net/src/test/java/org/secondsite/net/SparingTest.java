package org.secondsite.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SparingTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void aFewAreToldAtOnceThenOneASecondAndTheRestIsCounted() {
        Sparing<String> sparing = new Sparing<>();
        assertEquals(10, told(sparing, "garbage", 1000, 5 * SECOND));
        assertEquals(990, sparing.takeUntold("garbage"));
        assertEquals(0, sparing.takeUntold("garbage"));
        assertEquals(1, told(sparing, "garbage", 1000, 6 * SECOND));
        assertEquals(10, told(sparing, "silence", 20, 6 * SECOND), "each kind by itself");
        assertEquals(10, told(sparing, "garbage", 1000, 60 * SECOND), "never more than a few");
    }

    @Test
    void aFloodOfAMinuteIsAMinutesWorthOfLines() {
        Sparing<String> sparing = new Sparing<>();
        long told = 0;
        for (long now = 0; now < 60 * SECOND; now += SECOND / 1000) {
            told += sparing.mayTell("garbage", now) ? 1 : 0;
        }
        assertTrue(told >= 69 && told <= 70, told + " told");
    }

    private static int told(Sparing<String> sparing, String kind, int times, long nowNanos) {
        int told = 0;
        for (int i = 0; i < times; i++) {
            told += sparing.mayTell(kind, nowNanos) ? 1 : 0;
        }
        return told;
    }
}
