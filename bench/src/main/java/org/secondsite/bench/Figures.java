package org.secondsite.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Arithmetic and notation of figures. */
public final class Figures {
    private Figures() {}

    /** The middle one; the mean of the middle two for an even number; NaN for none. */
    public static double median(List<Double> samples) {
        double[] sorted =
                samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The value that half of them do not exceed; 0 for none. Sorts {@code values}. */
    public static long p50(long[] values) {
        Arrays.sort(values);
        return values.length == 0 ? 0 : values[(values.length - 1) / 2];
    }

    /** Three digits that matter, with k, M or G behind them from a thousand on. */
    public static String text(double figure) {
        if (Double.isNaN(figure)) {
            return "-";
        }
        double size = Math.abs(figure);
        if (size >= 1e9) {
            return String.format(Locale.ROOT, "%.2fG", figure / 1e9);
        }
        if (size >= 1e6) {
            return String.format(Locale.ROOT, "%.2fM", figure / 1e6);
        }
        if (size >= 1e4) {
            return String.format(Locale.ROOT, "%.0fk", figure / 1e3);
        }
        if (figure == Math.rint(figure)) {
            return String.format(Locale.ROOT, "%.0f", figure);
        }
        return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", figure);
    }
}
