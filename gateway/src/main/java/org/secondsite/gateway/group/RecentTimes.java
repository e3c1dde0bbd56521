package org.secondsite.gateway.group;

import java.util.Arrays;

/** The last {@value #KEPT} of a series of durations. Conductor thread only. */
public final class RecentTimes {
    private static final int KEPT = 128;

    private final long[] nanos = new long[KEPT];
    private long count;

    void add(long durationNanos) {
        nanos[(int) (count++ % KEPT)] = durationNanos;
    }

    void clear() {
        count = 0;
    }

    /** They in ascending order, in nanoseconds. */
    public long[] sortedNanos() {
        long[] sorted = Arrays.copyOf(nanos, (int) Math.min(count, KEPT));
        Arrays.sort(sorted);
        return sorted;
    }
}
