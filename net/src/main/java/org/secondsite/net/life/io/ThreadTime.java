package org.secondsite.net.life.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.life.Turn;

/**
 * How much of the time that passed a thread had for itself. One that waits for a processor, on a machine that is too busy, is slow
 * and not hung: it had only what it ran. One that sleeps, or waits for a lock or a device, could have gone on all the time, unless
 * another thread of the process, for which it may be waiting, got no processor ({@link Starvation}). From proc_pid_stat(5): field 3 is the state, 14 and 15 are the ticks of a hundredth of a second that it ran. Used by one thread.
 */
final class ThreadTime {
    private static final Path SELF = Path.of("/proc/thread-self");
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** A thread of which nothing is known, or nothing new, may have waited for a processor all the time: a tenth counts. */
    private static final int UNKNOWN_SHARE = 10;

    private static final int STATE = 0;
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    /** What was seen of a thread longer ago than this says nothing about the time since the last look. */
    private static final long STALE_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

    private final Map<Turn, Seen> seen = new HashMap<>();
    private final Starvation starvation = new Starvation();

    private record Seen(long ranNanos, long atNanos) {}

    /** The kernel's number of the calling thread, 0 if it does not tell. */
    static long nativeId() {
        try {
            return Long.parseLong(Files.readSymbolicLink(SELF).getFileName().toString());
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    /** Of so many nanoseconds since the last look. */
    long had(Turn turn, long passedNanos) {
        if (turn.nativeThread() == 0) {
            return passedNanos / UNKNOWN_SHARE;
        }
        try {
            String stat = Files.readString(Path.of("/proc/self/task/" + turn.nativeThread() + "/stat"));
            // The name in parentheses may hold anything: the fields from the third on follow the last of them.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            long ran = (Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS])) * TICK_NANOS;
            long now = System.nanoTime();
            Seen before = seen.put(turn, new Seen(ran, now));
            double starved = starvation.share(now);
            if (before == null || now - before.atNanos > STALE_NANOS) {
                return passedNanos / UNKNOWN_SHARE;
            }
            return fields[STATE].equals("R")
                    ? Math.clamp(ran - before.ranNanos, 0, passedNanos)
                    : Math.round(passedNanos * (1 - starved));
        } catch (IOException | NumberFormatException e) {
            return passedNanos;
        }
    }
}
