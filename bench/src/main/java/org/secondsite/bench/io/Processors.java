package org.secondsite.bench.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the machine's processors have done (proc(5), {@code /proc/stat}). */
final class Processors {
    private static final long TICK_NANOS = 10_000_000;
    private static final int IDLE = 4;
    private static final int IO_WAIT = 5;
    private static final int STEAL = 8;

    private Processors() {}

    /** Time that all processors together have been busy, in steps of 10 ms; what a hypervisor took is left out. */
    static long busyNanos() throws IOException {
        String[] fields;
        try (var lines = Files.lines(Path.of("/proc/stat"))) {
            fields = lines.findFirst().orElseThrow().split("\\s+", -1);
        }
        long ticks = 0;
        for (int i = 1; i <= STEAL; i++) {
            if (i != IDLE && i != IO_WAIT && i != STEAL) {
                ticks += Long.parseLong(fields[i]);
            }
        }
        return ticks * TICK_NANOS;
    }
}
