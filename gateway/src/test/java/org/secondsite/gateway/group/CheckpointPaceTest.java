package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class CheckpointPaceTest {
    private static final long MS = 1_000_000;
    private static final long RTT = 100 * MS;
    private static final int MIN_MS = 50;
    private static final int MAX_MS = 800;

    /** A VM whose working set is dirtied anew in a time, and a line that carries it at a rate. Time is virtual. */
    private static final class Line {
        private static final int WINDOW = 16;

        private record Epoch(EpochId id, long committedNanos) {}

        private final CheckpointPace pace = new CheckpointPace(MIN_MS, MAX_MS);
        private final Deque<Epoch> onTheWay = new ArrayDeque<>();
        private double bytesPerMs;
        private long now;
        private long lineFree;
        private long number;

        Line(double bytesPerMs) {
            this.bytesPerMs = bytesPerMs;
            pace.chainBegins();
            seal(100_000_000);
            now += 5000 * MS;
        }

        private void seal(double bytes) {
            EpochId id = new EpochId(3, ++number);
            pace.sealed(id, now, RTT);
            lineFree = Math.max(lineFree, now) + (long) (bytes / bytesPerMs * MS);
            onTheWay.addLast(new Epoch(id, lineFree + RTT));
        }

        /** A VM that writes so much in a millisecond, into so many bytes at most. */
        void run(long ms, double dirtyPerMs, double workingSet) {
            long end = now + ms * MS;
            while (now < end) {
                while (!onTheWay.isEmpty() && onTheWay.getFirst().committedNanos() <= now) {
                    Epoch epoch = onTheWay.removeFirst();
                    pace.committed(epoch.id(), epoch.committedNanos(), RTT);
                }
                if (onTheWay.size() < WINDOW) {
                    seal(Math.min(workingSet, dirtyPerMs * pace.intervalMs()));
                }
                now += pace.intervalMs() * MS;
            }
        }
    }

    @Test
    void keepsTheWishedIntervalWhileTheLineKeepsUp() {
        Line line = new Line(100_000);
        line.run(60_000, 20_000, 4_000_000);
        assertEquals(MIN_MS, line.pace.intervalMs());
    }

    @Test
    void stretchesUntilCoalescedEpochsFitAndComesBackWhenTheLineDoes() {
        Line line = new Line(10_000);
        line.run(60_000, 40_000, 3_000_000);
        int stretched = line.pace.intervalMs();
        assertTrue(stretched >= 250 && stretched < MAX_MS, "4 MB in 100 ms want 300 ms to pass: " + stretched);
        assertTrue(line.lineFree - line.now < 2000 * MS, "the queue is bounded");
        line.bytesPerMs = 1_000_000;
        line.run(120_000, 40_000, 3_000_000);
        assertEquals(MIN_MS, line.pace.intervalMs());
    }

    @Test
    void staysWithinItsBoundsAndTellsTheLagWhenNothingHelps() {
        Line line = new Line(10_000);
        line.run(60_000, 40_000, 1e12);
        assertEquals(MAX_MS, line.pace.intervalMs());
        assertTrue(line.pace.lagNanos(line.now) > 10_000 * MS);
    }

    @Test
    void tellsTheAgeOfAnEpochThatWaitsForItsCommit() {
        CheckpointPace pace = new CheckpointPace(MIN_MS, MAX_MS);
        EpochId first = new EpochId(3, 1);
        EpochId second = new EpochId(3, 2);
        var _ = pace.sealed(first, 10 * MS, RTT);
        var _ = pace.sealed(second, 60 * MS, RTT);
        assertEquals(OptionalLong.of(60 * MS), pace.sinceSealNanos(first, 70 * MS));
        assertEquals(OptionalLong.of(10 * MS), pace.sinceSealNanos(second, 70 * MS));
        var _ = pace.committed(first, 80 * MS, RTT);
        assertEquals(OptionalLong.empty(), pace.sinceSealNanos(first, 90 * MS));
        pace.chainBegins();
        assertEquals(OptionalLong.empty(), pace.sinceSealNanos(second, 90 * MS));
    }

    @Test
    void aFullImageAndWhatQueuedBehindItChangesNothing() {
        CheckpointPace pace = new CheckpointPace(MIN_MS, MAX_MS);
        pace.chainBegins();
        for (int number = 1; number <= 9; number++) {
            assertTrue(
                    pace.sealed(new EpochId(3, number), number * 50L * MS, RTT).isEmpty());
        }
        assertEquals(0, pace.lagNanos(5000 * MS), "nothing is held before the image is there");
        for (int number = 1; number <= 9; number++) {
            assertTrue(pace.committed(new EpochId(3, number), 9000 * MS, RTT).isEmpty());
        }
        assertEquals(MIN_MS, pace.intervalMs());
        assertEquals(0, pace.lagNanos(9000 * MS));
    }

    @Test
    void otherBoundsMoveAnIntervalNoFartherThanTheyMust() {
        CheckpointPace shortest = new CheckpointPace(100, 1000);
        assertEquals(OptionalInt.of(50), shortest.bounds(50, 500, 1), "one at the shortest stays there");
        assertEquals(OptionalInt.of(200), shortest.bounds(200, 500, 2));
        assertEquals(OptionalInt.empty(), shortest.bounds(200, 300, 3));
        assertEquals(200, shortest.intervalMs());
    }
}
