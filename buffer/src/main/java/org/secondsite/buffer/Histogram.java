package org.secondsite.buffer;

import java.util.ArrayList;
import java.util.List;

/**
 * A distribution of non-negative numbers in buckets whose bounds are 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20,
 * ...: four for each doubling, so that a quantile is at most 25% too high. One thread records, any may read;
 * recording costs a few instructions and no garbage.
 */
public final class Histogram {
    private static final int SUB_BITS = 2;
    private static final int BUCKETS = 64 << SUB_BITS;
    private static final int POWERS = 48;

    private final Tally[] counts = new Tally[BUCKETS];
    private final Tally max = new Tally();
    private final Tally sum = new Tally();

    /** An empty distribution. */
    public Histogram() {
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] = new Tally();
        }
    }

    /** Adds a value; a negative one counts as 0. */
    public void record(long value) {
        long counted = Math.max(0, value);
        sum.add(counted);
        counts[bucket(counted)].add(1);
        if (counted > max.get()) {
            max.set(counted);
        }
    }

    /** The figures of this moment. */
    public Summary summary() {
        long[] seen = new long[BUCKETS];
        long total = 0;
        for (int i = 0; i < BUCKETS; i++) {
            seen[i] = counts[i].get();
            total += seen[i];
        }
        long highest = max.get();
        return new Summary(
                total,
                sum.get(),
                quantile(seen, total, 0.5, highest),
                quantile(seen, total, 0.99, highest),
                highest,
                below(seen));
    }

    private static List<Long> below(long[] seen) {
        List<Long> below = new ArrayList<>(POWERS);
        long total = 0;
        int bucket = 0;
        for (int power = 0; power < POWERS; power++) {
            for (int end = bucket(1L << power); bucket < end; bucket++) {
                total += seen[bucket];
            }
            below.add(total);
        }
        return List.copyOf(below);
    }

    private static long quantile(long[] seen, long total, double share, long highest) {
        long rank = (long) Math.ceil(total * share);
        long below = 0;
        for (int i = 0; i < seen.length && total > 0; i++) {
            below += seen[i];
            if (below >= rank) {
                return Math.min(upperBound(i), highest);
            }
        }
        return highest;
    }

    static int bucket(long value) {
        if (value < 1 << (SUB_BITS + 1)) {
            return (int) value;
        }
        int shift = 63 - Long.numberOfLeadingZeros(value) - SUB_BITS;
        return (shift << SUB_BITS) + (int) (value >>> shift);
    }

    /** The largest value of a bucket. */
    static long upperBound(int bucket) {
        if (bucket < 1 << (SUB_BITS + 1)) {
            return bucket;
        }
        int shift = (bucket >> SUB_BITS) - 1;
        long lowest = (long) ((bucket & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS)) << shift;
        return lowest + (1L << shift) - 1;
    }

    /**
     * A distribution in a few numbers, of the unit that was recorded.
     *
     * @param count how many values there were
     * @param sum their sum
     * @param p50 half of them are at most this; 0 when there are none
     * @param p99 99 of 100 are at most this
     * @param max the largest, exact
     * @param below how many are below 1, 2, 4, 8, … 2<sup>47</sup>
     */
    public record Summary(long count, long sum, long p50, long p99, long max, List<Long> below) {
        /** No values. */
        public static final Summary EMPTY = new Histogram().summary();

        /** Copies the list. */
        public Summary {
            below = List.copyOf(below);
        }
    }
}
