package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
    @Test
    void everyValueIsWithinItsBucketAndBucketsFollowEachOther() {
        Random random = new Random(5);
        for (int i = 0; i < 100_000; i++) {
            long value = random.nextLong() >>> (1 + random.nextInt(63));
            int bucket = Histogram.bucket(value);
            assertTrue(value <= Histogram.upperBound(bucket), () -> "value " + value);
            assertTrue(bucket == 0 || value > Histogram.upperBound(bucket - 1), () -> "value " + value);
        }
    }

    @Test
    void quantilesAreAtMostAQuarterTooHigh() {
        Random random = new Random(6);
        long[] values = random.longs(10_000, 0, 1_000_000).toArray();
        Histogram histogram = new Histogram();
        for (long value : values) {
            histogram.record(value);
        }
        Arrays.sort(values);
        Histogram.Summary summary = histogram.summary();
        assertEquals(10_000, summary.count());
        assertEquals(values[9999], summary.max());
        assertTrue(summary.p50() >= values[4999] && summary.p50() <= values[4999] * 1.25, summary.toString());
        assertTrue(summary.p99() >= values[9899] && summary.p99() <= values[9899] * 1.25, summary.toString());
    }

    @Test
    void emptyIsZeroAndNegativeCountsAsZero() {
        Histogram histogram = new Histogram();
        assertEquals(Histogram.Summary.EMPTY, histogram.summary());
        histogram.record(-5);
        assertEquals(
                new Histogram.Summary(1, 0, 0, 0, 0, Collections.nCopies(48, 1L)),
                histogram.summary(),
                "one that is below every power of two");
    }

    @Test
    void countsBelowPowersOfTwoAreExact() {
        Histogram histogram = new Histogram();
        long[] values = new Random(5).longs(5000, 0, 1 << 20).toArray();
        long sum = 0;
        for (long value : values) {
            histogram.record(value);
            sum += value;
        }
        Histogram.Summary summary = histogram.summary();
        assertEquals(sum, summary.sum());
        for (int power = 0; power < summary.below().size(); power++) {
            long bound = 1L << power;
            assertEquals(
                    Arrays.stream(values).filter(value -> value < bound).count(),
                    summary.below().get(power),
                    "below " + bound);
        }
    }
}
