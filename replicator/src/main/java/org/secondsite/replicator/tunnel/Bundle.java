package org.secondsite.replicator.tunnel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.replicator.Dialect;

/**
 * The connections of one session: the first, which carries control, and further ones that share the epochs with it.
 *
 * <p>Frames of streams are numbered and given to whichever connection has room, the next one in turn first: a slow one takes
 * fewer. The other end puts them in order again ({@link Reassembly}). Control frames are not numbered, go over the first
 * connection and never wait for a frame that is missing. When one connection ends, the session does: what was on it is not
 * known to have arrived, so both ends tell each other anew how far they got.
 */
final class Bundle {
    /** What may wait for a frame that another connection brings. */
    private static final long PAUSE_BYTES = 32L << 20;

    /** A connection, and the last frame that it brought. */
    private static final class Lane {
        private final TunnelConnection connection;
        private long lastSequence;

        private Lane(TunnelConnection connection) {
            this.connection = connection;
        }
    }

    private final TunnelConnection first;
    private final long session;
    private final Hello peer;
    private final Dialect dialect;
    private final List<Lane> lanes = new ArrayList<>();
    private final Reassembly reassembly = new Reassembly(PAUSE_BYTES);
    private long lastSequence;
    private int turn;
    private boolean reading = true;

    Bundle(TunnelConnection first, long session, Hello peer, Dialect dialect) {
        this.dialect = dialect;
        this.first = first;
        this.session = session;
        this.peer = peer;
        lanes.add(new Lane(first));
    }

    TunnelConnection first() {
        return first;
    }

    long session() {
        return session;
    }

    Hello peer() {
        return peer;
    }

    /** What is spoken with the peer. */
    Dialect dialect() {
        return dialect;
    }

    /** Adds a further connection; false if there is one of that number. */
    boolean add(TunnelConnection connection) {
        if (lanes.stream().anyMatch(lane -> lane.connection.number() == connection.number())) {
            return false;
        }
        lanes.add(new Lane(connection));
        return true;
    }

    boolean has(TunnelConnection connection) {
        return lane(connection) != null;
    }

    private Lane lane(TunnelConnection connection) {
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).connection.equals(connection)) {
                return lanes.get(i);
            }
        }
        return null;
    }

    int connections() {
        return lanes.size();
    }

    long bytesPerSecond() {
        return lanes.stream()
                .mapToLong(lane -> lane.connection.bytesPerSecond())
                .sum();
    }

    // ---- sending

    /** Writes a frame that belongs to no stream, or answers one, ahead of everything that waits. */
    void control(TunnelFrame frame) {
        first.write(frame);
        first.flush();
    }

    /** The connection that takes the next frame of a stream, or null if none has room. */
    private TunnelConnection next() {
        for (int i = 0; i < lanes.size(); i++) {
            turn = (turn + 1) % lanes.size();
            TunnelConnection connection = lanes.get(turn).connection;
            if (connection.takesMore()) {
                return connection;
            }
        }
        return null;
    }

    boolean takesMore() {
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).connection.takesMore()) {
                return true;
            }
        }
        return false;
    }

    /** Writes a frame of a stream, whether there is room or not. */
    void write(TunnelFrame frame) {
        TunnelConnection room = next();
        (room == null ? first : room).write(frame.at(++lastSequence));
    }

    /** Writes a frame of a large epoch, about which {@link #ask} is to follow. */
    void writeLarge(TunnelFrame frame) {
        TunnelConnection room = next();
        (room == null ? first : room).writeLarge(frame.at(++lastSequence));
    }

    /** Asks for the arrival of all that was written of large epochs. */
    void ask(long now) {
        for (int i = 0; i < lanes.size(); i++) {
            lanes.get(i).connection.ask(now);
        }
    }

    void flush() {
        for (int i = 0; i < lanes.size(); i++) {
            lanes.get(i).connection.flush();
        }
    }

    // ---- receiving

    /** What is done with a frame whose turn it is. Returns what is wrong with it, or null. */
    interface Handler {
        Reset handle(TunnelFrame frame, long now);
    }

    /** Takes a numbered frame, which the caller releases, and hands on all whose turn it is. */
    Reset receive(TunnelConnection from, TunnelFrame frame, long now, Handler handler) {
        Lane lane = lane(from);
        lane.lastSequence = Math.max(lane.lastSequence, frame.sequence());
        Optional<Reset> fault = reassembly.add(frame);
        if (fault.isPresent()) {
            return fault.get();
        }
        frame.payload().retain();
        boolean crowded = reassembly.isCrowded();
        for (TunnelFrame due = reassembly.poll(); due != null; due = reassembly.poll()) {
            try {
                Reset wrong = handler.handle(due, now);
                if (wrong != null) {
                    return wrong;
                }
            } finally {
                due.payload().release();
            }
        }
        if (crowded || reassembly.isCrowded()) {
            regulate(now);
        }
        return null;
    }

    /** Stops or starts the reading of all connections. */
    void setReading(boolean on, long now) {
        reading = on;
        regulate(now);
    }

    private void regulate(long now) {
        for (Lane lane : lanes) {
            lane.connection.setReading(
                    reading && !(reassembly.isCrowded() && reassembly.isAhead(lane.lastSequence)), now);
        }
    }

    // ---- the end

    /** Ends the session and lets the peer know why. */
    void close(Reset reset, long now) {
        first.close(reset, now);
    }

    /** The first connection is over: so are the others. */
    void over(Reset reset, long now) {
        reassembly.clear();
        for (Lane lane : List.copyOf(lanes)) {
            lane.connection.close(reset, now);
        }
    }
}
