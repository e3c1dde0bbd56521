package org.secondsite.net.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.Backoff;
import org.secondsite.net.Causes;

/**
 * Keeps one TCP connection to an address: whenever it is lost or cannot be made, it is dialled again, later each time up to a
 * bound. Everything runs on one event loop.
 *
 * <pre>
 * IDLE --dial--> DIALLING --opened--> OPEN
 *                 |  ^                 |
 *   unreachable,  v  | wait is over,   | lost
 *   lost         WAITING  or dial <----'                any --close--> CLOSED
 * </pre>
 */
public final class Dialer {
    /** How far the connection is. */
    public enum Phase {
        /** Nothing was tried yet. */
        IDLE,
        /** An attempt is under way: TCP, and whatever the ends have to tell each other first. */
        DIALLING,
        /** The line has said that it is {@link #opened}. */
        OPEN,
        /** The last attempt or connection is over, and the next attempt is due later. */
        WAITING,
        /** For good. */
        CLOSED
    }

    /** Whose connection it is. Called on the event loop. */
    public interface Line {
        /** Puts the handlers of a new attempt into its pipeline. How they end is told by {@link Dialer#lost}. */
        void install(Channel channel);

        /** The attempt came to nothing: TCP was refused or timed out, or not even a socket could be had. */
        void unreachable(String reason);
    }

    private final EventLoop loop;
    private final InetSocketAddress address;
    private final int timeoutMs;
    private final Backoff backoff;
    private final Line line;
    private Phase phase = Phase.IDLE;
    private String reason = "not tried yet";
    private long triedNanos;
    private ScheduledFuture<?> wait;

    /**
     * Dials nothing yet.
     *
     * @param timeoutMs how long TCP may take to connect
     * @param backoff the waits before another attempt; this one's own
     */
    public Dialer(EventLoop loop, InetSocketAddress address, int timeoutMs, Backoff backoff, Line line) {
        this.loop = loop;
        this.address = address;
        this.timeoutMs = timeoutMs;
        this.backoff = backoff;
        this.line = line;
    }

    /** Where it connects to. */
    public InetSocketAddress address() {
        return address;
    }

    /** How far it is. */
    public Phase phase() {
        return phase;
    }

    /** What ended the last attempt or connection, while it is not open. */
    public String reason() {
        return reason;
    }

    /** Dials unless it does so already; waits no longer, except that two attempts are always the shortest wait apart. */
    public void dial() {
        boolean tooSoon = phase == Phase.WAITING
                && System.nanoTime() - triedNanos < TimeUnit.MILLISECONDS.toNanos(backoff.firstMs());
        if (tooSoon || (phase != Phase.WAITING && phase != Phase.IDLE)) {
            return;
        }
        if (wait != null) {
            wait.cancel(false);
            wait = null;
        }
        triedNanos = System.nanoTime();
        become(Phase.DIALLING, reason);
        var _ = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMs)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        line.install(channel);
                    }
                })
                .connect(address)
                .addListener((ChannelFuture done) -> {
                    if (!done.isSuccess()) {
                        onLoop(() -> unreachable("cannot connect: " + Causes.words(done.cause())));
                    }
                });
    }

    /** The ends have said what they had to say first: the next wait is the shortest again. */
    public void opened() {
        if (phase == Phase.DIALLING) {
            backoff.reset();
            become(Phase.OPEN, "connected");
        }
    }

    /** The connection, or the attempt, is over. Once more for the same one does nothing. */
    public void lost(String why) {
        if (phase == Phase.DIALLING || phase == Phase.OPEN) {
            become(Phase.WAITING, why);
            wait = loop.schedule(this::dial, backoff.next(), TimeUnit.MILLISECONDS);
        }
    }

    /** Dials no more. The present connection is the line's to close. */
    public void close(String why) {
        if (wait != null) {
            wait.cancel(false);
            wait = null;
        }
        become(Phase.CLOSED, why);
    }

    private void unreachable(String why) {
        if (phase != Phase.CLOSED) {
            lost(why);
            line.unreachable(why);
        }
    }

    /** The one place where the phase changes. */
    private void become(Phase next, String why) {
        phase = next;
        reason = why;
    }

    /** A connection for which there was no socket fails on a thread of the library's own. */
    private void onLoop(Runnable told) {
        if (loop.inEventLoop()) {
            told.run();
            return;
        }
        try {
            loop.execute(told);
        } catch (RejectedExecutionException closed) {
            // The loop is closed, and this with it.
        }
    }
}
