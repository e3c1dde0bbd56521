package org.secondsite.lab.client;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * One connection's incoming bytes, which have to be the lines 1, 2, 3, …, or those from any number on, in this order and nothing
 * else. The first departure from that is the stream's fault, and stays.
 */
public final class CounterStream {
    private static final long LARGEST = Long.MAX_VALUE / 10 - 1;

    private final Kind kind;
    private final int index;
    private long expected = 1;
    private long received;
    private long partial;
    private int digits;
    private long lastNanos;
    private long longestGapNanos;
    private long longestGapFromNanos;
    private String fault;

    /** What the connection is for. */
    public enum Kind {
        /** Answers each line with the next number. */
        ECHO,
        /** Sends a number every 50 ms. */
        TICK,
        /** Sends the number of each record that the disk has; begins anywhere. */
        RECORDS
    }

    /** Told of each number that came. */
    @FunctionalInterface
    public interface Listener {
        /** A whole line. */
        void received(CounterStream stream, long number, long nanoTime);
    }

    /** Begins now; the first gap is measured from here. */
    public CounterStream(Kind kind, int index, long nowNanos) {
        this.kind = kind;
        this.index = index;
        lastNanos = nowNanos;
    }

    /** What it is for. */
    public Kind kind() {
        return kind;
    }

    /** Tells connections of a kind apart. */
    public int index() {
        return index;
    }

    /** Takes in bytes, up to the first wrong one. */
    public void accept(ByteBuffer bytes, long nowNanos, Listener listener) {
        while (bytes.hasRemaining() && fault == null) {
            byte next = bytes.get();
            if (next >= '0' && next <= '9' && partial <= LARGEST) {
                partial = partial * 10 + (next - '0');
                digits++;
            } else if (next == '\n' && digits > 0) {
                number(nowNanos, listener);
            } else {
                fault = "received a byte " + (next & 0xff) + " where a number was due";
            }
        }
    }

    private void number(long nowNanos, Listener listener) {
        if (kind == Kind.RECORDS && received == 0) {
            expected = partial;
        }
        if (partial != expected) {
            fault = "received " + partial + " where " + expected + " was due";
            return;
        }
        listener.received(this, partial, nowNanos);
        expected++;
        received++;
        partial = 0;
        digits = 0;
        noteGap(nowNanos);
        lastNanos = nowNanos;
    }

    private void noteGap(long nowNanos) {
        if (nowNanos - lastNanos > longestGapNanos) {
            longestGapNanos = nowNanos - lastNanos;
            longestGapFromNanos = lastNanos;
        }
    }

    /** The connection ended, was reset or could not be made. */
    public void broken(String reason) {
        if (fault == null) {
            fault = reason;
        }
    }

    /** No more will be read: the time since the last number counts as a gap too. */
    public void end(long nowNanos) {
        noteGap(nowNanos);
    }

    /** Whole numbers received, all of them right. */
    public long received() {
        return received;
    }

    /** The last whole number; 0 if none came. */
    public long last() {
        return received == 0 ? 0 : expected - 1;
    }

    /** The longest time without a number. */
    public long longestGapNanos() {
        return longestGapNanos;
    }

    /** When the longest gap began. */
    public long longestGapFromNanos() {
        return longestGapFromNanos;
    }

    /** When the last number came, or the stream began. */
    public long lastNanos() {
        return lastNanos;
    }

    /** What went wrong first, if anything did. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }
}
