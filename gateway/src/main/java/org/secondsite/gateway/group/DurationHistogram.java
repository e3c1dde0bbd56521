package org.secondsite.gateway.group;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** All durations of a series since the start, in buckets; {@link RecentTimes} has the last ones exactly. Conductor thread only. */
public final class DurationHistogram {
    /** The upper bounds of the buckets, in milliseconds; one more is unbounded. */
    public static final List<Long> BOUNDS_MILLIS =
            List.of(1L, 2L, 5L, 10L, 20L, 50L, 100L, 200L, 500L, 1000L, 2000L, 5000L, 10_000L);

    private static final long[] BOUNDS_NANOS =
            BOUNDS_MILLIS.stream().mapToLong(TimeUnit.MILLISECONDS::toNanos).toArray();

    private final long[] counts = new long[BOUNDS_NANOS.length + 1];
    private long sumNanos;

    void add(long nanos) {
        int found = Arrays.binarySearch(BOUNDS_NANOS, nanos);
        counts[found < 0 ? -1 - found : found]++;
        sumNanos += nanos;
    }

    /** How many fell into each bucket, not cumulative; the last bucket is unbounded. */
    public long[] counts() {
        return counts.clone();
    }

    /** The sum of all, in nanoseconds. */
    public long sumNanos() {
        return sumNanos;
    }
}
