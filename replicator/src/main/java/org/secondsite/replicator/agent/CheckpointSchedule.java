package org.secondsite.replicator.agent;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/**
 * When the next checkpoint of a VM is due, and which id it gets.
 *
 * <p>A checkpoint is due an interval after the start of the one before it, but not before that one is shipped, and not while
 * as many epochs, or as many bytes of them, as the window allows are beyond the gateway's last credit: then the VM runs on and
 * its held output waits, or the VM itself waits ({@link #starvesIn}), and what it changes meanwhile is one epoch later. Missed
 * starts are not made up for. After a dropped checkpoint the next one waits longer with every further drop, so that a gateway
 * which never seals does not keep the VM paused.
 *
 * <p>Pure: the time is passed in, in nanoseconds of any monotonic clock. Not thread-safe.
 */
public final class CheckpointSchedule {
    private static final long FIRST_BACKOFF_NANOS = 100_000_000;
    private static final long LAST_BACKOFF_NANOS = 5_000_000_000L;
    private static final long FIRST_SLOW_NANOS = 2_000_000_000L;
    private static final int SLOW_DOUBLINGS = 5;

    private final Map<EpochId, Long> outstanding = new HashMap<>();
    private long outstandingBytes;
    private boolean active;
    private boolean ended;
    private EpochId next = EpochId.NONE;
    private long intervalNanos;
    private int window = 1;
    private long windowBytes = Long.MAX_VALUE;
    private boolean starves;
    private long dueNanos;
    private long lastStartNanos;
    private boolean shipping;
    private int drops;
    private int slowPauses;
    private int quickPauses;

    /**
     * Sets the most epochs beyond the last credited one, and the bytes of them at which none is begun.
     *
     * @param vmWaits whether the VM itself waits while there is no room
     */
    public void window(int epochs, long bytes, boolean vmWaits) {
        window = epochs;
        windowBytes = bytes;
        starves = vmWaits;
    }

    /** Another window; checkpoints beyond a smaller one go on. */
    public void window(CheckpointMessage.Window told) {
        window(told.window(), told.windowBytes(), told.stalls());
    }

    /** Begins: the first checkpoint is due now. What was outstanding before is forgotten. */
    public void start(EpochId first, long interval, long now) {
        active = true;
        ended = false;
        next = first;
        intervalNanos = interval;
        dueNanos = now;
        lastStartNanos = now;
        forget();
        drops = 0;
    }

    /** No more checkpoints until the next start. */
    public void stop() {
        ended |= active;
        active = false;
        forget();
    }

    /** The connection is gone: nothing is being shipped, and no more checkpoints until the next start. */
    public void disconnected() {
        stop();
        shipping = false;
    }

    /** Changes the interval, counted from the last start. */
    public void interval(long nanos) {
        intervalNanos = nanos;
        if (drops == 0) {
            dueNanos = lastStartNanos + nanos;
        }
    }

    /** The next checkpoint is due now. */
    public void now(long now) {
        dueNanos = now;
    }

    /** There is much to be shipped: the next checkpoint is due now, unless it waits because those before came to nothing. */
    public void sooner(long now) {
        if (drops == 0) {
            dueNanos = Math.min(dueNanos, now);
        }
    }

    /** Names the next checkpoint. */
    public void retitle(EpochId id) {
        next = id;
    }

    /** Forgets the epochs up to this one. */
    public void credit(EpochId committed) {
        outstanding.keySet().removeIf(id -> id.atMost(committed));
        count();
    }

    private void forget() {
        outstanding.clear();
        count();
    }

    private void count() {
        outstandingBytes =
                outstanding.values().stream().mapToLong(Long::longValue).sum();
    }

    private boolean isFull() {
        return outstanding.size() >= window || outstandingBytes >= windowBytes;
    }

    /** How long until the next checkpoint, 0 if it is due; empty if none can be due before something else happens. */
    public OptionalLong dueIn(long now) {
        if (!active || shipping || isFull()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Math.max(0, dueNanos - now));
    }

    /**
     * How long until a checkpoint is due that the window has no room for, 0 if it is so now; empty if that cannot be before
     * something else happens, or the VM does not wait for that.
     */
    public OptionalLong starvesIn(long now) {
        return starves && active && isFull() ? OptionalLong.of(Math.max(0, dueNanos - now)) : OptionalLong.empty();
    }

    /** The checkpoint was taken, and the epoch has so many bytes. */
    public void taken(EpochId id, long bytes) {
        if (outstanding.replace(id, bytes) != null) {
            count();
        }
    }

    /** A checkpoint begins now: its id. */
    public EpochId begin(long now) {
        EpochId id = next;
        next = id.next();
        lastStartNanos = now;
        dueNanos = now + intervalNanos;
        outstanding.put(id, 0L);
        shipping = true;
        return id;
    }

    /** The checkpoint was dropped; its id is burned. */
    public void dropped(EpochId id, long now) {
        outstanding.remove(id);
        shipping = false;
        long backoff = Math.min(LAST_BACKOFF_NANOS, FIRST_BACKOFF_NANOS << Math.min(drops, 16));
        drops++;
        dueNanos = Math.max(dueNanos, now + backoff);
    }

    /**
     * The checkpoint was dropped because the VM could not be paused in time. That keeps the VM still for long, so it is tried
     * again only after a wait of some seconds, which doubles each time; the waits are short again once as many pauses as were
     * slow have been quick.
     *
     * @return how long the wait is, in nanoseconds
     */
    public long slow(EpochId id, long now) {
        dropped(id, now);
        long wait = FIRST_SLOW_NANOS << Math.min(slowPauses, SLOW_DOUBLINGS);
        slowPauses++;
        quickPauses = 0;
        dueNanos = Math.max(dueNanos, now + wait);
        return wait;
    }

    /** The gateway has read all of the epoch. */
    public void shipped() {
        shipping = false;
        drops = 0;
        quickPauses++;
        if (quickPauses > slowPauses) {
            slowPauses = 0;
        }
    }

    /** Whether checkpoints were being taken until now, and are not any more; once. */
    boolean hasEnded() {
        boolean once = ended;
        ended = false;
        return once;
    }

    /** Whether checkpoints are being taken at all. */
    public boolean isActive() {
        return active;
    }
}
