package org.secondsite.replicator.tunnel;

/**
 * How many bytes of large epochs may be on the way at a time, so that the small epochs beside them do not wait in a queue that
 * the large ones fill.
 *
 * <p>TCP fills the queue in front of the narrowest place of its way until something is lost there, and whatever comes later,
 * heartbeats and all other VMs' epochs, waits in it. So the large epochs watch how long their bytes take to be answered, and
 * keep the part of it that is waiting at {@value #TARGET_MS} ms: they use what the others leave, and give way when these need
 * more. This is LEDBAT (RFC 6817) with the multiplicative decrease and the slow start of LEDBAT++
 * (draft-irtf-iccrg-ledbat-plus-plus), within one tunnel:
 *
 * <pre>
 *   waiting = least of the last four round trips − floor
 *   slow start              window doubles with each round trip up to 1 MiB, then grows by a quarter, until waiting > ½ target;
 *                           then what fills the way and half the target is kept
 *   waiting ≤ target        window grows by at most a quarter or 256 KiB with a round trip, less the nearer the target is
 *   waiting > target        window shrinks, by at most a half with a round trip
 *   every 10 s              for little more than a round trip, ⅞ of what fills the way: the queue empties, the floor is seen
 * </pre>
 *
 * <p>Frames go out evenly, a quarter faster than a window in each round trip: a burst would fill the queue by itself, and hide
 * how much more the way could take.
 *
 * <p>The <em>floor</em> is the least round trip of the last 15 to 30 s, with or without a large epoch on the way. So a queue
 * that others keep full for ever becomes part of the floor, and cannot starve a large epoch; one that the large epochs
 * keep full themselves does not, because of the pause every 10 s.
 *
 * <p>Not thread-safe; knows no clock but the one that it is told.
 */
public final class BulkWindow {
    /** What of an epoch's size, in plain form, makes it a large one. */
    public static final long LARGE_BYTES = 16 << 20;

    /** What bytes may wait on the way. */
    static final long TARGET_MS = 20;

    /** Two frames, always: a large epoch goes on, also where a single frame takes longer than the target. */
    static final long MIN_BYTES = 2 * TunnelFrame.MAX_PAYLOAD_BYTES;

    private static final long MAX_BYTES = 1L << 30;
    private static final long FIRST_BYTES = 256 << 10;
    private static final long QUICK_BYTES = 1 << 20;
    private static final long MAX_STEP_BYTES = 256 << 10;
    private static final long MAX_QUESTION_BYTES = 256 << 10;
    private static final long MILLIS = 1_000_000;
    private static final long TARGET_NANOS = TARGET_MS * MILLIS;
    private static final long DRAIN_EVERY_NANOS = 10_000 * MILLIS;
    private static final long FLOOR_NANOS = 15_000 * MILLIS;
    private static final long BURST_NANOS = 2 * MILLIS;
    private static final long MIN_WAIT_NANOS = MILLIS / 2;
    private static final int SAMPLES = 4;

    private long window = FIRST_BYTES;
    private long onTheWay;
    private long unasked;
    private long nextDue = Long.MIN_VALUE;
    private boolean slowStart = true;

    private final long[] latest = new long[SAMPLES];
    private int samples;

    private long floor = Long.MAX_VALUE;
    private long floorBefore = Long.MAX_VALUE;
    private long floorSince;

    private boolean draining;
    private long drained;
    private long drainDue;
    private long drainEnd;
    private long lastArrival;

    /**
     * How long a further frame has to wait: 0 if it may go now, {@link Long#MAX_VALUE} if until something {@linkplain #arrived
     * has arrived}.
     */
    public long waitNanos(long now) {
        if (!hasRoom()) {
            return Long.MAX_VALUE;
        }
        return now >= nextDue ? 0 : Math.max(nextDue - now, MIN_WAIT_NANOS);
    }

    private boolean hasRoom() {
        return onTheWay < (draining ? drained : window);
    }

    /**
     * A frame of a large epoch went out. After a long time without one the way may be another: its width is sought anew.
     *
     * @return whether to ask now for the arrival of what was sent since the last question
     */
    public boolean sent(long bytes, long now) {
        if (onTheWay == 0 && now - lastArrival > DRAIN_EVERY_NANOS) {
            window = FIRST_BYTES;
            slowStart = true;
            draining = false;
            drainDue = now + DRAIN_EVERY_NANOS;
            lastArrival = now;
        }
        onTheWay += bytes;
        unasked += bytes;
        nextDue = Math.max(nextDue, now - BURST_NANOS) + paceNanos(bytes);
        boolean ask = unasked >= Math.min(MAX_QUESTION_BYTES, window / 8) || !hasRoom();
        if (ask) {
            unasked = 0;
        }
        return ask;
    }

    /** A round trip was measured while nothing need have been on the way. */
    public void roundTrip(long nanos, long now) {
        if (nanos <= 0) {
            return;
        }
        if (floor == Long.MAX_VALUE && floorBefore == Long.MAX_VALUE) {
            floorSince = now;
        } else if (now - floorSince > FLOOR_NANOS) {
            floorBefore = floor;
            floor = Long.MAX_VALUE;
            floorSince = now;
        }
        floor = Math.min(floor, nanos);
    }

    /**
     * Bytes of large epochs are there.
     *
     * @param bytes how many
     * @param nanos how long after they were sent the answer came
     * @param now the time at which it came
     */
    public void arrived(long bytes, long nanos, long now) {
        boolean limited = 2 * onTheWay >= window;
        onTheWay = Math.max(0, onTheWay - bytes);
        roundTrip(nanos, now);
        lastArrival = now;
        latest[samples++ % SAMPLES] = nanos;
        if (draining) {
            draining = now < drainEnd;
        } else if (now >= drainDue) {
            draining = true;
            window = filling(0, waiting());
            drained = Math.max(MIN_BYTES, window * 7 / 8);
            drainEnd = now + floor() * 5 / 4 + 2 * TARGET_NANOS;
            drainDue = drainEnd + DRAIN_EVERY_NANOS;
        } else {
            adapt(bytes, waiting(), limited);
        }
    }

    /** The time for so many bytes at a rate a quarter above that of a window in each round trip. */
    private long paceNanos(long bytes) {
        return floor() == Long.MAX_VALUE ? 0 : (long) ((double) bytes / window * (floor() + waiting()) * 4 / 5);
    }

    private void adapt(long bytes, long waiting, boolean limited) {
        if (slowStart) {
            if (waiting > TARGET_NANOS / 2) {
                slowStart = false;
                window = filling(TARGET_NANOS / 2, waiting);
            } else if (limited) {
                window = Math.min(MAX_BYTES, window + (window < QUICK_BYTES ? bytes : bytes / 4));
            }
            return;
        }
        double roundTrips = Math.min(1, (double) bytes / window);
        if (waiting > TARGET_NANOS) {
            double excess = Math.min(1, (double) (waiting - TARGET_NANOS) / TARGET_NANOS);
            window = Math.max(MIN_BYTES, window - (long) (window * roundTrips * excess / 2));
        } else if (limited) {
            double lack = 1 - (double) waiting / TARGET_NANOS;
            window = Math.min(MAX_BYTES, window + (long) (Math.min(MAX_STEP_BYTES, window / 4) * roundTrips * lack));
        }
    }

    /** What would keep bytes waiting for so long, where the window now makes them wait for so long. */
    private long filling(long wanted, long waiting) {
        double part = (double) (floor() + wanted) / (floor() + waiting);
        return Math.max(MIN_BYTES, (long) (window * Math.min(1, part)));
    }

    /** How many bytes may be on the way, a pause aside. */
    public long bytes() {
        return window;
    }

    private long floor() {
        return Math.min(floor, floorBefore);
    }

    /** How long bytes wait on the way: the least of the latest samples, since a single one may be late for other reasons. */
    private long waiting() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < Math.min(samples, SAMPLES); i++) {
            least = Math.min(least, latest[i]);
        }
        return samples == 0 ? 0 : least - floor();
    }
}
