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

    /** A thread of which nothing is known yet may have waited for its first processor: a tenth counts. */
    private static final int UNKNOWN_SHARE = 10;

    private static final int STATE = 0;
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    private final Map<Turn, Long> ranNanos = new HashMap<>();
    private final Starvation starvation = new Starvation();

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
            Long before = ranNanos.put(turn, ran);
            if (!fields[STATE].equals("R")) {
                return Math.round(passedNanos * (1 - starvation.share(System.nanoTime())));
            }
            return before == null ? 0 : Math.clamp(ran - before, 0, passedNanos);
        } catch (IOException | NumberFormatException e) {
            return passedNanos;
        }
    }
}
