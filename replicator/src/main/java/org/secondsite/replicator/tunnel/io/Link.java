package org.secondsite.replicator.tunnel.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.secondsite.net.Causes;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.tls.TlsFault;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.tunnel.RateEstimate;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelConnection;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One TCP connection with the peer: what the socket does goes to its {@link TunnelConnection}, and what that wants is done to the
 * socket. Everything runs on the tunnel's event thread.
 *
 * <p>Netty calls its handlers from within a write or a flush. What it tells then reaches the connection later, when that is not in
 * the middle of something.
 */
final class Link extends ByteToMessageDecoder implements Wire {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    /** What may wait in front of a control frame, here and again as much in the kernel. */
    private static final int BUFFERED_MS = 15;

    private static final int MIN_BUFFERED_BYTES = 64 << 10;
    private static final int MAX_BUFFERED_BYTES = 4 << 20;

    /** Makes the connection that decides. */
    interface Starter {
        TunnelConnection start(Link link, long nowNanos);
    }

    private final Starter starter;
    private final int farewellMs;
    private final Runnable proved;
    private final Life life;
    private final Runnable tellRoom = this::tellRoom;
    private Channel channel;
    private TunnelConnection connection;
    private boolean roomIsNews;
    private final RateEstimate rate = new RateEstimate();
    private long writtenBytes;
    private long takenBefore;
    private long measuredNanos;
    private boolean wasFull;

    /**
     * Not in a pipeline yet.
     *
     * @param farewellMs how long the peer has to read a farewell
     * @param life ends by what is no fault of the network
     * @param proved is called when the other end has shown the peer's certificate
     */
    Link(int farewellMs, Life life, Runnable proved, Starter starter) {
        this.life = life;
        this.farewellMs = farewellMs;
        this.proved = proved;
        this.starter = starter;
        // Records that make up a frame are not copied together: the frame's payload is what they were decrypted into.
        setCumulator(COMPOSITE_CUMULATOR);
    }

    /** Done when the connection is closed, which is soon after {@link #close} in any case. */
    Future<?> closed() {
        return channel.closeFuture();
    }

    // ---- what the socket does

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        measuredNanos = System.nanoTime();
        connection = starter.start(this, measuredNanos);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent done) {
            if (done.isSuccess()) {
                // At once: what the peer sent next may be decrypted in the same breath.
                String name = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
                connection.secured(name, System.nanoTime());
                if (connection.phase() != TunnelConnection.Phase.CLOSED) {
                    proved.run();
                }
            } else {
                broke(failure(done.cause()));
            }
        }
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        connection.read(in, System.nanoTime());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable() && !roomIsNews) {
            roomIsNews = true;
            later(tellRoom);
        }
    }

    private void tellRoom() {
        roomIsNews = false;
        connection.hasRoom(System.nanoTime());
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        broke(new Reset(ResetCode.BROKEN, "the connection was closed by the other end"));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        super.channelInactive(context);
        broke(new Reset(ResetCode.BROKEN, "the connection was closed by the other end"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (Defects.isDefect(cause)) {
            life.failed(cause);
        }
        broke(failure(cause));
    }

    private void broke(Reset reset) {
        later(() -> connection.broke(reset, System.nanoTime()));
    }

    private void later(Runnable told) {
        try {
            channel.eventLoop().execute(told);
        } catch (RejectedExecutionException closed) {
            // The tunnel is closed, and its session with it.
        }
    }

    /** What the other end did wrong is told from what the network did. */
    private static Reset failure(Throwable cause) {
        String words = Causes.words(cause);
        Throwable root = Causes.root(cause);
        if (!(root instanceof SSLException || root instanceof GeneralSecurityException)) {
            return new Reset(ResetCode.BROKEN, words);
        }
        ResetCode code =
                switch (TlsFault.of(cause)) {
                    case EXPIRED -> ResetCode.EXPIRED;
                    case REVOKED -> ResetCode.REVOKED;
                    case FOREIGN -> ResetCode.FOREIGN;
                    case HANDSHAKE -> ResetCode.HANDSHAKE;
                };
        return new Reset(code, "TLS: " + words);
    }

    // ---- what is done to the socket

    @Override
    public ByteBufAllocator allocator() {
        return channel.alloc();
    }

    @Override
    public boolean hasRoom() {
        return channel.isWritable();
    }

    @Override
    public void write(TunnelFrame frame) {
        writtenBytes += TunnelFrame.HEADER_BYTES + frame.payload().readableBytes();
        var _ = channel.write(frame.encodeHeader(channel.alloc()), channel.voidPromise());
        if (frame.payload().isReadable()) {
            var _ = channel.write(frame.payload(), channel.voidPromise());
        } else {
            frame.payload().release();
        }
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public void setReading(boolean reading) {
        channel.config().setAutoRead(reading);
    }

    /**
     * Lets as much wait in front of a control frame as the way takes in {@value #BUFFERED_MS} ms: less would leave a fast one
     * idle, more would hold up heartbeats and answers on a slow one.
     */
    @Override
    public long measure(long nowNanos) {
        long pendingBytes = pendingBytes();
        long takenBytes = writtenBytes - pendingBytes;
        rate.sample(takenBytes - takenBefore, nowNanos - measuredNanos, wasFull);
        takenBefore = takenBytes;
        measuredNanos = nowNanos;
        wasFull = !channel.isWritable();
        int high = Math.clamp(rate.bytesPerSecond() / 1000 * BUFFERED_MS, MIN_BUFFERED_BYTES, MAX_BUFFERED_BYTES);
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
        set(EpollChannelOption.TCP_NOTSENT_LOWAT, (long) high);
        return pendingBytes;
    }

    /** The kernel sets no option of a connection that has broken. That is no defect, and an event of its own follows. */
    private <T> void set(ChannelOption<T> option, T value) {
        try {
            channel.config().setOption(option, value);
        } catch (ChannelException e) {
            LOG.debug("{} cannot be set: {}", option, e.getMessage());
        }
    }

    private long pendingBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }

    @Override
    public long bytesPerSecond() {
        return rate.bytesPerSecond();
    }

    @Override
    public void close(Closing closing) {
        switch (closing) {
            case AT_ONCE -> cut();
            case AFTER_FAREWELL -> cutLater();
            case LOSING_WHAT_WAITS -> {
                set(ChannelOption.SO_LINGER, 0);
                cutLater();
            }
        }
    }

    /** The peer closes when it has read the farewell: a close from here could make the kernel throw it away. */
    private void cutLater() {
        var _ = channel.eventLoop().schedule(this::cut, farewellMs, TimeUnit.MILLISECONDS);
    }

    private void cut() {
        var _ = channel.close();
    }
}
