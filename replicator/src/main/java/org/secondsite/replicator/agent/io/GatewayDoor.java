package org.secondsite.replicator.agent.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.Optional;
import org.secondsite.config.SiteId;
import org.secondsite.net.io.LocalPeers;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.checkpoint.io.LocalGate;
import org.secondsite.replicator.checkpoint.io.ProofGate;

/** How connections with the gateway begin: where, and by what proof. */
final class GatewayDoor {
    private static final int HANDSHAKE_MS = 3000;

    /** A Unix socket's buffer does not grow by itself, as one of TCP does; the kernel gives as much of it as net.core.wmem_max allows. */
    private static final int LOCAL_SEND_BYTES = 4 << 20;

    private final SocketAddress address;
    private final Optional<SiteId> site;
    private final Optional<TlsIdentity> identity;
    private final Optional<LocalPeers> peers;

    private GatewayDoor(
            SocketAddress address, Optional<SiteId> site, Optional<TlsIdentity> identity, Optional<LocalPeers> peers) {
        this.address = address;
        this.site = site;
        this.identity = identity;
        this.peers = peers;
    }

    /**
     * Reads the certificate's files.
     *
     * @throws IOException if they are unusable
     */
    static GatewayDoor of(GatewayAccess access) throws IOException {
        if (access.address() instanceof UnixDomainSocketAddress local) {
            return new GatewayDoor(
                    new DomainSocketAddress(local.getPath().toFile()),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(LocalPeers.here()));
        }
        return access.proof().isPresent()
                ? new GatewayDoor(
                        access.address(),
                        Optional.of(access.proof().get().site()),
                        Optional.of(TlsIdentity.client(access.proof().get().tls())),
                        Optional.empty())
                : new GatewayDoor(access.address(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    SocketAddress address() {
        return address;
    }

    /** What a connection is made by. */
    Bootstrap bootstrap(EventLoopGroup loop) {
        Bootstrap bootstrap = new Bootstrap().group(loop);
        return peers.isPresent()
                ? bootstrap.channel(EpollDomainSocketChannel.class).option(ChannelOption.SO_SNDBUF, LOCAL_SEND_BYTES)
                : bootstrap.channel(EpollSocketChannel.class).option(ChannelOption.TCP_NODELAY, true);
    }

    /** Puts the first handlers on a new channel. */
    void prepare(Channel channel) {
        peers.ifPresent(rightful -> channel.pipeline().addLast(new LocalGate(rightful::objection)));
        identity.ifPresent(own -> {
            SslHandler handler = own.newHandler(channel.alloc());
            handler.setHandshakeTimeoutMillis(HANDSHAKE_MS);
            channel.pipeline().addLast(handler, new ProofGate(this::objection));
        });
    }

    private Optional<String> objection(String name) {
        String expected = site.orElseThrow().name();
        return name.equals(expected)
                ? Optional.empty()
                : Optional.of("the certificate is of '" + name + "', the gateway's is of '" + expected + "'");
    }
}
