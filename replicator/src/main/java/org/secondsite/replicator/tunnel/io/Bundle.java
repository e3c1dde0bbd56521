package org.secondsite.replicator.tunnel.io;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.Reassembly;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelFrame;

/**
 * The connections of one session: the first, which carries control, and further ones that share the epochs with it.
 *
 * <p>Frames of streams are numbered and given to whichever connection has room, the next one in turn first: a slow one takes
 * fewer. The other end puts them in order again ({@link Reassembly}). Control frames are not numbered, go over the first
 * connection and never wait for a frame that is missing. When one connection ends, the session does: what was on it is not
 * known to have arrived, so both ends tell each other anew how far they got.
 *
 * <p>Event thread only.
 */
final class Bundle {
    /** What may wait for a frame that another connection brings. */
    private static final long PAUSE_BYTES = 32L << 20;

    /** A connection, and the last frame that it brought. */
    private static final class Lane {
        private final Link link;
        private long lastSequence;

        private Lane(Link link) {
            this.link = link;
        }
    }

    private final Link first;
    private final long session;
    private final Hello peer;
    private final List<Lane> lanes = new ArrayList<>();
    private final Reassembly reassembly = new Reassembly(PAUSE_BYTES);
    private long lastSequence;
    private int turn;
    private boolean reading = true;

    Bundle(Link first, long session, Hello peer) {
        this.first = first;
        this.session = session;
        this.peer = peer;
        lanes.add(new Lane(first));
    }

    Link first() {
        return first;
    }

    long session() {
        return session;
    }

    Hello peer() {
        return peer;
    }

    /** Adds a further connection; false if there is one of that number. */
    boolean add(Link link) {
        if (lanes.stream().anyMatch(lane -> lane.link.number() == link.number())) {
            return false;
        }
        lanes.add(new Lane(link));
        return true;
    }

    boolean has(Link link) {
        return lanes.stream().anyMatch(lane -> lane.link.equals(link));
    }

    int connections() {
        return lanes.size();
    }

    long bytesPerSecond() {
        return lanes.stream().mapToLong(lane -> lane.link.bytesPerSecond()).sum();
    }

    // ---- sending

    /** Writes a frame that belongs to no stream, or answers one, ahead of everything that waits. */
    void control(TunnelFrame frame) {
        first.write(frame);
    }

    /** The connection that takes the next frame of a stream, or null if none has room. */
    private Link next() {
        for (int i = 0; i < lanes.size(); i++) {
            turn = (turn + 1) % lanes.size();
            Link link = lanes.get(turn).link;
            if (link.isWritable()) {
                return link;
            }
        }
        return null;
    }

    boolean isWritable() {
        return lanes.stream().anyMatch(lane -> lane.link.isWritable());
    }

    /** Writes a frame of a stream, whether there is room or not. */
    void write(TunnelFrame frame) {
        Link room = next();
        (room == null ? first : room).write(frame.at(++lastSequence));
    }

    /** Writes a frame of a large epoch, about which {@link #ask} is to follow. */
    void writeLarge(TunnelFrame frame) {
        Link room = next();
        (room == null ? first : room).writeLarge(frame.at(++lastSequence));
    }

    /** Asks for the arrival of all that was written of large epochs. */
    void ask() {
        lanes.forEach(lane -> lane.link.ask());
    }

    void flush() {
        lanes.forEach(lane -> lane.link.flush());
    }

    // ---- receiving

    /** What is done with a frame whose turn it is. Returns what is wrong with it, or null. */
    interface Handler {
        Reset handle(TunnelFrame frame);
    }

    /** Takes a numbered frame, which the caller releases, and hands on all whose turn it is. */
    Reset receive(Link from, TunnelFrame frame, Handler handler) {
        for (Lane lane : lanes) {
            if (lane.link.equals(from)) {
                lane.lastSequence = Math.max(lane.lastSequence, frame.sequence());
            }
        }
        Optional<Reset> fault = reassembly.add(frame);
        if (fault.isPresent()) {
            return fault.get();
        }
        frame.payload().retain();
        boolean crowded = reassembly.isCrowded();
        for (TunnelFrame due = reassembly.poll(); due != null; due = reassembly.poll()) {
            try {
                Reset wrong = handler.handle(due);
                if (wrong != null) {
                    return wrong;
                }
            } finally {
                due.payload().release();
            }
        }
        if (crowded || reassembly.isCrowded()) {
            regulate();
        }
        return null;
    }

    /** Stops or starts the reading of all connections. */
    void setReading(boolean on) {
        reading = on;
        regulate();
    }

    private void regulate() {
        for (Lane lane : lanes) {
            lane.link.setReading(reading && !(reassembly.isCrowded() && reassembly.isAhead(lane.lastSequence)));
        }
    }

    // ---- the end

    /** Ends the session and lets the peer know why. */
    void close(Reset reset) {
        first.close(reset);
    }

    /** The first connection is over: so are the others. */
    void over(Reset reset) {
        reassembly.clear();
        for (Lane lane : List.copyOf(lanes)) {
            lane.link.close(reset);
        }
    }
}
