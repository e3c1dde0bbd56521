package org.secondsite.gateway.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureDetectorTest {
    private static final long MS = 1_000_000;
    private static final long PERIOD = 50 * MS;
    private static final long MINIMUM = 200 * MS;
    private static final long MAXIMUM = 280 * MS;
    private static final long DUTY_CYCLE = 40 * MS;
    private static final long CALL_EVERY = 10 * MS;

    private long now = -5 * MS;
    private final FailureDetector detector = new FailureDetector(PERIOD, MINIMUM, MAXIMUM, DUTY_CYCLE, now);

    private boolean watchFor(long nanos) {
        boolean suspected = false;
        for (long end = now + nanos; now < end; ) {
            now += CALL_EVERY;
            suspected |= detector.suspected(now);
        }
        return suspected;
    }

    private void steadyHeartbeats(int count) {
        for (int i = 0; i < count; i++) {
            assertFalse(watchFor(PERIOD));
            detector.heard(now);
        }
    }

    @Test
    void regularPeerIsSuspectedAfterTheMinimum() {
        steadyHeartbeats(100);
        assertEquals(MINIMUM, detector.limitNanos());
        assertFalse(watchFor(MINIMUM));
        assertTrue(watchFor(CALL_EVERY));
        assertEquals("silent for 210 ms, limit 200 ms (period 50.0 ms ± 0.0)", detector.explain());
    }

    @Test
    void otherBoundsCountAtOnceAndForgetNothing() {
        steadyHeartbeats(100);
        assertFalse(watchFor(MINIMUM));
        detector.set(new FailureDetector.Bounds(PERIOD, 2 * MINIMUM, 2 * MAXIMUM, DUTY_CYCLE));
        assertFalse(watchFor(MINIMUM), "the silence so far counts");
        assertTrue(watchFor(CALL_EVERY));
        detector.set(new FailureDetector.Bounds(PERIOD, MINIMUM, MAXIMUM, DUTY_CYCLE));
        detector.heard(now);
        assertFalse(watchFor(MINIMUM));
        assertTrue(detector.explain().contains("limit"), detector.explain());
    }

    @Test
    void peerThatWasNeverHeardIsSuspectedAfterTheMaximum() {
        assertFalse(watchFor(MAXIMUM));
        assertTrue(watchFor(CALL_EVERY));
    }

    @Test
    void heardAgainIsNotSuspected() {
        steadyHeartbeats(10);
        assertTrue(watchFor(400 * MS));
        detector.heard(now);
        assertFalse(detector.suspected(now));
    }

    @Test
    void irregularPeerGetsMoreTimeUpToTheMaximum() {
        for (int i = 0; i < 50; i++) {
            watchFor(i % 2 == 0 ? 30 * MS : 120 * MS);
            detector.heard(now);
        }
        assertEquals(MAXIMUM, detector.limitNanos());
    }

    @Test
    void ownPauseIsNotThePeersSilence() {
        steadyHeartbeats(20);
        now += 30_000 * MS;
        assertFalse(detector.suspected(now));
        assertTrue(detector.silenceNanos() <= DUTY_CYCLE);
        assertFalse(watchFor(MINIMUM - DUTY_CYCLE));
        assertTrue(watchFor(DUTY_CYCLE));
    }

    @Test
    void trafficBetweenHeartbeatsDoesNotMakeImpatient() {
        for (int i = 0; i < 1000; i++) {
            now += MS / 10;
            detector.heard(now);
        }
        steadyHeartbeats(5);
        assertTrue(detector.explain().contains("period 50.0 ms"), detector.explain());
    }

    @Test
    void timeThatGoesBackCountsAsStanding() {
        steadyHeartbeats(3);
        assertFalse(detector.suspected(now - 1_000_000 * MS));
        assertFalse(watchFor(MINIMUM));
    }

    @Test
    void contradictoryBoundsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FailureDetector(50, 99, 300, 10, 0));
        assertThrows(IllegalArgumentException.class, () -> new FailureDetector(50, 200, 199, 10, 0));
        assertThrows(IllegalArgumentException.class, () -> new FailureDetector(50, 200, 300, 101, 0));
        assertThrows(IllegalArgumentException.class, () -> new FailureDetector(50, 200, 300, 0, 0));
    }

    /** Ten minutes of a busy machine on both sides, one heartbeat in a thousand lost; then death. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void busyMachineIsNotSuspectedAndDeathIsWithin300Ms(long seed) {
        Random random = new Random(seed);
        long nextHeartbeat = now + PERIOD;
        long lastArrival = now;
        for (long end = now + 600_000 * MS; now < end; ) {
            now += CALL_EVERY + busy(random);
            while (nextHeartbeat <= now) {
                if (random.nextInt(1000) > 0) {
                    lastArrival = now;
                    detector.heard(now);
                }
                nextHeartbeat += PERIOD + busy(random) / 2;
            }
            assertFalse(detector.suspected(now), () -> "seed " + seed + ": " + detector.explain());
        }
        long died = lastArrival;
        while (!detector.suspected(now)) {
            now += CALL_EVERY;
        }
        assertTrue(now - died <= 300 * MS, "seed " + seed + ": " + (now - died) / MS + " ms");
    }

    /** A thousand peers on busy machines, each dead at another moment between two heartbeats: the time from the death itself. */
    @Test
    void deathIsSuspectedWithin300MsAtThe99thPercentile() {
        long[] took = new long[1000];
        for (int seed = 0; seed < took.length; seed++) {
            Random random = new Random(seed);
            long time = 0;
            FailureDetector watching = new FailureDetector(PERIOD, MINIMUM, MAXIMUM, DUTY_CYCLE, time);
            long death = 5_000 * MS + random.nextLong(PERIOD);
            long nextHeartbeat = PERIOD;
            do {
                time += CALL_EVERY / 2 + busy(random);
                while (nextHeartbeat <= Math.min(time, death)) {
                    watching.heard(time);
                    nextHeartbeat += PERIOD + busy(random) / 2;
                }
            } while (!watching.suspected(time));
            assertTrue(time > death, "seed " + seed + " was suspected alive");
            took[seed] = time - death;
        }
        Arrays.sort(took);
        assertTrue(took[989] <= 300 * MS, took[989] / MS + " ms");
    }

    /** Mostly a millisecond or two, one time in a hundred up to 60 ms. */
    private static long busy(Random random) {
        return random.nextInt(100) == 0 ? random.nextLong(60 * MS) : random.nextLong(2 * MS);
    }
}
