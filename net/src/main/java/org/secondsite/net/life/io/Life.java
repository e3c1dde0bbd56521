package org.secondsite.net.life.io;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.secondsite.net.life.Ending;
import org.secondsite.net.life.HangWatch;
import org.secondsite.net.life.Proof;
import org.secondsite.net.life.Turn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of a process, or of one gateway in it: it lasts as long as every thread that decides does. When one of them throws,
 * whatever it throws, or hangs, the life is over: no heartbeat is proved any more, and its {@link Ending} is called.
 *
 * <pre>
 *   living --a thread fails, or hangs--> over: the ending is called
 *     +------close()--> closed: what fails while everything is closed is logged
 * </pre>
 *
 * <p>A looping thread counts its own {@link Turn}. Of a thread that works through tasks, such as an event loop, the watchdog
 * asks now and then that a task be run, so an idle one is not taken for a hung one. May be used by any thread.
 */
public final class Life implements AutoCloseable {
    /**
     * A gateway's threads turn round every few milliseconds. With what it takes to look, to write the stacks down and to end,
     * the process is gone within a second.
     */
    public static final long USUAL_LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(750);

    /**
     * A thread on whose turns heartbeats do not depend one by one is given so many times as long before it counts as hung: at a
     * start its work is the loading of classes and libraries, and the end of a process that is only slow is worse than its silence.
     * It is silent all the same from the usual limit on.
     */
    private static final int PATIENCE_WITH_OTHERS = 6;

    private static final Logger LOG = LoggerFactory.getLogger(Life.class);
    private static final int LOOK_MS = 50;
    private static final int MAX_FRAMES = 64;
    private static final int JOIN_MS = 1000;

    private final String name;
    private final Ending ending;
    private final long limitNanos;
    private final HangWatch watch;
    private final List<Turn> turns = new CopyOnWriteArrayList<>();
    private final List<Turn> vital = new CopyOnWriteArrayList<>();
    private final List<Probe> probes = new CopyOnWriteArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile Optional<Turn> late = Optional.empty();
    private final Thread watchdog;
    private volatile boolean closed;

    /** A task that an executor is asked to run, one at a time. */
    private static final class Probe implements Runnable {
        private final Turn turn;
        private final Executor executor;
        private volatile boolean asked;
        private volatile boolean left;

        private Probe(Turn turn, Executor executor) {
            this.turn = turn;
            this.executor = executor;
        }

        @Override
        public void run() {
            if (turn.nativeThread() == 0) {
                turn.ranBy(ThreadTime.nativeId());
            }
            turn.made();
            asked = false;
        }
    }

    private Life(String name, Ending ending, long limitNanos) {
        this.name = name;
        this.ending = ending;
        this.limitNanos = limitNanos;
        watch = new HangWatch(limitNanos, TimeUnit.MILLISECONDS.toNanos(2L * LOOK_MS), new ThreadTime()::had);
        watchdog = Thread.ofPlatform().name("watchdog-" + name).daemon().unstarted(this::look);
    }

    /**
     * Begins to watch.
     *
     * @param name of the process or gateway, for logs
     * @param limitNanos while a thread is without a turn for so long there are no heartbeats; one that each of them proves is
     *     hung, another one is hung after six times as long
     */
    public static Life start(String name, Ending ending, long limitNanos) {
        Life life = new Life(name, ending, limitNanos);
        life.watchdog.start();
        return life;
    }

    /** The life of a part that runs by itself, outside a daemon: what fails is logged, what hangs is not looked for. */
    public static Life unwatched(String name) {
        return new Life(
                name, (reason, details) -> LOG.error("{}: {}\n{}", name, reason, details.get()), USUAL_LIMIT_NANOS);
    }

    /** There is no heartbeat without turns of this thread. */
    public Turn vital(Turn turn) {
        vital.add(turn);
        return turn;
    }

    /** Watches a thread that counts its own turns, from now on: it is to run already. */
    public Turn watched(Turn turn) {
        if (!vital.contains(turn)) {
            turn.mayAlwaysTake(PATIENCE_WITH_OTHERS * limitNanos);
        }
        turns.add(turn);
        return turn;
    }

    /** The same for the calling thread, which begins its turns. */
    public void watchedFromHere(Turn turn) {
        turn.ranBy(ThreadTime.nativeId());
        turn.made();
        watched(turn);
    }

    /** The thread of these turns, without which heartbeats go out, is about to end in good order: it is no longer looked for. */
    public void left(Turn turn) {
        turns.remove(turn);
        probes.stream().filter(probe -> probe.turn.equals(turn)).forEach(probe -> probe.left = true);
        probes.removeIf(probe -> probe.left);
    }

    /**
     * Watches a thread that works through tasks.
     *
     * @param executor what gives it tasks; when it refuses one, the thread has ended, which is a fault unless it has {@link #left}
     */
    public Turn watched(String thread, Executor executor) {
        Turn turn = new Turn(thread);
        Probe probe = new Probe(turn, executor);
        // Before any of its tasks: so the thread is known even if its first one hangs.
        ask(probe);
        probes.add(probe);
        return watched(turn);
    }

    /** The kernel's number of the calling thread, for {@link Turn#ranBy}; 0 if it does not tell. */
    public static long nativeThread() {
        return ThreadTime.nativeId();
    }

    /** For one sender of heartbeats. */
    public Proof proof() {
        return new Proof(vital, () -> isOver() || isLate());
    }

    /** Whether a deciding thread has not turned round for the limit: then nothing that leaves this process may tell that it lives. */
    public boolean isLate() {
        return late.isPresent();
    }

    /** Whether a thread has failed, or everything is being closed. */
    public boolean isOver() {
        return over.get() || closed;
    }

    /** A deciding thread has failed: the end. Returns only if the ending does, or while everything is closed. */
    public void failed(String thread, Throwable cause) {
        end(thread + " has failed: " + cause, () -> trace(cause));
    }

    /** {@link #failed} for the calling thread. */
    public void failed(Throwable cause) {
        failed(Thread.currentThread().getName(), cause);
    }

    /** As a handler of uncaught exceptions. */
    public void uncaught(Thread thread, Throwable cause) {
        failed(thread.getName(), cause);
    }

    /** The same task; whatever it throws is the end, and thrown on. */
    public Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (Throwable cause) {
                failed(cause);
                throw cause;
            }
        };
    }

    /** Everything is about to be closed in good order: threads that stop are no fault from here on. */
    @Override
    public void close() {
        closed = true;
        watchdog.interrupt();
        if (Thread.currentThread() != watchdog && watchdog.isAlive()) {
            try {
                watchdog.join(JOIN_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void end(String reason, Supplier<String> details) {
        if (closed) {
            LOG.warn("{} while it is closed: {}", name, reason);
        } else if (over.compareAndSet(false, true)) {
            ending.end(reason, details);
        }
    }

    private void look() {
        try {
            while (!isOver()) {
                Thread.sleep(LOOK_MS);
                Optional<Turn> hung = watch.look(turns, System.nanoTime());
                // After the look: whoever answers in time has turned round at the next one, however soon.
                probes.forEach(this::ask);
                note(watch.late());
                hung.ifPresent(turn -> end(turn + " hangs", Life::allStacks));
            }
        } catch (InterruptedException e) {
            // Only close() interrupts.
            LOG.debug("{} is not watched any more", name);
        } catch (Throwable cause) {
            failed(cause);
        }
    }

    private void note(Optional<Turn> found) {
        if (!found.equals(late)) {
            found.ifPresentOrElse(
                    turn -> LOG.warn("{} is silent: {} does not turn round", name, turn),
                    () -> LOG.warn("{} is silent no longer: {} has turned round", name, late.orElseThrow()));
            late = found;
        }
    }

    private void ask(Probe probe) {
        if (!probe.asked) {
            probe.asked = true;
            try {
                probe.executor.execute(probe);
            } catch (RejectedExecutionException e) {
                if (!probe.left) {
                    end(probe.turn + " has ended", () -> trace(e));
                }
            }
        }
    }

    private static String trace(Throwable cause) {
        StringWriter text = new StringWriter();
        cause.printStackTrace(new PrintWriter(text));
        return text.toString().stripTrailing();
    }

    private static String allStacks() {
        StringBuilder text = new StringBuilder("the stacks of all threads:");
        for (Map.Entry<Thread, StackTraceElement[]> entry :
                Thread.getAllStackTraces().entrySet()) {
            text.append("\n\"")
                    .append(entry.getKey().getName())
                    .append("\" ")
                    .append(entry.getKey().getState());
            StackTraceElement[] frames = entry.getValue();
            for (int i = 0; i < Math.min(frames.length, MAX_FRAMES); i++) {
                text.append("\n    at ").append(frames[i]);
            }
        }
        return text.toString();
    }
}
