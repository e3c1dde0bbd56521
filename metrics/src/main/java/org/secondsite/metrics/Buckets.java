package org.secondsite.metrics;

import java.util.List;
import java.util.stream.LongStream;

/**
 * A distribution, in the base unit of its metric.
 *
 * @param bounds the upper bounds of the buckets, ascending; one more bucket, the last, is unbounded
 * @param counts how many values fell into each bucket, not cumulative, one more than bounds
 * @param sum the sum of all values
 */
public record Buckets(List<Double> bounds, List<Long> counts, double sum) implements MetricTable.Value {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if there is not one count more than bounds
     */
    public Buckets {
        bounds = List.copyOf(bounds);
        counts = List.copyOf(counts);
        if (counts.size() != bounds.size() + 1) {
            throw new IllegalArgumentException(counts.size() + " counts for " + bounds.size() + " bounds");
        }
    }

    /** Buckets counted in a smaller unit, {@code perUnit} of which are one of the metric's. */
    public static Buckets of(List<Long> bounds, long[] counts, double sum, double perUnit) {
        return new Buckets(
                bounds.stream().map(bound -> bound / perUnit).toList(),
                LongStream.of(counts).boxed().toList(),
                sum / perUnit);
    }
}
