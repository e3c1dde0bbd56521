package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A large epoch on a simulated way: a narrowest place with a queue that never loses anything, and a clock of its own. */
class BulkWindowTest {
    private static final long MILLIS = 1_000_000;
    private static final long SECONDS = 1000 * MILLIS;
    private static final int FRAME = TunnelFrame.MAX_PAYLOAD_BYTES;
    private static final long TICK = MILLIS / 10;

    private final BulkWindow window = new BulkWindow();
    private final Deque<Question> questions = new ArrayDeque<>();
    private long now;
    private double bytesPerSecond;
    private long roundTrip;
    private long freeAt;
    private long unasked;
    private double others;
    private long nextHeartbeat;
    private final Deque<long[]> heartbeats = new ArrayDeque<>();

    private record Question(long sent, long back, long bytes) {}

    /** What happened in a while: bytes of the large epoch that arrived, and the longest wait in the queue. */
    private record While(long bytes, long mostWaitingMs) {}

    @ParameterizedTest
    @CsvSource({"10, 1", "10, 100", "100, 1", "100, 20", "100, 200", "1000, 0.2", "1000, 20", "1000, 100", "1000, 200"})
    void theWayIsFilledAndTheQueueStaysShort(int megabits, double roundTripMs) {
        way(megabits, roundTripMs);
        run(5, true);
        While later = run(60, true);
        long leastMs = (long) (BulkWindow.MIN_BYTES / bytesPerSecond * 1000); // two frames are always let go
        double wanted = leastMs > BulkWindow.TARGET_MS && leastMs < roundTripMs + BulkWindow.TARGET_MS ? 0.65 : 0.9;
        assertTrue(share(later, 60) >= wanted, () -> share(later, 60) + " of the way");
        assertTrue(later.mostWaitingMs() <= 2 * BulkWindow.TARGET_MS + leastMs, later::toString);
    }

    @Test
    void theFirstSecondsFillNoQueueForLong() {
        way(1000, 100);
        While first = run(3, true);
        assertTrue(
                first.mostWaitingMs() <= 60,
                first::toString); // a quarter of a round trip, until the first answer tells
        While then = run(3, true);
        assertTrue(then.mostWaitingMs() <= 2 * BulkWindow.TARGET_MS, then::toString);
    }

    @Test
    void itGivesWayToOthersAndTakesWhatTheyLeave() {
        way(100, 20);
        run(5, true);
        others = 0.8;
        run(3, true);
        While beside = run(20, true);
        assertTrue(beside.mostWaitingMs() <= 3 * BulkWindow.TARGET_MS, beside::toString);
        assertTrue(share(beside, 20) > 0.1 && share(beside, 20) < 0.21, () -> share(beside, 20) + " of the way");
        others = 0;
        run(3, true);
        While alone = run(20, true);
        assertTrue(share(alone, 20) > 0.85, () -> share(alone, 20) + " of the way");
    }

    @Test
    void aLongerWayIsTakenForWaitingOnlyForAWhile() {
        way(100, 20);
        run(5, true);
        roundTrip = 150 * MILLIS;
        While first = run(5, true);
        assertTrue(share(first, 5) < 0.5, () -> share(first, 5) + " of the way: it did not matter");
        run(40, true);
        While later = run(20, true);
        assertTrue(share(later, 20) > 0.8, () -> share(later, 20) + " of the way");
    }

    @Test
    void afterALongPauseTheWayIsTriedAnew() {
        way(1000, 20);
        run(5, true);
        assertTrue(window.bytes() > 1 << 20, () -> window.bytes() + " bytes");
        run(30, false);
        long before = window.bytes();
        window.sent(FRAME, now);
        assertTrue(window.bytes() < before, () -> window.bytes() + " bytes");
    }

    @Test
    void howeverSlowTheWayIsALargeEpochGoesOn() {
        for (int i = 0; i < 40; i++) {
            window.sent(FRAME, now);
            long roundTrip = i < 5 ? MILLIS : SECONDS / 2; // worse and worse
            now += roundTrip;
            window.arrived(FRAME, roundTrip, now);
        }
        assertEquals(BulkWindow.MIN_BYTES, window.bytes());
        assertEquals(0, window.waitNanos(now));
        for (long onTheWay = 0; onTheWay < BulkWindow.MIN_BYTES; onTheWay += FRAME) {
            window.sent(FRAME, now);
        }
        assertEquals(Long.MAX_VALUE, window.waitNanos(now));
    }

    private void way(int megabits, double roundTripMs) {
        bytesPerSecond = megabits * 1e6 / 8;
        roundTrip = (long) (roundTripMs * MILLIS);
        now = 1000 * SECONDS;
        freeAt = now;
    }

    private double share(While what, int seconds) {
        return what.bytes() / (bytesPerSecond * seconds);
    }

    /** Runs for so many seconds, with more of a large epoch to send or without. */
    private While run(int seconds, boolean large) {
        long end = now + seconds * SECONDS;
        long arrived = 0;
        long most = 0;
        for (; now < end; now += TICK) {
            freeAt = Math.max(freeAt, now) + (long) (others * TICK);
            while (!questions.isEmpty() && questions.peekFirst().back() <= now) {
                Question answered = questions.removeFirst();
                arrived += answered.bytes();
                window.arrived(answered.bytes(), now - answered.sent(), now);
            }
            heartbeat();
            while (large && window.waitNanos(now) == 0) {
                boolean ask = window.sent(FRAME, now);
                freeAt = Math.max(freeAt, now) + (long) (FRAME / bytesPerSecond * SECONDS);
                unasked += FRAME;
                if (ask) {
                    questions.addLast(new Question(now, freeAt + roundTrip, unasked));
                    unasked = 0;
                }
            }
            most = Math.max(most, freeAt - now);
        }
        return new While(arrived, most / MILLIS);
    }

    private void heartbeat() {
        if (now >= nextHeartbeat) {
            nextHeartbeat = now + 100 * MILLIS;
            heartbeats.addLast(new long[] {now, freeAt + roundTrip});
        }
        while (!heartbeats.isEmpty() && heartbeats.peekFirst()[1] <= now) {
            window.roundTrip(now - heartbeats.removeFirst()[0], now);
        }
    }
}
