package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EstimatesTest {
    private static final long TENTH_NANOS = 100_000_000L;

    @Test
    void rfc6298Section2SmoothsTheRoundTrip() {
        RttEstimate rtt = new RttEstimate();
        assertEquals(0, rtt.smoothedNanos());
        rtt.sample(0);
        rtt.sample(-5);
        assertEquals(0, rtt.smoothedNanos(), "what is not positive says nothing");
        rtt.sample(800);
        assertEquals(800, rtt.smoothedNanos());
        assertEquals(400, rtt.deviationNanos());
        rtt.sample(1600);
        assertEquals(900, rtt.smoothedNanos());
        assertEquals(500, rtt.deviationNanos());
    }

    @Test
    void onlyASaturatedIntervalLowersTheRate() {
        RateEstimate rate = new RateEstimate();
        rate.sample(1_000_000, TENTH_NANOS, true);
        assertEquals(10_000_000, rate.bytesPerSecond());
        rate.sample(1000, TENTH_NANOS, false);
        assertEquals(10_000_000, rate.bytesPerSecond(), "there was nothing to send");
        for (int i = 0; i < 40; i++) {
            rate.sample(100_000, TENTH_NANOS, true);
        }
        assertTrue(Math.abs(rate.bytesPerSecond() - 1_000_000) < 1000, rate.bytesPerSecond() + " B/s");
        rate.sample(300_000, TENTH_NANOS, false);
        assertTrue(rate.bytesPerSecond() > 1_900_000, "more went through than was thought possible");
    }
}
