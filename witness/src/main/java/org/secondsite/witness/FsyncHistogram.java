package org.secondsite.witness;

import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** How long it took to force the log to the disk, in buckets. Thread-safe, without locks. */
public final class FsyncHistogram {
    /** The upper bounds of the buckets, in microseconds; one more is unbounded. */
    public static final List<Long> BOUNDS_MICROS =
            List.of(250L, 500L, 1_000L, 2_500L, 5_000L, 10_000L, 25_000L, 50_000L, 100_000L, 250_000L, 1_000_000L);

    private final AtomicLongArray counts = new AtomicLongArray(BOUNDS_MICROS.size() + 1);
    private final LongAdder sumNanos = new LongAdder();

    /** Nothing was forced yet. */
    public FsyncHistogram() {}

    /** One force took so long. */
    public void took(long nanos) {
        int bucket = 0;
        while (bucket < BOUNDS_MICROS.size() && nanos > BOUNDS_MICROS.get(bucket) * 1000) {
            bucket++;
        }
        counts.incrementAndGet(bucket);
        sumNanos.add(nanos);
    }

    /** How many forces took at most the bound of the bucket, cumulative; the last is the number of all. */
    public long atMost(int bucket) {
        long sum = 0;
        for (int i = 0; i <= bucket; i++) {
            sum += counts.get(i);
        }
        return sum;
    }

    /** How many there were. */
    public long count() {
        return atMost(BOUNDS_MICROS.size());
    }

    /** How long they took together, in microseconds. */
    public long sumMicros() {
        return sumNanos.sum() / 1000;
    }
}
