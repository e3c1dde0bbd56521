package org.secondsite.replicator.tunnel.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.TunnelSink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gets TCP connections with the peer: listens, and connects when it is told to. Runs on the tunnel's event thread. */
final class Connections implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    /** Until the link knows how fast the way is. */
    private static final WriteBufferWaterMark WRITE_BUFFER = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private static final long KERNEL_UNSENT_BYTES = 128 << 10;

    /** RFC 4821 §7.2, and what Linux takes too: every path of these days lets packets of this size through. */
    private static final int SMALL_SEGMENT_BYTES = 1024;

    /** See tcp(7). Both ends of a connection keep to what the one that opens it asks for. */
    private static final int IPPROTO_TCP = 6;

    private static final int TCP_CONGESTION = 13;
    private static final ChannelOption<Integer> TCP_MAXSEG = new IntegerUnixChannelOption("TCP_MAXSEG", IPPROTO_TCP, 2);

    /** Inbound connections; more than this many at a time are turned away: a session, the one before, and strangers. */
    private static final int MAX_PENDING = 3 * Hello.MAX_CONNECTIONS;

    /** The shortest time for a SYN and its answer; a silent path is tried anew after that. */
    private static final int MIN_CONNECT_MS = 500;

    private final TunnelSettings settings;
    private final EventLoopGroup loop;
    private final LinkMaker links;
    private final FailureListener failures;
    private Channel server;
    private int pending;
    private TunnelSink.Segments lastSegments = TunnelSink.Segments.USUAL;
    private boolean closed;

    /** Makes the handlers of new connections. */
    interface LinkMaker {
        /** For one that this end opens. */
        Link dialled(int number);

        /** For one that the other end opened. */
        Link accepted();
    }

    /** Is told of connections that did not even get a link. */
    interface FailureListener {
        /** This end cannot open one. */
        void undialled(int number, Reset reset);

        /** One that the other end opened was closed at once. */
        void turnedAway(Reset reset);
    }

    /** Opens nothing yet. */
    Connections(TunnelSettings settings, EventLoopGroup loop, LinkMaker links, FailureListener failures) {
        this.settings = settings;
        this.loop = loop;
        this.links = links;
        this.failures = failures;
    }

    /**
     * Starts to listen.
     *
     * @return the address, with the port that was got
     * @throws IOException if the address cannot be had
     */
    InetSocketAddress listen() throws IOException {
        probeCongestion();
        ChannelFuture bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_BUFFER)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES)
                .childOption(EpollChannelOption.TCP_USER_TIMEOUT, userTimeoutMs())
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        setCongestion(channel);
                        accept(channel);
                    }
                })
                .bind(settings.listen())
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("the tunnel cannot listen on " + settings.listen(), bound.cause());
        }
        server = bound.channel();
        return (InetSocketAddress) server.localAddress();
    }

    /** Finds out whether the kernel takes the congestion control before anything depends on it. */
    private void probeCongestion() throws IOException {
        EpollSocketChannel probe = new EpollSocketChannel();
        try {
            setCongestion(probe);
        } catch (ChannelException e) {
            throw new IOException(
                    "TCP congestion control '" + settings.congestion().orElse("") + "' cannot be had: "
                            + TunnelTls.message(TunnelTls.root(e)),
                    e);
        } finally {
            probe.unsafe().closeForcibly();
        }
    }

    private void setCongestion(Channel channel) {
        settings.congestion().ifPresent(name -> {
            byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
            channel.config()
                    .setOption(
                            new RawUnixChannelOption("TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION, bytes.length),
                            ByteBuffer.wrap(bytes));
        });
    }

    /** The kernel's own end of a connection (RFC 5482) comes later than ours, which knows more. */
    private int userTimeoutMs() {
        return settings.timing().patienceMs() + settings.timing().silenceMs();
    }

    /**
     * Connects now.
     *
     * @param number 0 for the first connection of a session, else a further one of the present session
     */
    void connect(int number, TunnelSink.Segments segments) {
        if (closed || loop.isShuttingDown()) {
            return;
        }
        SslContext tls;
        try {
            tls = TunnelTls.context(settings.tls(), true);
        } catch (IOException e) {
            failures.undialled(number, new Reset(ResetCode.HANDSHAKE, e.getMessage()));
            return;
        }
        if (segments == TunnelSink.Segments.SMALL && lastSegments != segments) {
            LOG.warn(
                    "the way to {} seems to swallow long packets: it gets segments of {} bytes",
                    settings.peer(),
                    SMALL_SEGMENT_BYTES);
        }
        lastSegments = segments;
        Bootstrap bootstrap = new Bootstrap();
        if (segments == TunnelSink.Segments.SMALL) {
            bootstrap.option(TCP_MAXSEG, SMALL_SEGMENT_BYTES);
        }
        var _ = bootstrap
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_BUFFER)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(EpollChannelOption.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES)
                .option(EpollChannelOption.TCP_USER_TIMEOUT, userTimeoutMs())
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.max(MIN_CONNECT_MS, settings.timing().silenceMs()))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        setCongestion(channel);
                        channel.pipeline().addLast(tls.newHandler(channel.alloc()), links.dialled(number));
                    }
                })
                .connect(settings.connect())
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        LOG.debug("cannot connect to {}: {}", settings.connect(), TunnelTls.message(done.cause()));
                    }
                });
    }

    private void accept(Channel channel) {
        if (closed) {
            var _ = channel.close();
            return;
        }
        if (pending >= MAX_PENDING) {
            failures.turnedAway(new Reset(ResetCode.HANDSHAKE, "more than " + MAX_PENDING + " connections at a time"));
            var _ = channel.close();
            return;
        }
        try {
            SslContext tls = TunnelTls.context(settings.tls(), false);
            channel.pipeline().addLast(tls.newHandler(channel.alloc()), links.accepted());
            pending++;
            channel.closeFuture().addListener(closing -> pending--);
        } catch (IOException e) {
            failures.turnedAway(new Reset(ResetCode.HANDSHAKE, e.getMessage()));
            var _ = channel.close();
        }
    }

    @Override
    public void close() {
        closed = true;
        if (server != null) {
            var _ = server.close();
        }
    }
}
