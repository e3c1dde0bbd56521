package org.secondsite.replicator.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/**
 * What a replay measured. Ratios are sums over checkpoints: bytes of the recording per byte on the wire, frame headers
 * included. The full image at the beginning is counted by itself.
 *
 * @param image the full image
 * @param checkpoints the checkpoints in order
 */
public record ReplayReport(Measured image, List<Measured> checkpoints) {
    /**
     * One epoch.
     *
     * @param pages its pages
     * @param recordedBytes what it took in the recording
     * @param plainBytes pages that are not zero, and device state
     * @param codedBytes what it takes on the wire
     * @param encodeNanos processor time of the encoding
     * @param decodeNanos processor time of the decoding, checksum included
     */
    public record Measured(
            int pages, long recordedBytes, long plainBytes, long codedBytes, long encodeNanos, long decodeNanos) {}

    /** Sums over checkpoints. */
    public record Sum(
            int count, long recordedBytes, long plainBytes, long codedBytes, long encodeNanos, long decodeNanos) {
        /** Recorded bytes per coded byte. */
        public double ratio() {
            return (double) recordedBytes / codedBytes;
        }

        /** Plain bytes per nanosecond of encoding, which is GB/s. */
        public double encodeGigabytesPerSecond() {
            return (double) plainBytes / encodeNanos;
        }

        /** Plain bytes per nanosecond of decoding. */
        public double decodeGigabytesPerSecond() {
            return (double) plainBytes / decodeNanos;
        }
    }

    /** A checkpoint with so many times the bytes of the smallest one is one of the busy half. */
    private static final int BUSY_FACTOR = 5;

    /** Copies the list. */
    public ReplayReport {
        checkpoints = List.copyOf(checkpoints);
    }

    /** The checkpoints of the guest at rest; the first one, which follows the image, is left out. */
    public Sum idle() {
        return sum(false);
    }

    /** The checkpoints of the guest at work. */
    public Sum busy() {
        return sum(true);
    }

    /**
     * Of several replays of one recording, the median times of each epoch; one replay alone measures a machine that is not
     * warm yet.
     *
     * @throws IllegalArgumentException if there is none, or they are not of one recording
     */
    public static ReplayReport median(List<ReplayReport> replays) {
        if (replays.isEmpty()
                || replays.stream()
                                .mapToInt(each -> each.checkpoints.size())
                                .distinct()
                                .count()
                        != 1) {
            throw new IllegalArgumentException("not replays of one recording");
        }
        List<Measured> medians = new ArrayList<>();
        for (int i = 0; i < replays.getFirst().checkpoints.size(); i++) {
            int at = i;
            medians.add(middle(
                    replays.stream().map(each -> each.checkpoints.get(at)).toList()));
        }
        return new ReplayReport(middle(replays.stream().map(ReplayReport::image).toList()), medians);
    }

    private static Measured middle(List<Measured> same) {
        Measured any = same.getFirst();
        return new Measured(
                any.pages,
                any.recordedBytes,
                any.plainBytes,
                any.codedBytes,
                middle(same, Measured::encodeNanos),
                middle(same, Measured::decodeNanos));
    }

    private static long middle(List<Measured> same, ToLongFunction<Measured> time) {
        long[] sorted = same.stream().mapToLong(time).sorted().toArray();
        return sorted[(sorted.length - 1) / 2];
    }

    /** The full image, in the same form. */
    public Sum imageSum() {
        return new Sum(
                1, image.recordedBytes, image.plainBytes, image.codedBytes, image.encodeNanos, image.decodeNanos);
    }

    private Sum sum(boolean busy) {
        long smallest =
                checkpoints.stream().mapToLong(Measured::recordedBytes).min().orElse(0);
        List<Measured> chosen = new ArrayList<>();
        for (int i = 1; i < checkpoints.size(); i++) {
            if (checkpoints.get(i).recordedBytes() > BUSY_FACTOR * smallest == busy) {
                chosen.add(checkpoints.get(i));
            }
        }
        return new Sum(
                chosen.size(),
                chosen.stream().mapToLong(Measured::recordedBytes).sum(),
                chosen.stream().mapToLong(Measured::plainBytes).sum(),
                chosen.stream().mapToLong(Measured::codedBytes).sum(),
                chosen.stream().mapToLong(Measured::encodeNanos).sum(),
                chosen.stream().mapToLong(Measured::decodeNanos).sum());
    }

    /** A table for people. */
    public String table() {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                Locale.ROOT,
                "%-8s %6s %14s %12s %9s %12s %12s%n",
                "",
                "epochs",
                "recorded B",
                "on wire B",
                "ratio",
                "encode GB/s",
                "decode GB/s"));
        line(text, "image", imageSum());
        line(text, "idle", idle());
        line(text, "busy", busy());
        return text.toString();
    }

    private static void line(StringBuilder text, String name, Sum sum) {
        if (sum.count() > 0) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-8s %6d %14d %12d %9.1f %12.2f %12.2f%n",
                    name,
                    sum.count(),
                    sum.recordedBytes(),
                    sum.codedBytes(),
                    sum.ratio(),
                    sum.encodeGigabytesPerSecond(),
                    sum.decodeGigabytesPerSecond()));
        }
    }
}
