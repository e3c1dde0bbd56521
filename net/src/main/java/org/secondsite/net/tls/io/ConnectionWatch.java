package org.secondsite.net.tls.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.SslHandler;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.secondsite.net.tls.Validity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends one connection with the certificates that opened it: when one of the two ends or is revoked, or the own one gives way to a renewed
 * one. Whoever has the connection is told by an exception of why, as if the other end had broken it. On the channel's loop.
 *
 * <p>Both ends looked at the clock when they opened it. From then on the time that passes decides, not the clock: one that is turned by
 * years lets nobody new in, and takes nothing away.
 */
final class ConnectionWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionWatch.class);
    private static final int LOOK_SECONDS = 1;

    private final TlsIdentity identity;
    private final SslHandler handler;
    private final Channel channel;
    private final X509Certificate own;
    private final X509Certificate peers;
    private final Instant opened = Instant.now();
    private final long openedNanos = System.nanoTime();

    private ConnectionWatch(
            TlsIdentity identity, SslHandler handler, Channel channel, X509Certificate own, X509Certificate peers) {
        this.identity = identity;
        this.handler = handler;
        this.channel = channel;
        this.own = own;
        this.peers = peers;
    }

    /**
     * Watches from now on.
     *
     * @param own what this end has shown, null if that is not known
     */
    static void begin(TlsIdentity identity, SslHandler handler, Channel channel, X509Certificate own) {
        X509Certificate peers;
        try {
            peers = (X509Certificate) handler.engine().getSession().getPeerCertificates()[0];
        } catch (SSLPeerUnverifiedException none) {
            return; // Nobody is served without one.
        }
        ConnectionWatch watch = new ConnectionWatch(identity, handler, channel, own, peers);
        ScheduledFuture<?> looking =
                channel.eventLoop().scheduleAtFixedRate(watch::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
        channel.closeFuture().addListener(closed -> looking.cancel(false));
    }

    private void look() {
        identity.lookSoon();
        TlsMaterial present = identity.material();
        Optional<GeneralSecurityException> end = Validity.end(own, present.own(), peers, present.revocations(), now());
        if (end.isPresent() && channel.isActive()) {
            end(end.get());
        }
    }

    private Instant now() {
        return opened.plusNanos(System.nanoTime() - openedNanos);
    }

    private void end(GeneralSecurityException why) {
        LOG.warn(
                "the connection with '{}' at {} ends: {}",
                TlsIdentity.commonName(peers),
                channel.remoteAddress(),
                why.getMessage());
        ChannelHandlerContext context = channel.pipeline().context(handler);
        if (context != null) {
            context.fireExceptionCaught(new SSLException(why.getMessage(), why));
        }
        var _ = channel.close();
    }
}
