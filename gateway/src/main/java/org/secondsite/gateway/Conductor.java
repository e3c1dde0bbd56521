package org.secondsite.gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.linux.ThreadPriority;

/**
 * The one thread of a gateway on which decisions are made. Everybody else posts to it; it never waits for anybody.
 *
 * <p><b>A turn</b> reads the clock once, takes what has been posted, a bounded number of tasks, and ticks when it is time. The
 * queue is bounded: who posts to a full one waits, which is counted, so that what comes from outside is held up where it comes
 * in.
 *
 * <p><b>Failure.</b> A task that throws, whatever it throws, may have carried out half of what was decided. So it is the end of
 * this gateway: the thread takes no further turn, its heartbeats stop with it, and the other site takes over.
 */
public final class Conductor implements AutoCloseable {
    private static final long MAX_TICK_NANOS = 5_000_000L;
    private static final int MAX_WAITING = 1 << 16;
    private static final int MAX_PER_TURN = 256;
    private static final int RETRY_MS = 10;

    private final BlockingQueue<Runnable> tasks = new ArrayBlockingQueue<>(MAX_WAITING);
    private final LongAdder heldUp = new LongAdder();
    private final List<Runnable> onTick = new ArrayList<>();
    private long tickNanos;
    private final Life life;
    private final Turn turn;
    private final Thread thread;
    private volatile boolean closed;
    private long nowNanos;
    private long nextTickNanos;

    /**
     * A conductor that is not running yet.
     *
     * @param heartbeatNanos the time between two heartbeats, which are proved by its turns
     * @param life ends when a task throws
     */
    public Conductor(String name, long heartbeatNanos, Life life) {
        this.life = life;
        heartbeat(heartbeatNanos);
        turn = life.vital(new Turn(name));
        thread = new Thread(this::run, name);
    }

    /** Adds what is to be done at every tick (5 ms, or half a heartbeat if that is less). Before {@link #start()} only. */
    void everyTick(Runnable task) {
        onTick.add(task);
    }

    /** Another time between two heartbeats, which are proved by its turns. On its thread, or before {@link #start()}. */
    final void heartbeat(long nanos) {
        tickNanos = Math.min(MAX_TICK_NANOS, nanos / 2);
    }

    void start() {
        thread.start();
    }

    /** Has the task run on the conductor's thread, after everything posted before. Waits while the queue is full. */
    public void post(Runnable task) {
        if (closed || tasks.offer(task)) {
            return;
        }
        heldUp.increment();
        if (Thread.currentThread() == thread) {
            throw new IllegalStateException("the conductor has posted more to itself than its queue takes");
        }
        boolean interrupted = false;
        while (!closed) {
            try {
                if (tasks.offer(task, RETRY_MS, TimeUnit.MILLISECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Asks for a value that belongs to the conductor's thread. A question changes nothing, so an exception is the asker's; an
     * error is not.
     */
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

    /** The time of the present turn. On the conductor's thread. */
    public long nowNanos() {
        return nowNanos;
    }

    /** How often somebody had to wait to post. Any thread. */
    public long heldUp() {
        return heldUp.sum();
    }

    private void run() {
        ThreadPriority.prefer();
        life.watchedFromHere(turn);
        nextTickNanos = System.nanoTime();
        try {
            while (!closed) {
                turn();
            }
        } catch (InterruptedException e) {
            // Only close() interrupts, after it has set the flag.
            closed = true;
        } catch (Throwable cause) {
            life.failed(cause);
        }
    }

    private void turn() throws InterruptedException {
        Runnable task = tasks.poll(Math.max(0, nextTickNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        nowNanos = System.nanoTime();
        turn.made();
        for (int taken = 1; task != null; taken++) {
            task.run();
            task = taken < MAX_PER_TURN ? tasks.poll() : null;
        }
        if (nowNanos - nextTickNanos >= 0) {
            nextTickNanos = nowNanos + tickNanos;
            onTick.forEach(Runnable::run);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
