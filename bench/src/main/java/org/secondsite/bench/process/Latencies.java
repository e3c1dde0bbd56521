package org.secondsite.bench.process;

import java.util.Arrays;
import java.util.Locale;

/** Measured times, and their percentiles by rank. Not thread-safe. */
public final class Latencies {
    private long[] nanos = new long[1024];
    private int count;

    public void add(long took) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * count);
        }
        nanos[count++] = took;
    }

    public int count() {
        return count;
    }

    /** The smallest time that at least this share of all do not exceed, in milliseconds; 0 if there is none. */
    public double ms(double percent) {
        if (count == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(percent / 100 * count);
        return sorted[Math.max(0, rank - 1)] / 1e6;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "p50 %.2f ms, p99 %.2f ms, max %.2f ms (n = %d)", ms(50), ms(99), ms(100), count);
    }
}
