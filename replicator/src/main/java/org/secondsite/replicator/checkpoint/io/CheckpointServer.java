package org.secondsite.replicator.checkpoint.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.io.LocalPeers;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.Callers;
import org.secondsite.replicator.checkpoint.CheckpointListener;
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
    private final Reception reception;
    private final EventLoopGroup loop;

    private Channel listening;
    private Channel listeningLocally;

    private CheckpointServer(CheckpointServerSettings settings, Reception reception, Life life) {
        loop = new LivingLoop("checkpoint-server", life, EpollIoHandler.newFactory());
        this.settings = settings;
        this.reception = reception;
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be bound, or a certificate's files are unusable
     */
    public static CheckpointServer open(CheckpointServerSettings settings, CheckpointListener listener)
            throws IOException {
        return open(settings, listener, Life.unwatched("checkpoint-server"));
    }

    /**
     * Listens.
     *
     * @param life ends with the server's thread
     * @throws IOException if the address cannot be bound, or a certificate's files are unusable
     */
    public static CheckpointServer open(CheckpointServerSettings settings, CheckpointListener listener, Life life)
            throws IOException {
        CheckpointServer server = new CheckpointServer(settings, new Reception(settings, listener, life), life);
        try {
            server.listen();
            if (settings.local().isPresent()) {
                server.listenLocally(settings.local().get());
            }
        } catch (IOException failed) {
            server.close();
            throw failed;
        }
        return server;
    }

    /** The agents of this machine: what they send is not encrypted, and the kernel says who they are. */
    private void listenLocally(CheckpointServerSettings.Local local) throws IOException {
        LocalPeers peers = LocalPeers.here();
        PrivateFiles.parents(local.socket().toAbsolutePath().getParent());
        // If an earlier life has left one: it does not live, for the port was free.
        PrivateFiles.roomForSocket(local.socket());
        var bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new AcceptPause("the agents' socket"))
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        reception.acceptLocal(channel, peers, local.host());
                    }
                })
                .bind(new DomainSocketAddress(local.socket().toFile()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen for agents on " + local.socket() + ": "
                    + bound.cause().getMessage());
        }
        listeningLocally = bound.channel();
        PrivateFiles.close(local.socket());
        LOG.info("listening for agents of this machine on {}, as host {}", local.socket(), local.host());
    }

    private void listen() throws IOException {
        var bound = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .handler(new AcceptPause("the agents' port"))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        reception.accept(channel);
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
        if (settings.admission().unproven() == Admission.Unproven.ADMITTED) {
            LOG.warn(
                    "agents may connect without proof of who they are: whoever reaches {} may speak for a VM",
                    address());
        }
    }

    /** The address that is listened on. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /**
     * Other agents may attach from now on, with another window, and those that may not any more are detached. An attached one is told of
     * its window if it understands that, else when it attaches again. Any thread; takes effect soon.
     *
     * @param others whose admission and window count; the rest of it does not
     */
    public void admit(CheckpointServerSettings others) {
        loop.execute(() -> reception.admit(others));
    }

    /** Which agents have called, for which VMs, the oldest first. Any thread. */
    public CompletableFuture<List<Callers.Call>> callers() {
        return CompletableFuture.supplyAsync(reception::callers, loop);
    }

    /** How many connections ended without having been attached, since the start. Any thread. */
    public long turnedAway() {
        return reception.turnedAway();
    }

    /** How many sessions ended because the agent said what it may not say, since the start. Any thread. */
    public long wrongMessages() {
        return reception.wrongMessages();
    }

    /** Detaches every agent, without a word to the listener, and stops to listen. */
    @Override
    public void close() {
        for (Channel each :
                Stream.of(listening, listeningLocally).filter(Objects::nonNull).toList()) {
            each.close().awaitUninterruptibly();
        }
        loop.submit(() -> reception.sessions().values().forEach(ServerSession::silence))
                .awaitUninterruptibly();
        loop.shutdownGracefully(0, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
