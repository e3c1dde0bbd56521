package org.secondsite.management.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GatewayConfig;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.rest.Restconf;
import org.secondsite.net.Strangers;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.tls.io.TlsIdentity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RESTCONF over HTTPS (RFC 8040 §2), for those whose certificate bears a name that the gateway's file knows, or who have a token.
 * Nobody else is told anything.
 *
 * <p>One event loop and four workers of its own, so whatever is asked here keeps no thread waiting that decides; the YANG module is read
 * by one of those, and who comes before that waits. What strangers can have open, and send, is bounded, and so is how many connections
 * somebody who is known has; a connection has one request in hand, the next stays in its socket.
 */
public final class HttpsServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpsServer.class);
    private static final int HANDSHAKE_MS = 10_000;
    private static final int IDLE_SECONDS = 60;
    private static final int MAX_STRANGERS = 128;
    private static final int MAX_STRANGERS_OF_ONE_ADDRESS = 32;
    private static final int MAX_CONNECTIONS_OF_ONE_NAME = 32;
    private static final int WORKERS = 4;
    private static final int MAX_LINE = 8192;
    private static final int MAX_HEADERS = 16_384;
    private static final int MAX_CHUNK = 65_536;

    /** As much as a gateway's file may have. */
    private static final int MAX_BODY = 4 << 20;

    private final GatewayConfig.Https settings;
    private final TlsIdentity tls;
    private final Optional<Tokens> tokens;
    private final CompletableFuture<Restconf> restconf;

    /** Each connection has one request in hand, so no more wait here than connections are open. */
    private final ExecutorService workers =
            Executors.newFixedThreadPool(WORKERS, new DefaultThreadFactory("management-worker", true));

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("management", true), EpollIoHandler.newFactory());
    private final Strangers<Channel> strangers = new Strangers<>(MAX_STRANGERS, MAX_STRANGERS_OF_ONE_ADDRESS);
    private final StrangersLog lines = new StrangersLog(LOG);
    private final Audit audit = new Audit();

    /** By name; of the event loop alone. */
    private final Map<String, Integer> connections = new HashMap<>();

    private Channel listening;

    private HttpsServer(GatewayConfig.Https settings, ConfigPort port) throws IOException {
        this.settings = settings;
        tokens = settings.tokens().map(Tokens::new);
        if (tokens.isPresent()) {
            tokens.get().check();
            tls = TlsIdentity.lenientServer(settings.tls());
        } else {
            tls = TlsIdentity.server(settings.tls());
        }
        restconf = CompletableFuture.supplyAsync(() -> new Restconf(YangFile.model(), port), workers);
        var _ = restconf.whenComplete((ready, failure) -> {
            if (failure != null) {
                LOG.error("nobody can be served at {}", settings.listen(), failure);
            }
        });
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be had, or a certificate's files are unusable
     */
    public static HttpsServer open(GatewayConfig.Https settings, ConfigPort port) throws IOException {
        HttpsServer server = new HttpsServer(settings, port);
        try {
            server.listen();
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private void listen() throws IOException {
        var bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .handler(new AcceptPause("management"))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                })
                .bind(settings.listen())
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("management.https: cannot listen on " + settings.listen() + ": "
                    + bound.cause().getMessage());
        }
        listening = bound.channel();
        LOG.info("RESTCONF is at https://{}/restconf", shown(address()));
    }

    /** An address as people write it, without a name. */
    static String shown(SocketAddress address) {
        String text = address.toString();
        return text.substring(text.indexOf('/') + 1);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    private void accept(Channel channel) {
        strangers
                .came(channel, ((InetSocketAddress) channel.remoteAddress()).getAddress())
                .ifPresent(oldest -> {
                    var _ = oldest.close();
                });
        channel.closeFuture().addListener(closing -> strangers.gone(channel));
        SslHandler handler = tls.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(HANDSHAKE_MS);
        Doorkeeper doorkeeper = new Doorkeeper(this);
        channel.pipeline()
                .addLast(
                        handler,
                        new IdleStateHandler(IDLE_SECONDS, 0, 0, TimeUnit.SECONDS),
                        new HttpServerCodec(MAX_LINE, MAX_HEADERS, MAX_CHUNK),
                        new FlowControlHandler(),
                        doorkeeper,
                        new HttpObjectAggregator(MAX_BODY),
                        new HttpsSession(this, doorkeeper));
    }

    /** Who somebody is; empty: nobody whom the file knows. */
    Optional<Caller> caller(String name) {
        if (settings.admins().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.ADMIN));
        } else if (settings.operators().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.OPERATOR));
        } else if (settings.viewers().contains(name)) {
            return Optional.of(new Caller(name, Caller.Role.VIEWER));
        }
        return Optional.empty();
    }

    /** Whom a request without a certificate is from, by its header (RFC 7617, RFC 6750); may wait for a disk. */
    Optional<Caller> bearer(String authorization) {
        return tokens.flatMap(file -> file.name(authorization)).flatMap(this::caller);
    }

    /** Whether somebody without a certificate may come in at all. */
    boolean takesTokens() {
        return tokens.isPresent();
    }

    /**
     * The other end is no stranger any more. On the event loop.
     *
     * @return whether it may stay: it has not too many connections already
     */
    boolean known(Channel channel, Caller caller) {
        int others = connections.getOrDefault(caller.name(), 0);
        if (others >= MAX_CONNECTIONS_OF_ONE_NAME) {
            return false;
        }
        strangers.gone(channel);
        connections.put(caller.name(), others + 1);
        channel.closeFuture().addListener(closing -> connections.merge(caller.name(), -1, Integer::sum));
        return true;
    }

    /** Writes a line whose number strangers decide. */
    void tell(String kind, String format, Object... arguments) {
        lines.tell(kind, format, arguments);
    }

    Audit audit() {
        return audit;
    }

    CompletableFuture<Restconf> restconf() {
        return restconf;
    }

    ExecutorService workers() {
        return workers;
    }

    @Override
    public void close() {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        workers.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
