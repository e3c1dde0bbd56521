package org.secondsite.lab.wan;

import static org.secondsite.lab.wan.Impairment.BLACKHOLE;
import static org.secondsite.lab.wan.Impairment.CORRUPT;
import static org.secondsite.lab.wan.Impairment.DELAY_MS;
import static org.secondsite.lab.wan.Impairment.DUPLICATE;
import static org.secondsite.lab.wan.Impairment.JITTER_MS;
import static org.secondsite.lab.wan.Impairment.LOSS;
import static org.secondsite.lab.wan.Impairment.MTU;
import static org.secondsite.lab.wan.Impairment.QUEUE_KIB;
import static org.secondsite.lab.wan.Impairment.RATE_MBIT;
import static org.secondsite.lab.wan.Impairment.REORDER;
import static org.secondsite.lab.wan.Impairment.REORDER_MS;

import java.util.random.RandomGenerator;

/**
 * One direction between two ports: first loss, then the MTU, then the serialiser (rate and its queue), then the way (delay and
 * jitter). Whom the MTU stops is told by the way back, so the narrow hop is just before the far port.
 *
 * <p>The serialiser needs no queue of its own. It is a time, {@code serialiserFreeAtNanos}; what waits is the time from now to
 * then, times the rate.
 */
final class WanLink {
    private static final int ETHERNET_HEADER_BYTES = 14;

    final String from;
    final String to;
    final int toPort;
    private final RandomGenerator random;
    private WanLink back;
    private LinkConditions conditions = LinkConditions.PERFECT;
    private long serialiserFreeAtNanos = Long.MIN_VALUE;
    private long lastArrivalNanos = Long.MIN_VALUE;

    private long offered;
    private long delivered;
    private long deliveredBytes;
    private long cut;
    private long lost;
    private long tooBig;
    private long tooBigTold;
    private long overflowed;
    private long duplicated;
    private long corrupted;
    private long reordered;
    private long inFlight;

    WanLink(String from, String to, int toPort, RandomGenerator random) {
        this.from = from;
        this.to = to;
        this.toPort = toPort;
        this.random = random;
    }

    /** The opposite direction. */
    void pair(WanLink opposite) {
        back = opposite;
    }

    LinkConditions conditions() {
        return conditions;
    }

    /** From the next frame on; a cut also takes what is on the way. */
    void change(LinkConditions changed) {
        conditions = changed;
    }

    /** Takes over the frame: schedules it, or drops it and gives its slot back. */
    void offer(int slot, int lengthBytes, long nowNanos, FramePool pool, WanSchedule schedule) {
        offered++;
        if (conditions.isCut()) {
            cut++;
            pool.release(slot);
            return;
        }
        if (happens(LOSS)) {
            lost++;
            pool.release(slot);
            return;
        }
        int mtuBytes = (int) conditions.get(MTU);
        if (mtuBytes != 0 && lengthBytes - ETHERNET_HEADER_BYTES > mtuBytes) {
            tooBig++;
            tell(slot, lengthBytes, mtuBytes, nowNanos, pool, schedule);
            pool.release(slot);
            return;
        }
        long sentNanos = serialise(lengthBytes, nowNanos);
        if (sentNanos == Long.MAX_VALUE) {
            overflowed++;
            pool.release(slot);
            return;
        }
        if (happens(CORRUPT) && lengthBytes > ETHERNET_HEADER_BYTES) {
            corrupted++;
            pool.flipBit(slot, random.nextInt(ETHERNET_HEADER_BYTES, lengthBytes), random.nextInt(8));
        }
        long arrivalNanos = arrival(sentNanos);
        if (happens(DUPLICATE)) {
            int copy = pool.copyOf(slot, lengthBytes);
            if (copy != FramePool.NONE) {
                duplicated++;
                send(copy, lengthBytes, arrivalNanos, schedule);
            }
        }
        send(slot, lengthBytes, arrivalNanos, schedule);
    }

    private void tell(int slot, int lengthBytes, int mtuBytes, long nowNanos, FramePool pool, WanSchedule schedule) {
        int answer = happens(BLACKHOLE) ? FramePool.NONE : pool.take();
        if (answer == FramePool.NONE) {
            return;
        }
        int answerBytes = PacketTooBig.answer(pool.bytes(slot), lengthBytes, mtuBytes, pool.bytes(answer));
        if (answerBytes == 0) {
            pool.release(answer);
            return;
        }
        tooBigTold++;
        back.offer(answer, answerBytes, nowNanos, pool, schedule);
    }

    private void send(int slot, int lengthBytes, long arrivalNanos, WanSchedule schedule) {
        inFlight++;
        schedule.add(arrivalNanos, this, slot, lengthBytes);
    }

    /** The time at which the last bit is on the wire, or MAX_VALUE if the queue has no room. */
    private long serialise(int lengthBytes, long nowNanos) {
        double rateBitsPerNano = conditions.get(RATE_MBIT) * 1e-3;
        if (rateBitsPerNano == 0) {
            return nowNanos;
        }
        long startNanos = Math.max(nowNanos, serialiserFreeAtNanos);
        double waitingBytes = (startNanos - nowNanos) * rateBitsPerNano / 8;
        if (waitingBytes + lengthBytes > conditions.get(QUEUE_KIB) * 1024) {
            return Long.MAX_VALUE;
        }
        serialiserFreeAtNanos = startNanos + Math.round(lengthBytes * 8 / rateBitsPerNano);
        return serialiserFreeAtNanos;
    }

    private long arrival(long sentNanos) {
        long jitterNanos = conditions.nanos(JITTER_MS);
        long onTheWayNanos = conditions.nanos(DELAY_MS) + (jitterNanos == 0 ? 0 : random.nextLong(jitterNanos + 1));
        if (happens(REORDER)) {
            reordered++;
            return sentNanos + onTheWayNanos + conditions.nanos(REORDER_MS);
        }
        // A path varies in delay without overtaking; a lowered delay must not overtake either.
        lastArrivalNanos = Math.max(lastArrivalNanos, sentNanos + onTheWayNanos);
        return lastArrivalNanos;
    }

    private boolean happens(Impairment share) {
        double value = conditions.get(share);
        return value > 0 && random.nextDouble() < value;
    }

    /** A frame of this link is due. Says whether it gets through. */
    boolean arrives(int lengthBytes) {
        inFlight--;
        if (conditions.isCut()) {
            cut++;
            return false;
        }
        delivered++;
        deliveredBytes += lengthBytes;
        return true;
    }

    void noRoom() {
        offered++;
        overflowed++;
    }

    LinkCounters counters() {
        return new LinkCounters(
                offered,
                delivered,
                deliveredBytes,
                cut,
                lost,
                tooBig,
                tooBigTold,
                overflowed,
                duplicated,
                corrupted,
                reordered,
                inFlight);
    }
}
