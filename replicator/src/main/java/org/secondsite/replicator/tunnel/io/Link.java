package org.secondsite.replicator.tunnel.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.secondsite.replicator.tunnel.FirstFrame;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.RateEstimate;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelSettings;

/**
 * One TCP connection with the peer, from its TLS handshake to its end.
 *
 * <pre>
 * SECURING --certificate right--> GREETING --hello right, the first of a session--> RESUMING --resume--> OPEN --> CLOSED
 *                                     +-----hello right, a further one--------------------------------^
 *    each of them --close, silence, fault--> CLOSED
 * </pre>
 *
 * <p>Everything runs on the tunnel's event thread. Nothing here waits: what the peer does not take stays in a buffer of bounded
 * size, and a peer that says nothing is given up.
 */
final class Link extends ByteToMessageDecoder {
    private enum Phase {
        SECURING,
        GREETING,
        RESUMING,
        OPEN,
        CLOSED
    }

    /** What a link tells the tunnel. */
    interface Owner {
        /** The peer proved who it is and can be talked to. Returns what it shall be told. */
        Resume greeted(Link link, Hello hello);

        /** The peer proved who it is, and this is to be a further connection. Returns why it cannot be one, or null. */
        Reset joining(Link link, Hello hello);

        /** A further connection is open. */
        void joined(Link link);

        /** The peer said what it has: the link is open. */
        void resumed(Link link, Resume resume);

        /** A frame of an open link; the payload is released by the link. Returns what is wrong with it, or null. */
        Reset frame(Link link, TunnelFrame frame);

        /** There is room to write again. */
        void writable(Link link);

        /** Something came. */
        void heard(long nanoTime);

        /** When the peer was last heard beside its connections. */
        long heardBesideNanos();

        /** A round trip on the first connection took so long. */
        void roundTrip(long nanos);

        /** Bytes of large epochs are there, and their answer came so long after they were written. */
        void arrived(Link link, long bytes, long nanos);

        /** It is over. Called once, whatever happened before. */
        void ended(Link link, Reset reset);
    }

    /** More than a peer that lives can leave unread of the frames that are not subject to back-pressure. */
    private static final int MAX_PENDING_BYTES = 16 << 20;

    /** What may wait in front of a control frame, here and again as much in the kernel. */
    private static final int BUFFERED_MS = 15;

    private static final int MIN_BUFFERED_BYTES = 64 << 10;
    private static final int MAX_BUFFERED_BYTES = 4 << 20;

    /** A hostile or dead opposite end may take so long to become a peer, at most. */
    private static final int MIN_SETUP_MS = 3000;

    /** A heartbeat that follows so many bytes of large epochs, and the time that it carries. */
    private record Question(long clock, long bytes) {}

    private final TunnelSettings settings;
    private final Hello hello;
    private final boolean outbound;
    private final Owner owner;
    private Channel channel;
    private int number;
    private boolean wasOpen;
    private boolean late;
    private ScheduledFuture<?> setupTimer;
    private ScheduledFuture<?> heartbeat;
    private Phase phase = Phase.SECURING;
    private long lastHeardNanos;
    private final RateEstimate rate = new RateEstimate();
    private long writtenBytes;
    private long takenBefore;
    private long adaptedNanos;
    private boolean wasFull;

    /** Of large epochs, written since the last question. */
    private long largeBytes;

    private final Deque<Question> questions = new ArrayDeque<>();

    Link(TunnelSettings settings, Hello hello, boolean outbound, Owner owner) {
        this.settings = settings;
        this.hello = hello;
        this.outbound = outbound;
        this.owner = owner;
        // Records that make up a frame are not copied together: the frame's payload is what they were decrypted into.
        setCumulator(COMPOSITE_CUMULATOR);
    }

    /** Whether this end opened the connection. */
    boolean isOutbound() {
        return outbound;
    }

    boolean isOpen() {
        return phase == Phase.OPEN;
    }

    /** Whether it ever was: then its end is a break, not a rejection. */
    boolean wasOpen() {
        return wasOpen;
    }

    /** Whether it ended because it did not come about in time. */
    boolean isLate() {
        return late;
    }

    /** 0 for the first connection of a session, as soon as the peer was heard. */
    int number() {
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

    boolean isWritable() {
        return phase == Phase.OPEN && channel.isWritable();
    }

    /** Stops or starts reading from the peer: the only back-pressure that reaches it. */
    void setReading(boolean reading) {
        if (reading && !channel.config().isAutoRead()) {
            lastHeardNanos = System.nanoTime();
        }
        channel.config().setAutoRead(reading);
    }

    /** Writes a frame without flushing. Takes over the payload. */
    void write(TunnelFrame frame) {
        if (phase == Phase.CLOSED) {
            frame.payload().release();
            return;
        }
        writtenBytes += TunnelFrame.HEADER_BYTES + frame.payload().readableBytes();
        var _ = channel.write(frame.encodeHeader(channel.alloc()), channel.voidPromise());
        if (frame.payload().isReadable()) {
            var _ = channel.write(frame.payload(), channel.voidPromise());
        } else {
            frame.payload().release();
        }
    }

    /** Writes a frame of a large epoch, about which {@link #ask} is to follow. Takes over the payload. */
    void writeLarge(TunnelFrame frame) {
        largeBytes += frame.payload().readableBytes();
        write(frame);
    }

    /** Asks for the arrival of what was written of large epochs since the last question: the peer echoes any heartbeat. */
    void ask() {
        if (largeBytes > 0 && phase == Phase.OPEN) {
            long clock = System.nanoTime();
            questions.addLast(new Question(clock, largeBytes));
            largeBytes = 0;
            write(TunnelFrame.control(
                    FrameType.HEARTBEAT,
                    channel.alloc().directBuffer(Long.BYTES).writeLong(clock)));
        }
    }

    void flush() {
        if (phase != Phase.CLOSED) {
            channel.flush();
        }
    }

    /** Done when the connection is closed, which is soon after {@link #close} in any case. */
    Future<?> closed() {
        return channel.closeFuture();
    }

    /** Ends the connection and lets the peer know why. */
    void close(Reset reset) {
        if (phase == Phase.CLOSED) {
            return;
        }
        if (reset.code() == ResetCode.SILENCE) {
            // What a silent peer did not take in time must not reach it later, when the world has gone on without it.
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        if (phase != Phase.SECURING) {
            byte[] reason = reset.reason().getBytes(StandardCharsets.UTF_8);
            ByteBuf payload = channel.alloc().directBuffer();
            payload.writeByte(reset.code().code()).writeBytes(reason, 0, Math.min(reason.length, 1024));
            write(TunnelFrame.control(FrameType.GOODBYE, payload));
            channel.flush();
            // The peer closes when it has read the farewell: a close from here could make the kernel throw it away.
            var _ = channel.eventLoop().schedule(this::cut, settings.timing().heartbeatMs(), TimeUnit.MILLISECONDS);
        } else {
            var _ = channel.close();
        }
        finish(reset);
    }

    private void cut() {
        var _ = channel.close();
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        lastHeardNanos = System.nanoTime();
        adaptedNanos = lastHeardNanos;
        int setupMs = Math.max(MIN_SETUP_MS, 3 * settings.timing().silenceMs());
        setupTimer = context.executor()
                .schedule(
                        () -> {
                            late = true;
                            close(new Reset(ResetCode.HANDSHAKE, phase + " took more than " + setupMs + " ms"));
                        },
                        setupMs,
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent done && phase == Phase.SECURING) {
            if (!done.isSuccess()) {
                close(failure(done.cause()));
                return;
            }
            phase = Phase.GREETING;
            String name = TunnelTls.commonName(
                    context.pipeline().get(SslHandler.class).engine().getSession());
            if (!name.equals(settings.peer().name())) {
                close(new Reset(
                        ResetCode.IDENTITY,
                        "the certificate is of '" + name + "', the peer is site '" + settings.peer() + "'"));
                return;
            }
            write(TunnelFrame.control(FrameType.HELLO, hello.encode(channel.alloc())));
            flush();
        }
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        while (phase != Phase.CLOSED) {
            switch (phase == Phase.GREETING ? FirstFrame.decode(in, hello) : TunnelFrame.decode(in)) {
                case TunnelFrame.Decoded.NeedMore() -> {
                    return;
                }
                case TunnelFrame.Decoded.Message(TunnelFrame frame) -> {
                    try {
                        heard();
                        Reset fault = accept(frame);
                        if (fault != null) {
                            close(fault);
                        }
                    } finally {
                        frame.payload().release();
                    }
                }
                case Reset reset -> close(reset);
            }
        }
        in.skipBytes(in.readableBytes());
    }

    private Reset accept(TunnelFrame frame) {
        return switch (frame.type()) {
            case HELLO -> acceptHello(frame);
            case RESUME -> acceptResume(frame);
            case GOODBYE -> {
                int code = frame.payload().readUnsignedByte();
                finish(new Reset(ResetCode.of(code), "the peer said: " + printable(frame.payload())));
                var _ = channel.close();
                yield null;
            }
            case HEARTBEAT -> {
                write(TunnelFrame.control(FrameType.ECHO, frame.payload().retain()));
                flush();
                yield null;
            }
            case ECHO -> {
                echoed(frame.payload().readLong());
                yield null;
            }
            default ->
                phase == Phase.OPEN
                        ? owner.frame(this, frame)
                        : new Reset(ResetCode.ORDER, frame.type() + " while " + phase);
        };
    }

    private void echoed(long clock) {
        long nanos = System.nanoTime() - clock;
        Question oldest = questions.peekFirst();
        if (oldest != null && oldest.clock() == clock) {
            questions.removeFirst();
            owner.arrived(this, oldest.bytes(), nanos);
        } else if (number == 0) {
            owner.roundTrip(nanos);
        }
    }

    private Reset acceptHello(TunnelFrame frame) {
        if (phase != Phase.GREETING) {
            return new Reset(ResetCode.ORDER, "HELLO while " + phase);
        }
        Hello other = Hello.decode(frame.payload()).orElse(null);
        if (other == null) {
            return new Reset(ResetCode.PAYLOAD, "a malformed HELLO");
        }
        Reset objection = hello.objection(other).orElse(null);
        if (objection != null) {
            return objection;
        }
        if (outbound != settings.connects()) {
            return new Reset(ResetCode.ORDER, "it is for site " + settings.self() + " to connect");
        }
        number = outbound ? hello.connection() : other.connection();
        if (number != 0) {
            Reset refusal = owner.joining(this, other);
            if (refusal == null) {
                opened();
                owner.joined(this);
            }
            return refusal;
        }
        phase = Phase.RESUMING;
        Resume resume = owner.greeted(this, other);
        write(TunnelFrame.control(FrameType.RESUME, resume.encode(channel.alloc())));
        flush();
        return null;
    }

    private Reset acceptResume(TunnelFrame frame) {
        if (phase != Phase.RESUMING) {
            return new Reset(ResetCode.ORDER, "RESUME while " + phase);
        }
        Resume resume = Resume.decode(frame.payload()).orElse(null);
        if (resume == null) {
            return new Reset(ResetCode.PAYLOAD, "a malformed RESUME");
        }
        opened();
        owner.resumed(this, resume);
        return null;
    }

    private void opened() {
        phase = Phase.OPEN;
        wasOpen = true;
        setupTimer.cancel(false);
        int everyMs = settings.timing().heartbeatMs();
        heartbeat = channel.eventLoop().scheduleAtFixedRate(this::beat, 0, everyMs, TimeUnit.MILLISECONDS);
    }

    private void beat() {
        adaptBuffers();
        long now = System.nanoTime();
        long silenceMs = TimeUnit.NANOSECONDS.toMillis(now - lastHeardNanos);
        long besideMs = TimeUnit.NANOSECONDS.toMillis(now - owner.heardBesideNanos());
        if (channel.config().isAutoRead() && settings.timing().isOver(silenceMs, besideMs)) {
            close(new Reset(ResetCode.SILENCE, "nothing was heard for " + silenceMs + " ms"));
            return;
        }
        if (pendingBytes() > MAX_PENDING_BYTES) {
            close(new Reset(ResetCode.SILENCE, "the peer leaves " + MAX_PENDING_BYTES + " bytes unread"));
            return;
        }
        // What waits to be written is a sign of life itself, once it gets through.
        if (channel.isWritable()) {
            ByteBuf clock = channel.alloc().directBuffer(Long.BYTES).writeLong(System.nanoTime());
            write(TunnelFrame.control(FrameType.HEARTBEAT, clock));
            flush();
        }
    }

    /**
     * Lets as much wait in front of a control frame as the way takes in {@value #BUFFERED_MS} ms: less would leave a fast one
     * idle, more would hold up heartbeats and answers on a slow one.
     */
    private void adaptBuffers() {
        long now = System.nanoTime();
        long pendingBytes = pendingBytes();
        long takenBytes = writtenBytes - pendingBytes;
        rate.sample(takenBytes - takenBefore, now - adaptedNanos, wasFull);
        takenBefore = takenBytes;
        adaptedNanos = now;
        wasFull = !channel.isWritable();
        int high = Math.clamp(rate.bytesPerSecond() / 1000 * BUFFERED_MS, MIN_BUFFERED_BYTES, MAX_BUFFERED_BYTES);
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
        channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) high);
    }

    private long pendingBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }

    long bytesPerSecond() {
        return rate.bytesPerSecond();
    }

    private void heard() {
        lastHeardNanos = System.nanoTime();
        if (phase == Phase.OPEN) {
            owner.heard(lastHeardNanos);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (isWritable()) {
            owner.writable(this);
        }
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        finish(new Reset(ResetCode.BROKEN, "the connection was closed by the other end"));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        super.channelInactive(context);
        finish(new Reset(ResetCode.BROKEN, "the connection was closed by the other end"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        finish(failure(cause));
        var _ = context.close();
    }

    /** What the other end did wrong is told from what the network did. */
    private static Reset failure(Throwable cause) {
        Throwable root = TunnelTls.root(cause);
        return root instanceof SSLException || root instanceof GeneralSecurityException
                ? new Reset(TunnelTls.fault(cause), "TLS: " + TunnelTls.message(root))
                : new Reset(ResetCode.BROKEN, TunnelTls.message(root));
    }

    private void finish(Reset reset) {
        if (phase == Phase.CLOSED) {
            return;
        }
        phase = Phase.CLOSED;
        setupTimer.cancel(false);
        if (heartbeat != null) {
            heartbeat.cancel(false);
        }
        owner.ended(this, reset);
    }

    /** A peer's text goes into logs: letters, digits and signs stay, what could forge a line does not. */
    static String printable(ByteBuf text) {
        return text.readCharSequence(Math.min(text.readableBytes(), 1024), StandardCharsets.UTF_8)
                .toString()
                .replaceAll("\\p{Cntrl}", " ");
    }
}
