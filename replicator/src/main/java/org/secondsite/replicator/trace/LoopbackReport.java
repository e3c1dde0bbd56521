package org.secondsite.replicator.trace;

import java.util.List;
import java.util.Locale;

/**
 * What a replay through two tunnels on loopback measured. Each epoch was sent when the one before was committed, so the
 * figures are those of single epochs, not of a pipeline.
 *
 * @param image the full image
 * @param checkpoints the checkpoints in order
 */
public record LoopbackReport(Crossing image, List<Crossing> checkpoints) {
    /**
     * One epoch's way.
     *
     * @param plainBytes pages that are not zero, and device state
     * @param arrivalNanos from its sending until the far end held it whole, its checksum proved
     * @param commitNanos from its sending until the near end knew that
     */
    public record Crossing(long plainBytes, long arrivalNanos, long commitNanos) {}

    /** Copies the list. */
    public LoopbackReport {
        checkpoints = List.copyOf(checkpoints);
    }

    /** Plain bytes per nanosecond from sending to arrival, which is GB/s, over all checkpoints. */
    public double gigabytesPerSecond() {
        return (double) checkpoints.stream().mapToLong(Crossing::plainBytes).sum()
                / checkpoints.stream().mapToLong(Crossing::arrivalNanos).sum();
    }

    /** The time from sending to commit that so many of 100 checkpoints do not exceed, in milliseconds. */
    public double commitMs(int percentile) {
        long[] sorted =
                checkpoints.stream().mapToLong(Crossing::commitNanos).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[(sorted.length * percentile + 99) / 100 - 1] / 1e6;
    }

    /** A line for people. */
    public String line() {
        return String.format(
                Locale.ROOT,
                "tunnel on loopback: %d checkpoints, image in %.0f ms, %.2f GB/s, commit p50 %.1f ms, p99 %.1f ms",
                checkpoints.size(),
                image.commitNanos() / 1e6,
                gigabytesPerSecond(),
                commitMs(50),
                commitMs(99));
    }
}
