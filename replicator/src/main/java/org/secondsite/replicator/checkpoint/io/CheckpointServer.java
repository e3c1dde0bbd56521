package org.secondsite.replicator.checkpoint.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.Limits;
import org.secondsite.replicator.checkpoint.Side;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's end of the checkpoint protocol: agents connect, one connection per VM.
 *
 * <p>All connections live on one IO thread, so that the listener's calls never overlap and the order "older detached, newer
 * attached" needs no lock. What that thread does per epoch is copy and checksum pages, at some GB/s.
 */
public final class CheckpointServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointServer.class);
    private static final int CLOSE_WAIT_SECONDS = 5;

    private final CheckpointServerSettings settings;
    private final CheckpointListener listener;
    private final Life life;
    private final EventLoopGroup loop;
    /** By VM; touched on the IO thread only. */
    private final Map<VmId, ServerSession> sessions = new HashMap<>();

    private Channel listening;

    private CheckpointServer(CheckpointServerSettings settings, CheckpointListener listener, Life life) {
        this.life = life;
        loop = new LivingLoop("checkpoint-server", life, EpollIoHandler.newFactory());
        this.settings = settings;
        this.listener = listener;
    }

    /**
     * Listens, with the usual window and keepalive.
     *
     * @throws IOException if the address cannot be bound
     */
    public static CheckpointServer open(InetSocketAddress listen, Set<VmId> known, CheckpointListener listener)
            throws IOException {
        return open(CheckpointServerSettings.of(listen, known), listener);
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be bound
     */
    public static CheckpointServer open(CheckpointServerSettings settings, CheckpointListener listener)
            throws IOException {
        return open(settings, listener, Life.unwatched("checkpoint-server"));
    }

    /**
     * Listens.
     *
     * @param life ends with the server's thread
     * @throws IOException if the address cannot be bound
     */
    public static CheckpointServer open(CheckpointServerSettings settings, CheckpointListener listener, Life life)
            throws IOException {
        CheckpointServer server = new CheckpointServer(settings, listener, life);
        try {
            server.listen();
        } catch (IOException failed) {
            server.close();
            throw failed;
        }
        return server;
    }

    private void listen() throws IOException {
        var bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        CheckpointConnection.install(
                                channel, Side.GATEWAY, settings.keepaliveMs(), new Attachment(), life);
                    }
                })
                .bind(settings.listen())
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen for agents on " + settings.listen() + ": "
                    + bound.cause().getMessage());
        }
        listening = bound.channel();
        LOG.info("listening for agents on {}", address());
    }

    /** The address that is listened on. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /** Detaches every agent, without a word to the listener, and stops to listen. */
    @Override
    public void close() {
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        loop.submit(() -> sessions.values().forEach(ServerSession::silence)).awaitUninterruptibly();
        loop.shutdownGracefully(0, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** What a connection is attached to: nothing until HELLO, then a session. */
    private final class Attachment implements CheckpointConnection.Events {
        private ServerSession session;

        @Override
        public void opened(CheckpointConnection connection) {
            LOG.debug("connection from {}", connection);
        }

        @Override
        public void message(CheckpointConnection connection, CheckpointMessage message) {
            if (session != null) {
                session.received(message);
            } else if (message instanceof CheckpointMessage.Hello hello) {
                hello(connection, hello);
            } else {
                connection.close("a " + message.getClass().getSimpleName() + " before HELLO");
            }
        }

        private void hello(CheckpointConnection connection, CheckpointMessage.Hello hello) {
            String refusal = refusal(hello);
            if (refusal != null) {
                LOG.warn("agent at {} refused: {}", connection, refusal);
                connection.sendLast(new CheckpointMessage.Refused(refusal), "refused: " + refusal);
                return;
            }
            ServerSession older = sessions.remove(hello.vm());
            if (older != null) {
                older.detach("replaced by a newer connection");
            }
            Dialect dialect = settings.dialect().with(hello.offer());
            session = new ServerSession(connection, hello, dialect, listener);
            sessions.put(hello.vm(), session);
            connection.send(new CheckpointMessage.Welcome(
                    dialect, settings.window(), settings.windowBytes(), settings.stalls()));
            LOG.info(
                    "agent of {} attached from {}, {}: {}, image at {}",
                    hello.vm(),
                    connection,
                    dialect,
                    state(hello),
                    hello.applied());
            session.attach();
        }

        private String refusal(CheckpointMessage.Hello hello) {
            int version = hello.offer().version();
            if (!CheckpointCodec.isSpoken(version)) {
                return Limits.OTHER_VERSION + version + ", this gateway speaks " + Limits.LOWEST_VERSION + " and "
                        + Limits.VERSION;
            }
            return settings.known().contains(hello.vm())
                    ? null
                    : "no VM of the name " + hello.vm() + " is configured at this gateway";
        }

        private static String state(CheckpointMessage.Hello hello) {
            String words = hello.description().isEmpty() ? "" : " (" + hello.description() + ")";
            return (hello.running() ? "VM is here" : "no VM") + words;
        }

        @Override
        public void closed(CheckpointConnection connection, String reason) {
            if (session != null) {
                sessions.remove(session.vm(), session);
                session.detach(reason);
            }
        }
    }
}
