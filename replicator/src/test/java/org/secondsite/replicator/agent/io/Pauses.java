package org.secondsite.replicator.agent.io;

import java.util.List;
import java.util.Locale;

/** Prints how long a VM was paused for its checkpoints. */
final class Pauses {
    private static final double NANOS_PER_MS = 1e6;

    private Pauses() {}

    /** Median, 95th percentile and maximum, the first (full) one apart. */
    static void print(String what, List<Long> nanos) {
        List<Long> sorted =
                nanos.stream().skip(1).filter(pause -> pause > 0).sorted().toList();
        if (sorted.isEmpty()) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "pause, %s: p50 %.1f ms, p95 %.1f ms, max %.1f ms of %d; the first %.1f ms%n",
                what,
                sorted.get(sorted.size() / 2) / NANOS_PER_MS,
                sorted.get(sorted.size() * 95 / 100) / NANOS_PER_MS,
                sorted.getLast() / NANOS_PER_MS,
                sorted.size(),
                nanos.getFirst() / NANOS_PER_MS);
    }
}
