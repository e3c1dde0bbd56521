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
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.secondsite.net.Causes;
import org.secondsite.net.Strangers;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.tls.io.TlsIdentity;
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

    /** Inbound connections that have not shown the peer's certificate. */
    private static final int MAX_STRANGERS = 64;

    private static final int MAX_STRANGERS_OF_ONE_ADDRESS = 2 * Hello.MAX_CONNECTIONS;

    /** The shortest time for a SYN and its answer; a silent path is tried anew after that. */
    private static final int MIN_CONNECT_MS = 500;

    private TunnelSettings settings;
    private final TlsIdentity dialling;
    private final TlsIdentity accepting;
    private final EventLoopGroup loop;
    private final LinkMaker links;
    private final FailureListener failures;
    private Channel server;
    private final Strangers<Channel> strangers = new Strangers<>(MAX_STRANGERS, MAX_STRANGERS_OF_ONE_ADDRESS);
    private TunnelSink.Segments lastSegments = TunnelSink.Segments.USUAL;
    private boolean closed;

    /** Makes the handlers of new connections. */
    interface LinkMaker {
        /** For one that this end opens. */
        Link dialled(int number);

        /** For one that the other end opened; it is proved when that has shown the peer's certificate. */
        Link accepted(Runnable proved);
    }

    /** Is told of connections that did not even get a link. */
    interface FailureListener {
        /** This end cannot open one. */
        void undialled(int number, Reset reset);

        /** One that the other end opened was closed at once. */
        void turnedAway(Reset reset);
    }

    /**
     * Opens nothing yet.
     *
     * @param dialling what this end shows where it connects
     * @param accepting what it shows to who connects
     */
    Connections(
            TunnelSettings settings,
            TlsIdentity dialling,
            TlsIdentity accepting,
            EventLoopGroup loop,
            LinkMaker links,
            FailureListener failures) {
        this.settings = settings;
        this.dialling = dialling;
        this.accepting = accepting;
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
        probeCongestion(settings);
        ChannelFuture bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .handler(new AcceptPause("the tunnel"))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_BUFFER)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, KERNEL_UNSENT_BYTES)
                .childOption(EpollChannelOption.TCP_USER_TIMEOUT, userTimeoutMs())
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        setCongestion(channel, settings);
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

    /** New connections have other settings from now on. On the event thread. */
    void tune(TunnelSettings others) {
        settings = others;
    }

    /** Finds out whether the kernel takes the congestion control before anything depends on it. Any thread. */
    static void probeCongestion(TunnelSettings settings) throws IOException {
        EpollSocketChannel probe = new EpollSocketChannel();
        try {
            setCongestion(probe, settings);
        } catch (ChannelException e) {
            throw new IOException(
                    "TCP congestion control '" + settings.congestion().orElse("") + "' cannot be had: "
                            + Causes.words(e),
                    e);
        } finally {
            probe.unsafe().closeForcibly();
        }
    }

    private static void setCongestion(Channel channel, TunnelSettings settings) {
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
        if (segments == TunnelSink.Segments.SMALL && lastSegments != segments) {
            LOG.warn(
                    "the way to {} seems to swallow long packets: it gets segments of {} bytes",
                    settings.peer(),
                    SMALL_SEGMENT_BYTES);
        }
        lastSegments = segments;
        Attempt attempt = new Attempt(number);
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
                .handler(attempt)
                .connect(settings.connect())
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        LOG.debug("cannot connect to {}: {}", settings.connect(), Causes.words(done.cause()));
                        attempt.failed(done.cause());
                    }
                });
    }

    /** One connection that this end opens. */
    private final class Attempt extends ChannelInitializer<Channel> {
        private final int number;
        private boolean linked;

        private Attempt(int number) {
            this.number = number;
        }

        @Override
        protected void initChannel(Channel channel) {
            setCongestion(channel, settings);
            channel.pipeline().addLast(dialling.newHandler(channel.alloc()), links.dialled(number));
            linked = true;
        }

        /** Where not even a socket could be had, as without a free file descriptor, no link tells the session. Any thread. */
        private void failed(Throwable cause) {
            if (loop.isShuttingDown()) {
                return;
            }
            loop.execute(() -> {
                if (!linked) {
                    failures.undialled(number, new Reset(ResetCode.BROKEN, Causes.words(cause)));
                }
            });
        }
    }

    private void accept(Channel channel) {
        if (closed) {
            var _ = channel.close();
            return;
        }
        InetAddress from = ((InetSocketAddress) channel.remoteAddress()).getAddress();
        strangers.came(channel, from).ifPresent(oldest -> {
            failures.turnedAway(new Reset(
                    ResetCode.HANDSHAKE,
                    "a connection of " + oldest.remoteAddress() + " that proved nothing gave way to a newer one"));
            var _ = oldest.close();
        });
        channel.closeFuture().addListener(closing -> strangers.gone(channel));
        channel.pipeline()
                .addLast(accepting.newHandler(channel.alloc()), links.accepted(() -> strangers.gone(channel)));
    }

    @Override
    public void close() {
        closed = true;
        if (server != null) {
            var _ = server.close();
        }
    }
}
