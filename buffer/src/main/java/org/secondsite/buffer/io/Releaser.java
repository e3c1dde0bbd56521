package org.secondsite.buffer.io;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.Histogram;
import org.secondsite.buffer.ReleaseCursor;
import org.secondsite.buffer.io.ring.FrameOutlet;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.linux.ThreadPriority;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The release side of the buffer: one thread that sends what may leave.
 *
 * <p>Lanes take turns, a batch each. A batch is a run of records of one lane that leave by one outlet; what the
 * outlet has taken is released, the rest is looked at anew in the next turn, so a fence in between finds nothing half
 * done. The first batch after a commit is a small one, so that the first packets need not wait for the others of theirs.
 * When an outlet's queue is full this thread sleeps for {@value #BUSY_NANOS} ns: asking at once would only keep
 * a processor from emptying the queue.
 *
 * <p><b>Standstill.</b> The data-plane thread says every now and then that it lives ({@link #alive}). Whoever of the two
 * threads first finds that the last such word is too old, closes every lane before it does anything else; a lane opens
 * again by {@link #releaseAgain}, said for this standstill or a later one. A lane that was suspended by its owner waits so for {@link
 * #resume}.
 */
final class Releaser {
    private static final Logger LOG = LoggerFactory.getLogger(Releaser.class);
    private static final long BUSY_NANOS = 100_000;
    private static final long DOWN_NANOS = 20_000_000;
    private static final long CLOSED_NANOS = 1_000_000;
    private static final long MAX_IDLE_NANOS = 20_000_000;

    /** Frames of the first batch after a commit. */
    private static final int FIRST_BATCH = 16;

    /** What ends a batch of large frames: a fence waits for one batch at most. */
    private static final long BATCH_BYTES = 1 << 20;

    private final EpochBuffer buffer;
    private final List<FrameOutlet> outlets;
    private final ReleaseCursor cursor;
    private final Object way = new Object();
    private final Thread thread;
    private final Turn turns;
    private volatile long idleNanos = MAX_IDLE_NANOS;
    private volatile boolean asleep;
    private volatile boolean stopped;
    private final DataPlaneListener listener;
    private final Histogram commitToWireMicros = new Histogram();

    /** When the commit came whose first packets have not left yet; 0 when there is none. */
    private final AtomicLongArray committedNanos;

    /** Written by the data-plane thread without the lock, which it would have to wait for while a batch is sent. */
    private volatile long aliveNanos = System.nanoTime();

    private volatile long mostGapNanos = Long.MAX_VALUE;
    private long standstills;

    /** By lane: the last standstill after which the lane was opened again. */
    private final long[] openedAfter;

    /** By lane: the last doubt of the caller's, and the last one that was settled. */
    private final long[] suspended;

    private final long[] resumed;

    /** By outlet. */
    private final boolean[] down;

    Releaser(String name, EpochBuffer buffer, List<FrameOutlet> outlets, DataPlaneListener listener) {
        this.buffer = buffer;
        this.listener = listener;
        committedNanos = new AtomicLongArray(buffer.capacity());
        openedAfter = new long[buffer.capacity()];
        suspended = new long[buffer.capacity()];
        resumed = new long[buffer.capacity()];
        down = new boolean[outlets.size()];
        this.outlets = List.copyOf(outlets);
        cursor = buffer.cursor();
        turns = new Turn("buffer-release-" + name);
        thread = Thread.ofPlatform().name(turns.toString()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Something may have become releasable. */
    void signal() {
        // What was published must be seen before we see whether the thread sleeps, or both sides could miss each other.
        VarHandle.fullFence();
        if (asleep) {
            LockSupport.unpark(thread);
        }
    }

    /** A commit has made packets of this lane releasable. */
    void committed(int lane, long nowNanos) {
        if (committedNanos.get(lane) == 0) {
            committedNanos.set(lane, nowNanos);
        }
        signal();
    }

    Histogram.Summary commitToWireMicros() {
        return commitToWireMicros.summary();
    }

    /** Counted by the thread. */
    Turn turns() {
        return turns;
    }

    /**
     * From now on the lanes are closed when the process stood still for so long.
     *
     * @param idleMillis how long the thread sleeps at most
     */
    void noticeStandstill(long nanos, int idleMillis) {
        idleNanos = idleMillis * 1_000_000L;
        synchronized (way) {
            if (mostGapNanos == Long.MAX_VALUE) {
                // Nobody has looked until now; who was looked at may be standing still.
                aliveNanos = System.nanoTime();
            }
            mostGapNanos = nanos;
        }
    }

    /** The data-plane thread is at work. */
    void alive(long nowNanos) {
        if (nowNanos - aliveNanos > mostGapNanos) {
            synchronized (way) {
                noteGap(nowNanos);
            }
        }
        aliveNanos = nowNanos;
    }

    /** Opens a lane that this standstill has closed. */
    void releaseAgain(int lane, long standstill) {
        synchronized (way) {
            openedAfter[lane] = Math.max(openedAfter[lane], standstill);
        }
        signal();
    }

    /** Closes a lane; no frame of it leaves any more once this has returned. */
    void suspend(int lane, long doubt) {
        synchronized (way) {
            suspended[lane] = Math.max(suspended[lane], doubt);
        }
    }

    /** Opens a lane that this doubt has closed. */
    void resume(int lane, long doubt) {
        synchronized (way) {
            resumed[lane] = Math.max(resumed[lane], doubt);
        }
        signal();
    }

    /** A lane is another VM's now; no doubt of before is about it. */
    void renew(int lane) {
        synchronized (way) {
            buffer.renew(lane);
            openedAfter[lane] = standstills;
            resumed[lane] = suspended[lane];
            committedNanos.set(lane, 0);
        }
    }

    private void noteGap(long nowNanos) {
        long gapNanos = nowNanos - aliveNanos;
        if (gapNanos > mostGapNanos) {
            aliveNanos = nowNanos;
            standstills++;
            LOG.warn(
                    "this process stood still for {} ms: nothing is released until it is known who owns",
                    gapNanos / 1_000_000);
            listener.stoodStill(standstills, gapNanos);
        }
    }

    /** Runs an action while no frame can leave. */
    boolean keptOut(BooleanSupplier action) {
        synchronized (way) {
            return action.getAsBoolean();
        }
    }

    /** Nothing leaves any more once this has returned. */
    void stop() {
        synchronized (way) {
            stopped = true;
        }
        LockSupport.unpark(thread);
    }

    boolean ended() {
        return PlaneThreads.ended(thread);
    }

    /** Binds the outlets to their interfaces again, which may be others of the same name. */
    void rebind() throws IOException {
        synchronized (way) {
            for (FrameOutlet outlet : outlets) {
                outlet.rebind();
            }
        }
    }

    void closeOutlets() {
        outlets.forEach(FrameOutlet::close);
    }

    private void run() {
        ThreadPriority.prefer();
        turns.ranBy(Life.nativeThread());
        try {
            takeTurns();
        } catch (Throwable e) {
            stopped = true;
            LOG.error("the release side has failed; held packets are not released", e);
            listener.failed(e);
            throw e;
        }
    }

    private void takeTurns() {
        while (!stopped) {
            turns.made();
            boolean any = false;
            long waitNanos = 0;
            for (int lane = 0; lane < buffer.lanes() && !stopped; lane++) {
                if (buffer.releasable(lane)) {
                    any = true;
                    waitNanos = Math.max(waitNanos, turn(lane));
                }
            }
            if (waitNanos > 0) {
                LockSupport.parkNanos(waitNanos);
            } else if (!any) {
                sleep();
            }
        }
    }

    private void sleep() {
        asleep = true;
        for (int lane = 0; lane < buffer.lanes(); lane++) {
            if (buffer.releasable(lane)) {
                asleep = false;
                return;
            }
        }
        if (!stopped) {
            LockSupport.parkNanos(this, idleNanos);
        }
        asleep = false;
    }

    /** Sends one batch of a lane; returns how long to wait before the next turn. */
    private long turn(int lane) {
        synchronized (way) {
            noteGap(System.nanoTime());
            if (openedAfter[lane] < standstills || resumed[lane] < suspended[lane]) {
                return CLOSED_NANOS;
            }
            cursor.start(lane);
            if (stopped || !cursor.next()) {
                return 0;
            }
            int route = cursor.tag();
            FrameOutlet outlet = outlets.get(route);
            long sinceNanos = committedNanos.get(lane);
            int most = sinceNanos == 0 ? Integer.MAX_VALUE : FIRST_BATCH;
            long bytes = 0;
            boolean more = true;
            for (int i = 0;
                    more && i < most && bytes < BATCH_BYTES && cursor.tag() == route && outlet.add(cursor);
                    i++) {
                bytes += cursor.bytes();
                more = cursor.next();
            }
            FrameOutlet.Outcome outcome = outlet.send();
            buffer.released(lane, outlet.sent());
            if (sinceNanos != 0 && outlet.sent() > 0) {
                committedNanos.set(lane, 0);
                commitToWireMicros.record((System.nanoTime() - sinceNanos) / 1000);
            }
            return switch (outcome) {
                case SENT -> up(route);
                case BUSY -> BUSY_NANOS;
                case DOWN -> down(route);
                case REFUSED -> {
                    buffer.unsendable(lane);
                    yield 0;
                }
            };
        }
    }

    private long up(int route) {
        if (down[route]) {
            down[route] = false;
            String name = outlets.get(route).name();
            LOG.info("{} takes frames again", name);
            listener.portUp(name);
        }
        return 0;
    }

    private long down(int route) {
        if (!down[route]) {
            down[route] = true;
            String name = outlets.get(route).name();
            LOG.warn("{} is down or gone; held packets wait for it", name);
            listener.portDown(name, "down or gone");
        }
        return DOWN_NANOS;
    }
}
