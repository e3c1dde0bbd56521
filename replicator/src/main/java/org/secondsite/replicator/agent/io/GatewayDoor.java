package org.secondsite.replicator.agent.io;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.secondsite.config.SiteId;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.checkpoint.io.ProofGate;

/** How connections with the gateway begin: where, and by what proof. */
final class GatewayDoor {
    private static final int HANDSHAKE_MS = 3000;

    private final InetSocketAddress address;
    private final Optional<SiteId> site;
    private final Optional<TlsIdentity> identity;

    private GatewayDoor(InetSocketAddress address, Optional<SiteId> site, Optional<TlsIdentity> identity) {
        this.address = address;
        this.site = site;
        this.identity = identity;
    }

    /**
     * Reads the certificate's files.
     *
     * @throws IOException if they are unusable
     */
    static GatewayDoor of(GatewayAccess access) throws IOException {
        return access.proof().isPresent()
                ? new GatewayDoor(
                        access.address(),
                        Optional.of(access.proof().get().site()),
                        Optional.of(TlsIdentity.client(access.proof().get().tls())))
                : new GatewayDoor(access.address(), Optional.empty(), Optional.empty());
    }

    InetSocketAddress address() {
        return address;
    }

    /** Puts the first handlers on a new channel. */
    void prepare(Channel channel) {
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
