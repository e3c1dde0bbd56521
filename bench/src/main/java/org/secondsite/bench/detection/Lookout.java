package org.secondsite.bench.detection;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.net.linux.ThreadPriority;

/**
 * Looks at a peer as a gateway's conductor does: every 5 ms, on a preferred thread. A thread of its own, because what a
 * preferred thread starts is preferred as well, and the peers and whatever else is measured must not be.
 */
final class Lookout implements AutoCloseable {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** What was seen, when, and why. */
    record Sight(PeerWatch.Change change, long nanoTime, String why) {}

    private final PeerWatch watch;
    private final BlockingQueue<Sight> sights = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::run, "lookout");
    private long longestSilenceNanos;
    private volatile boolean closed;

    Lookout(PeerWatch watch) {
        this.watch = watch;
    }

    void start() {
        thread.start();
    }

    private void run() {
        ThreadPriority.prefer();
        while (!closed) {
            LockSupport.parkNanos(TICK_NANOS);
            look();
        }
    }

    private synchronized void look() {
        long now = System.nanoTime();
        PeerWatch.Change change = watch.look(now);
        longestSilenceNanos = Math.max(longestSilenceNanos, watch.silenceNanos());
        if (change != PeerWatch.Change.NONE) {
            sights.add(new Sight(change, now, watch.explain()));
        }
    }

    synchronized void tunnel(PeerWatch.Tunnel changed) {
        watch.tunnel(changed, System.nanoTime());
    }

    /** The longest silence since this was last asked. */
    synchronized long takeLongestSilenceNanos() {
        long longest = longestSilenceNanos;
        longestSilenceNanos = 0;
        return longest;
    }

    /** The next change that was seen, or null if there is none in that time. */
    Sight next(long nanos) throws InterruptedException {
        return sights.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
