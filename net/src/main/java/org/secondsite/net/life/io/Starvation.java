package org.secondsite.net.life.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * How badly this process lacks processors: the share of the time that one of its threads, the worst off, was ready to run and did
 * not. A thread that sleeps may be waiting for that one, which may hold a lock, or be the compiler or the collector. From
 * /proc/PID/task/TID/schedstat: its second number is the time that a thread waited for a processor, in nanoseconds. Used by one thread.
 */
final class Starvation {
    private static final Path TASKS = Path.of("/proc/self/task");

    /** All questions of one look get one answer. */
    private static final long SAME_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** What was seen longer ago says nothing about the time since the last look. */
    private static final long STALE_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

    private Map<String, Long> waitedNanos = new HashMap<>();
    private boolean seen;
    private long seenNanos;
    private double share;

    /** From 0, every thread ran when it was ready, to 1; 0 when nothing is known. */
    double share(long nowNanos) {
        long passed = nowNanos - seenNanos;
        if (seen && passed < SAME_LOOK_NANOS) {
            return share;
        }
        Map<String, Long> now = read();
        long worst = 0;
        for (Map.Entry<String, Long> thread : now.entrySet()) {
            Long before = waitedNanos.get(thread.getKey());
            worst = Math.max(worst, before == null ? 0 : thread.getValue() - before);
        }
        share = seen && passed < STALE_NANOS ? Math.clamp((double) worst / passed, 0, 1) : 0;
        waitedNanos = now;
        seen = true;
        seenNanos = nowNanos;
        return share;
    }

    private static Map<String, Long> read() {
        Map<String, Long> waited = new HashMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                waitedNanos(task)
                        .ifPresent(nanos -> waited.put(task.getFileName().toString(), nanos));
            }
        } catch (IOException e) {
            // A kernel that does not tell: nothing is known.
            waited.clear();
        }
        return waited;
    }

    private static OptionalLong waitedNanos(Path task) {
        try {
            String[] numbers = Files.readString(task.resolve("schedstat")).split(" ", -1);
            return OptionalLong.of(Long.parseLong(numbers[1].strip()));
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            // It has ended meanwhile.
            return OptionalLong.empty();
        }
    }
}
