package org.secondsite.openflow.io;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.util.Optional;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.openflow.session.Peer;

/** Who the controller is to switches, whichever end has opened the connection; or nobody, in plain text. */
final class SwitchTls {
    private static final long HANDSHAKE_MS = 5000;

    private record Identities(TlsIdentity server, TlsIdentity client) {}

    private final Optional<Identities> identities;

    private SwitchTls(Optional<Identities> identities) {
        this.identities = identities;
    }

    /**
     * Reads the files.
     *
     * @throws IOException if one cannot be read, or is not what it should be
     */
    static SwitchTls of(Optional<TlsFiles> files) throws IOException {
        return new SwitchTls(
                files.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                new Identities(TlsIdentity.server(files.get()), TlsIdentity.client(files.get()))));
    }

    /** The first handler of a connection; empty: it is in plain text. */
    Optional<SslHandler> newHandler(Peer.Opener opener, ByteBufAllocator allocator) {
        return identities.map(own -> {
            TlsIdentity identity = opener == Peer.Opener.SWITCH ? own.server() : own.client();
            SslHandler handler = identity.newHandler(allocator);
            handler.setHandshakeTimeoutMillis(HANDSHAKE_MS);
            return handler;
        });
    }
}
