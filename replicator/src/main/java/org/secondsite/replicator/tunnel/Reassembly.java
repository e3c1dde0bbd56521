package org.secondsite.replicator.tunnel;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Puts the frames of several connections into the one order in which they were numbered.
 *
 * <p>Each connection brings its frames in order, but one may be behind another. What came early waits here. When much waits,
 * the connections that are {@link #isAhead ahead} are not read; the one that brings the frame that is missing never is, so
 * the wait ends unless that connection does, which ends the session.
 *
 * <p>Memory: what waits is bounded by {@code pauseBytes} and what each connection brings before it is found to be ahead, which is
 * a read buffer; a peer that exceeds twice {@code pauseBytes} is reset. Not thread-safe; knows no socket.
 */
public final class Reassembly {
    private final long pauseBytes;
    private final Map<Long, TunnelFrame> waiting = new HashMap<>();
    private long waitingBytes;
    private long next = 1;

    /**
     * For a new session.
     *
     * @param pauseBytes from so many bytes that wait on, connections that are ahead are not to be read
     */
    public Reassembly(long pauseBytes) {
        this.pauseBytes = pauseBytes;
    }

    /**
     * Takes a frame. Its payload is kept until {@link #poll} or {@link #clear}, and released by whoever polls it.
     *
     * @return what is wrong with it; its payload is the caller's then
     */
    public Optional<Reset> add(TunnelFrame frame) {
        long sequence = frame.sequence();
        if (sequence < next || waiting.containsKey(sequence)) {
            return Optional.of(new Reset(ResetCode.ORDER, "frame " + sequence + " came already"));
        }
        long bytes = cost(frame);
        if (sequence > next && waitingBytes + bytes > 2 * pauseBytes) {
            return Optional.of(
                    new Reset(ResetCode.ORDER, waitingBytes + " bytes wait for frame " + next + ", not " + sequence));
        }
        waiting.put(sequence, frame);
        waitingBytes += bytes;
        return Optional.empty();
    }

    /** The frame whose turn it is, or null if it is not there yet. */
    public TunnelFrame poll() {
        TunnelFrame frame = waiting.remove(next);
        if (frame != null) {
            next++;
            waitingBytes -= cost(frame);
        }
        return frame;
    }

    /** Whether so much waits that the connections that are ahead are not to be read. */
    public boolean isCrowded() {
        return waitingBytes > pauseBytes;
    }

    /** Whether a connection that brought this frame last cannot be the one that brings the missing one next. */
    public boolean isAhead(long lastSequence) {
        return lastSequence > next;
    }

    /** What waits for a missing frame, in bytes. */
    public long waitingBytes() {
        return waitingBytes;
    }

    /** Drops what waits. */
    public void clear() {
        waiting.values().forEach(frame -> frame.payload().release());
        waiting.clear();
        waitingBytes = 0;
    }

    private static long cost(TunnelFrame frame) {
        return (long) TunnelFrame.HEADER_BYTES + frame.payload().readableBytes();
    }
}
