package org.secondsite.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.secondsite.net.linux.ThreadPriority;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread of a gateway on which decisions are made. Everybody else posts to it; it never waits for anybody.
 *
 * <p>A task that throws is a defect: it is logged and the thread goes on, because a gateway that stops deciding holds the
 * output of every VM. No safety rule depends on going on.
 */
public final class Conductor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Conductor.class);
    private static final long TICK_NANOS = 5_000_000L;

    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final List<Runnable> onTick = new ArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    /** A conductor that is not running yet. */
    public Conductor(String name) {
        thread = new Thread(this::run, name);
    }

    /** Adds what is to be done at every tick (5 ms). Before {@link #start()} only. */
    void everyTick(Runnable task) {
        onTick.add(task);
    }

    void start() {
        thread.start();
    }

    /** Has the task run on the conductor's thread, after everything posted before. */
    public void post(Runnable task) {
        if (!closed) {
            tasks.add(task);
        }
    }

    /** Asks for a value that belongs to the conductor's thread. */
    public <T> CompletableFuture<T> ask(Supplier<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        post(() -> {
            try {
                answer.complete(question.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    private void run() {
        ThreadPriority.prefer();
        long nextTick = System.nanoTime() + TICK_NANOS;
        while (!closed) {
            try {
                Runnable task = tasks.poll(Math.max(0, nextTick - System.nanoTime()), TimeUnit.NANOSECONDS);
                if (task != null) {
                    attempt(task);
                }
                if (System.nanoTime() - nextTick >= 0) {
                    onTick.forEach(Conductor::attempt);
                    nextTick = System.nanoTime() + TICK_NANOS;
                }
            } catch (InterruptedException e) {
                // Only close() interrupts, after it has set the flag.
                LOG.debug("interrupted");
            }
        }
    }

    private static void attempt(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("a task of the conductor failed", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
