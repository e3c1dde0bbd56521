package org.secondsite.net.life.io;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.life.Turn;

/**
 * One event loop that lives and dies with a {@link Life}. Netty logs what a task throws and goes on, and forgets what a timer
 * throws; here either is the end. What a channel's handler throws goes to its {@code exceptionCaught}, which has to tell a
 * defect from a fault of the network ({@link org.secondsite.net.life.Defects}).
 */
public final class LivingLoop extends MultiThreadIoEventLoopGroup {
    private final Life life;
    private final Turn turn;

    /**
     * Starts a loop with a daemon thread.
     *
     * @param name of the thread
     */
    public LivingLoop(String name, Life life, IoHandlerFactory handlers) {
        this(name, new DefaultThreadFactory(name, true), life, handlers);
    }

    /** The same with threads of one's own making. */
    public LivingLoop(String name, ThreadFactory threads, Life life, IoHandlerFactory handlers) {
        super(1, threads, handlers, life);
        this.life = life;
        turn = life.watched(name, next());
    }

    /**
     * The turns of its thread. Whoever has many channels to serve in a row counts one for each event, on that thread: the loop
     * turns round then, however long it takes until the next task.
     */
    public Turn turn() {
        return turn;
    }

    /** An end in good order, whatever goes on beside it. */
    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        life.left(turn);
        return super.shutdownGracefully(quietPeriod, timeout, unit);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory handlers, Object... life) {
        return new Loop(this, executor, handlers, (Life) life[0]);
    }

    private static final class Loop extends SingleThreadIoEventLoop {
        private final Life life;

        private Loop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlers, Life life) {
            super(parent, executor, handlers);
            this.life = life;
        }

        @Override
        public void execute(Runnable task) {
            super.execute(life.guarded(task));
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            return super.schedule(life.guarded(task), delay, unit);
        }

        @Override
        public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
            return super.schedule(
                    () -> {
                        try {
                            return task.call();
                        } catch (RuntimeException | Error cause) {
                            life.failed(cause);
                            throw cause;
                        }
                    },
                    delay,
                    unit);
        }

        @Override
        public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
            return super.scheduleAtFixedRate(life.guarded(task), initialDelay, period, unit);
        }

        @Override
        public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long initialDelay, long delay, TimeUnit unit) {
            return super.scheduleWithFixedDelay(life.guarded(task), initialDelay, delay, unit);
        }
    }
}
