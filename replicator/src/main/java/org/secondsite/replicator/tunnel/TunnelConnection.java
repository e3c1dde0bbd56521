package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.Decoded;
import org.secondsite.net.PeerText;

/**
 * One connection with the peer, from its TLS handshake to its end.
 *
 * <pre>
 * SECURING --certificate right--> GREETING --hello right, the first of a session--> RESUMING --resume--> OPEN --> CLOSED
 *                                     +-----hello right, a further one--------------------------------^
 *    each of them --close, silence, fault--> CLOSED
 * </pre>
 *
 * <p>Nothing here waits: what the peer does not take stays in a buffer of bounded size, and a peer that says nothing is given up.
 * Not thread-safe; knows no socket, and no clock but the one that it is told: nanoseconds of a monotonic clock.
 */
public final class TunnelConnection {
    /** How far a connection is. */
    public enum Phase {
        /** TLS is being set up. */
        SECURING,
        /** The peer's hello is to come. */
        GREETING,
        /** The peer is to say what it has. */
        RESUMING,
        /** Frames of all kinds come and go. */
        OPEN,
        /** It is over. */
        CLOSED
    }

    /** More than a peer that lives can leave unread of the frames that are not subject to back-pressure. */
    private static final int MAX_PENDING_BYTES = 16 << 20;

    /** A hostile or dead opposite end may take so long to become a peer, at most. */
    private static final int MIN_SETUP_MS = 3000;

    private static final Reset CANNOT_VOUCH =
            new Reset(ResetCode.SILENCE, "this end does not turn round, and says nothing more");

    private static final int MAX_REASON_BYTES = 1024;
    private static final int MAX_WITHHELD = 8192;

    /** A heartbeat that follows so many bytes of large epochs, and the time that it carries. */
    private record Question(long clock, long bytes) {}

    private final TunnelSession session;
    private final TunnelSink sink;
    private final TunnelListener listener;
    private final Wire wire;
    private final Hello hello;
    private final boolean outbound;
    private final long setupDueNanos;
    private final Deque<Question> questions = new ArrayDeque<>();

    /** Heartbeats of the peer that are not echoed while this end may not claim to live. */
    private final Deque<ByteBuf> withheld = new ArrayDeque<>();

    private Phase phase = Phase.SECURING;
    private int number;
    private boolean wasOpen;
    private boolean late;
    private boolean reading = true;
    private long lastHeardNanos;

    /** Of large epochs, written since the last question. */
    private long largeBytes;

    TunnelConnection(
            TunnelSession session,
            TunnelSink sink,
            TunnelListener listener,
            Wire wire,
            Hello hello,
            boolean outbound,
            long now) {
        this.session = session;
        this.sink = sink;
        this.listener = listener;
        this.wire = wire;
        this.hello = hello;
        this.outbound = outbound;
        this.lastHeardNanos = now;
        this.setupDueNanos = now + TimeUnit.MILLISECONDS.toNanos(setupMs());
    }

    /** What this end says of itself on it. */
    Hello told() {
        return hello;
    }

    private int setupMs() {
        return Math.max(MIN_SETUP_MS, 3 * session.settings().timing().silenceMs());
    }

    // ---- what happens

    /** TLS is set up, and the peer's certificate, which is of the configured authority, is of this name. */
    public void secured(String commonName, long now) {
        if (phase != Phase.SECURING) {
            return;
        }
        become(Phase.GREETING, "the certificate is of '" + commonName + "'");
        if (!commonName.equals(session.settings().peer().name())) {
            close(
                    new Reset(
                            ResetCode.IDENTITY,
                            "the certificate is of '" + commonName + "', the peer is site '"
                                    + session.settings().peer() + "'"),
                    now);
            return;
        }
        if (!outbound && session.isCrowded()) {
            close(new Reset(ResetCode.ORDER, "the peer opens more connections than a session has"), now);
            return;
        }
        write(TunnelFrame.control(FrameType.HELLO, hello.encode(wire.allocator())));
        flush();
    }

    /** Bytes came: takes all whole frames. Takes all bytes when the connection is over. */
    public void read(ByteBuf in, long now) {
        while (phase != Phase.CLOSED) {
            switch (phase == Phase.GREETING ? FirstFrame.decode(in, hello) : TunnelFrame.decode(in)) {
                case Decoded.NeedMore<TunnelFrame, Reset>() -> {
                    return;
                }
                case Decoded.Complete<TunnelFrame, Reset>(TunnelFrame frame) -> received(frame, now);
                case Decoded.Refused<TunnelFrame, Reset>(Reset reset) -> close(reset, now);
            }
        }
        in.skipBytes(in.readableBytes());
    }

    /** A frame came. Takes over the payload. */
    public void received(TunnelFrame frame, long now) {
        try {
            if (phase == Phase.CLOSED) {
                return;
            }
            lastHeardNanos = now;
            if (phase == Phase.OPEN) {
                listener.peerHeard(now);
            }
            Reset fault = accept(frame, now);
            if (fault != null) {
                close(fault, now);
            }
        } finally {
            frame.payload().release();
        }
    }

    /** There is room to write again. */
    public void hasRoom(long now) {
        if (phase == Phase.OPEN) {
            session.hasRoom(this, now);
        }
    }

    /** The connection, or the attempt to make it, broke: there is nobody to say farewell to. */
    public void broke(Reset reset, long now) {
        if (phase != Phase.CLOSED) {
            wire.close(Wire.Closing.AT_ONCE);
            end(reset, now);
        }
    }

    /** Looks at what is due. */
    void tick(long now) {
        if (dueNanos() != Alarm.NEVER && now - setupDueNanos >= 0) {
            late = true;
            close(new Reset(ResetCode.HANDSHAKE, phase + " took more than " + setupMs() + " ms"), now);
        }
    }

    /** When {@link #tick} has something to do. */
    long dueNanos() {
        return phase == Phase.OPEN || phase == Phase.CLOSED ? Alarm.NEVER : setupDueNanos;
    }

    // ---- what is asked

    /** Whether this end opened the connection. */
    public boolean isOutbound() {
        return outbound;
    }

    /** How far it is. */
    public Phase phase() {
        return phase;
    }

    /** Whether the peer, which proved itself, opened it. */
    boolean isFromThePeer() {
        return !outbound && phase != Phase.SECURING;
    }

    /** Whether it ever was open: then its end is a break, not a rejection. */
    boolean wasOpen() {
        return wasOpen;
    }

    /** Whether it ended because it did not come about in time. */
    boolean isLate() {
        return late;
    }

    /** 0 for the first connection of a session, as soon as the peer was heard. */
    public int number() {
        return number;
    }

    /** The number that this end chose for an outbound connection. */
    int ownNumber() {
        return hello.connection();
    }

    /** The session that this end chose; it is the peer's to choose on an inbound connection. */
    long session() {
        return hello.session();
    }

    boolean takesMore() {
        return phase == Phase.OPEN && wire.hasRoom();
    }

    long bytesPerSecond() {
        return wire.bytesPerSecond();
    }

    // ---- what is done to it

    void setReading(boolean wanted, long now) {
        if (wanted != reading && phase != Phase.CLOSED) {
            if (wanted) {
                lastHeardNanos = now;
            }
            reading = wanted;
            wire.setReading(wanted);
        }
    }

    /** Writes a frame without flushing. Takes over the payload. */
    void write(TunnelFrame frame) {
        if (phase == Phase.CLOSED) {
            frame.payload().release();
        } else {
            wire.write(frame);
        }
    }

    /** Writes a frame of a large epoch, about which {@link #ask} is to follow. Takes over the payload. */
    void writeLarge(TunnelFrame frame) {
        largeBytes += frame.payload().readableBytes();
        write(frame);
    }

    /** Asks for the arrival of what was written of large epochs since the last question: the peer echoes any heartbeat. */
    void ask(long now) {
        if (largeBytes > 0 && phase == Phase.OPEN) {
            questions.addLast(new Question(now, largeBytes));
            largeBytes = 0;
            writeHeartbeat(now);
        }
    }

    void flush() {
        if (phase != Phase.CLOSED) {
            wire.flush();
        }
    }

    /** Ends the connection and lets the peer know why. */
    void close(Reset reset, long now) {
        if (phase == Phase.CLOSED) {
            return;
        }
        if (phase == Phase.SECURING) {
            wire.close(Wire.Closing.AT_ONCE);
        } else {
            byte[] reason = reset.reason().getBytes(StandardCharsets.UTF_8);
            ByteBuf payload = wire.allocator().directBuffer();
            payload.writeByte(reset.code().code()).writeBytes(reason, 0, Math.min(reason.length, MAX_REASON_BYTES));
            write(TunnelFrame.control(FrameType.GOODBYE, payload));
            flush();
            wire.close(
                    reset.code() == ResetCode.SILENCE ? Wire.Closing.LOSING_WHAT_WAITS : Wire.Closing.AFTER_FAREWELL);
        }
        end(reset, now);
    }

    // ---- the steps

    private Reset accept(TunnelFrame frame, long now) {
        return switch (frame.type()) {
            case HELLO -> acceptHello(frame, now);
            case RESUME -> acceptResume(frame, now);
            case GOODBYE -> {
                int code = frame.payload().readUnsignedByte();
                broke(new Reset(ResetCode.of(code), "the peer said: " + printable(frame.payload())), now);
                yield null;
            }
            case HEARTBEAT -> echo(frame.payload());
            case ECHO -> {
                echoed(frame.payload().readLong(), now);
                yield null;
            }
            default ->
                phase == Phase.OPEN
                        ? session.frame(this, frame, now)
                        : new Reset(ResetCode.ORDER, frame.type() + " while " + phase);
        };
    }

    private void echoed(long clock, long now) {
        long nanos = now - clock;
        Question oldest = questions.peekFirst();
        if (oldest != null && oldest.clock() == clock) {
            questions.removeFirst();
            session.arrived(this, oldest.bytes(), nanos, now);
        } else if (number == 0) {
            session.roundTrip(nanos, now);
        }
    }

    private Reset acceptHello(TunnelFrame frame, long now) {
        if (phase != Phase.GREETING) {
            return new Reset(ResetCode.ORDER, "HELLO while " + phase);
        }
        Hello other = Hello.decode(frame.payload()).orElse(null);
        if (other == null) {
            return new Reset(ResetCode.PAYLOAD, "a malformed HELLO");
        }
        Reset objection =
                session.isSilent() ? CANNOT_VOUCH : hello.objection(other).orElse(null);
        if (objection != null) {
            return objection;
        }
        if (outbound != session.settings().connects()) {
            return new Reset(
                    ResetCode.ORDER, "it is for site " + session.settings().self() + " to connect");
        }
        number = outbound ? hello.connection() : other.connection();
        if (number != 0) {
            Reset refusal = session.joining(this, other);
            if (refusal == null) {
                opened("it is connection " + number + " of the session", now);
                session.joined(now);
            }
            return refusal;
        }
        become(Phase.RESUMING, "the peer said hello");
        Resume resume = session.greeted(this, other, now);
        write(TunnelFrame.control(FrameType.RESUME, resume.encode(wire.allocator())));
        flush();
        return null;
    }

    private Reset acceptResume(TunnelFrame frame, long now) {
        if (phase != Phase.RESUMING) {
            return new Reset(ResetCode.ORDER, "RESUME while " + phase);
        }
        Resume resume = Resume.decode(frame.payload()).orElse(null);
        if (resume == null) {
            return new Reset(ResetCode.PAYLOAD, "a malformed RESUME");
        }
        opened("the peer said what it has", now);
        session.resumed(this, resume, now);
        return null;
    }

    private void opened(String reason, long now) {
        become(Phase.OPEN, reason);
        wasOpen = true;
        giveSignOfLife(now);
    }

    /** It is time for a heartbeat, and to see whether there were any from the peer. */
    void beat(long now, long heardBesideNanos) {
        if (phase != Phase.OPEN) {
            return;
        }
        long pendingBytes = wire.measure(now);
        long silenceMs = TimeUnit.NANOSECONDS.toMillis(now - lastHeardNanos);
        long besideMs = TimeUnit.NANOSECONDS.toMillis(now - heardBesideNanos);
        if (session.isSilent()) {
            close(CANNOT_VOUCH, now);
        } else if (reading && session.settings().timing().isOver(silenceMs, besideMs)) {
            close(new Reset(ResetCode.SILENCE, "nothing was heard for " + silenceMs + " ms"), now);
        } else if (pendingBytes > MAX_PENDING_BYTES) {
            close(new Reset(ResetCode.SILENCE, "the peer leaves " + MAX_PENDING_BYTES + " bytes unread"), now);
        } else {
            giveSignOfLife(now);
        }
    }

    private void giveSignOfLife(long now) {
        if (!session.claimsToLive()) {
            return;
        }
        while (!withheld.isEmpty()) {
            write(TunnelFrame.control(FrameType.ECHO, withheld.removeFirst()));
        }
        // What waits to be written is a sign of life itself, once it gets through.
        if (wire.hasRoom()) {
            writeHeartbeat(now);
        }
        flush();
    }

    private Reset echo(ByteBuf clock) {
        if (session.claimsToLive()) {
            write(TunnelFrame.control(FrameType.ECHO, clock.retain()));
            flush();
        } else if (withheld.size() < MAX_WITHHELD) {
            withheld.addLast(clock.retain());
        } else {
            return new Reset(ResetCode.ORDER, "more than " + MAX_WITHHELD + " heartbeats wait for their echoes");
        }
        return null;
    }

    private void writeHeartbeat(long now) {
        write(TunnelFrame.control(
                FrameType.HEARTBEAT, wire.allocator().directBuffer(Long.BYTES).writeLong(now)));
    }

    private void end(Reset reset, long now) {
        become(Phase.CLOSED, reset.toString());
        withheld.forEach(ByteBuf::release);
        withheld.clear();
        session.ended(this, reset, now);
    }

    /** The one place where the phase changes. */
    private void become(Phase next, String reason) {
        sink.transition(this, phase, next, reason);
        phase = next;
    }

    /** A peer's reason, as it goes into logs. */
    static String printable(ByteBuf text) {
        return PeerText.line(
                text.readCharSequence(Math.min(text.readableBytes(), MAX_REASON_BYTES), StandardCharsets.UTF_8)
                        .toString());
    }
}
