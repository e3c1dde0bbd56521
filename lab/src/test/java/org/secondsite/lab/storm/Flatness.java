package org.secondsite.lab.storm;

import java.util.Arrays;

/**
 * Whether a figure has stopped growing: what it is on average in the last quarter of a run, as a share of what it is in the third. The first
 * half may be as it likes: classes are loaded and compiled there, and memory is touched for the first time.
 *
 * @param third quarter's mean
 * @param last quarter's mean
 */
public record Flatness(double third, double last) {
    private static final int MIN_SAMPLES = 8;

    /**
     * Of samples in the order of time.
     *
     * @throws IllegalArgumentException if there are too few to tell
     */
    public static Flatness of(double... samples) {
        if (samples.length < MIN_SAMPLES) {
            throw new IllegalArgumentException(
                    samples.length + " samples say nothing, at least " + MIN_SAMPLES + " are needed");
        }
        int half = samples.length / 2;
        int quarter = half + (samples.length - half) / 2;
        return new Flatness(mean(samples, half, quarter), mean(samples, quarter, samples.length));
    }

    private static double mean(double[] samples, int from, int to) {
        return Arrays.stream(samples, from, to).average().orElseThrow();
    }

    /** By how much it has grown, as a share of what it was; negative if it has shrunk. */
    public double growth() {
        return third == 0 ? last == 0 ? 0 : Double.POSITIVE_INFINITY : last / third - 1;
    }

    @Override
    public String toString() {
        return "%.1f, then %.1f (%+.1f %%)".formatted(third, last, 100 * growth());
    }
}
