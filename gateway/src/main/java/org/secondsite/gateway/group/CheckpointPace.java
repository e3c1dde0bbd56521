package org.secondsite.gateway.group;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.secondsite.config.EpochId;

/**
 * How often a VM is checkpointed: as often as is wished while the way to the standby keeps up, less often when epochs begin to
 * queue. What a VM changes twice within an epoch is sent once, so a longer interval is fewer bytes.
 *
 * <p>An epoch that waits for nothing is committed a round trip and its own transfer after its seal. What is more than that is
 * queueing. Whenever the oldest epoch without a commit has queued for more than two intervals, the interval grows by a
 * quarter, at most once in an interval and a round trip. When an epoch that was sealed under the present interval is committed
 * within half an interval and a round trip, the interval shrinks by a sixteenth. Between the two it rests. What
 * queued behind a full image counts from that image's commit.
 *
 * <p>Pure: times are passed in, in nanoseconds of any monotonic clock. Not thread-safe.
 */
public final class CheckpointPace {
    private static final long NANOS_PER_MS = 1_000_000;

    private record Sealed(EpochId epoch, long nanoTime) {}

    private int minMs;
    private int maxMs;
    private final Deque<Sealed> uncommitted = new ArrayDeque<>();
    private int intervalMs;
    private boolean imageCommitted;
    private long imageNanos;
    private long changedNanos;
    private long latencyNanos;

    /**
     * A pace at its shortest interval.
     *
     * @param minMs the wished interval
     * @param maxMs the longest one, not below {@code minMs}
     */
    public CheckpointPace(int minMs, int maxMs) {
        this.minMs = minMs;
        this.maxMs = Math.max(minMs, maxMs);
        this.intervalMs = minMs;
    }

    /**
     * Other bounds from now on. An interval at the lower one stays there, another moves no farther than it must.
     *
     * @param newMinMs the wished interval
     * @param newMaxMs the longest one, not below {@code newMinMs}
     * @return the new interval in milliseconds, if it changes
     */
    public OptionalInt bounds(int newMinMs, int newMaxMs, long now) {
        boolean shortest = intervalMs == minMs;
        minMs = newMinMs;
        maxMs = Math.max(newMinMs, newMaxMs);
        return change(shortest ? minMs : Math.clamp(intervalMs, minMs, maxMs), now);
    }

    /** A chain begins: what was sealed before will not be committed. The interval stays. */
    public void chainBegins() {
        uncommitted.clear();
        imageCommitted = false;
        latencyNanos = 0;
    }

    /**
     * An epoch is sealed.
     *
     * @param roundTripNanos the way's, 0 if not known
     * @return the new interval in milliseconds, if it changes
     */
    public OptionalInt sealed(EpochId epoch, long now, long roundTripNanos) {
        uncommitted.addLast(new Sealed(epoch, now));
        boolean due = now - changedNanos >= roundTripNanos + intervalMs * NANOS_PER_MS;
        if (due && lagNanos(now) - roundTripNanos > 2L * intervalMs * NANOS_PER_MS) {
            return change(Math.min(maxMs, intervalMs + Math.max(1, intervalMs / 4)), now);
        }
        return OptionalInt.empty();
    }

    /**
     * The standby holds an epoch and those before it.
     *
     * @param roundTripNanos the way's, 0 if not known
     * @return the new interval in milliseconds, if it changes
     */
    public OptionalInt committed(EpochId epoch, long now, long roundTripNanos) {
        Sealed sealed = null;
        while (!uncommitted.isEmpty() && uncommitted.getFirst().epoch().atMost(epoch)) {
            sealed = uncommitted.removeFirst();
        }
        if (sealed == null) {
            return OptionalInt.empty();
        }
        latencyNanos = now - sealed.nanoTime();
        if (!imageCommitted) {
            imageCommitted = true;
            imageNanos = now;
            changedNanos = now;
            return OptionalInt.empty();
        }
        boolean says = sealed.nanoTime() - changedNanos >= 0;
        if (says && 2 * (latencyNanos - roundTripNanos) < intervalMs * NANOS_PER_MS) {
            return change(Math.max(minMs, intervalMs - Math.max(1, intervalMs / 16)), now);
        }
        return OptionalInt.empty();
    }

    private OptionalInt change(int wantedMs, long now) {
        if (wantedMs == intervalMs) {
            return OptionalInt.empty();
        }
        intervalMs = wantedMs;
        changedNanos = now;
        return OptionalInt.of(wantedMs);
    }

    /** The interval, in milliseconds. */
    public int intervalMs() {
        return intervalMs;
    }

    /** How long ago an epoch was sealed that waits for its commit; empty if it does not. */
    public OptionalLong sinceSealNanos(EpochId epoch, long now) {
        for (Sealed sealed : uncommitted) {
            if (sealed.epoch().equals(epoch)) {
                return OptionalLong.of(now - sealed.nanoTime());
            }
        }
        return OptionalLong.empty();
    }

    /** From seal to commit of the last committed epoch, 0 if there is none in this chain. */
    public long latencyNanos() {
        return latencyNanos;
    }

    /** How long the oldest epoch has waited for its commit since the chain's image was committed; 0 if none waits. */
    public long lagNanos(long now) {
        if (!imageCommitted || uncommitted.isEmpty()) {
            return 0;
        }
        long sealedNanos = uncommitted.getFirst().nanoTime();
        return now - (sealedNanos - imageNanos < 0 ? imageNanos : sealedNanos);
    }
}
