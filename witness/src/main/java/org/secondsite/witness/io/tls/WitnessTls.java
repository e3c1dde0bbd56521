package org.secondsite.witness.io.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.secondsite.config.SiteId;
import org.secondsite.config.io.PemIdentity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.3 by BoringSSL, with a certificate on both sides whose common name is the holder's name.
 *
 * <p>The files are read anew for a connection when one of them has changed, so certificates are renewed without a restart;
 * while the new files are unusable, half written for instance, the old ones serve on. Thread-safe.
 */
public final class WitnessTls {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessTls.class);
    private static final String PROTOCOL = "TLSv1.3";

    private final boolean server;
    private final Path certificate;
    private final Path key;
    private final Path authority;
    private List<FileTime> changed;
    private SslContext context;

    private WitnessTls(boolean server, Path certificate, Path key, Path authority) throws IOException {
        this.server = server;
        this.certificate = certificate;
        this.key = key;
        this.authority = authority;
        changed = changeTimes();
        context = build();
    }

    /**
     * The witness's side.
     *
     * @throws IOException if a file cannot be read or holds no PEM of its kind
     */
    public static WitnessTls server(Path certificate, Path key, Path authority) throws IOException {
        return new WitnessTls(true, certificate, key, authority);
    }

    /**
     * A client's side. The witness's name is checked afterwards, by {@link #peerName}: it is no host name.
     *
     * @throws IOException if a file cannot be read or holds no PEM of its kind
     */
    public static WitnessTls client(Path certificate, Path key, Path authority) throws IOException {
        return new WitnessTls(false, certificate, key, authority);
    }

    /** What the next connection is to use. */
    public synchronized SslContext context() {
        try {
            List<FileTime> now = changeTimes();
            if (!now.equals(changed)) {
                context = build();
                changed = now;
                LOG.info("certificate {} and its companions were read anew", certificate);
            }
        } catch (IOException e) {
            LOG.warn("the old certificates serve on: {}", e.getMessage());
        }
        return context;
    }

    /**
     * The common name of the peer's verified certificate.
     *
     * @throws IOException if it has none, or it is no name
     */
    public static SiteId peerName(SslHandler handler) throws IOException {
        X509Certificate peer;
        try {
            peer = (X509Certificate) handler.engine().getSession().getPeerCertificates()[0];
        } catch (SSLPeerUnverifiedException e) {
            throw new IOException("the peer showed no certificate", e);
        }
        String subject = peer.getSubjectX500Principal().getName();
        try {
            for (Rdn part : new LdapName(subject).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String name) {
                    return new SiteId(name);
                }
            }
        } catch (InvalidNameException | IllegalArgumentException e) {
            throw new IOException("the certificate of '" + subject + "' names no site: " + e.getMessage(), e);
        }
        throw new IOException("the certificate of '" + subject + "' has no common name");
    }

    private List<FileTime> changeTimes() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (Path file : List.of(certificate, key, authority)) {
            times.add(Files.getLastModifiedTime(file));
        }
        return times;
    }

    private SslContext build() throws IOException {
        try {
            return builder()
                    .trustManager(authority.toFile())
                    .sslProvider(SslProvider.OPENSSL)
                    .protocols(PROTOCOL)
                    .build();
        } catch (IllegalArgumentException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(
                    "certificate " + certificate + ", key " + key + " or authority " + authority + " is unusable: "
                            + e.getMessage() + " (" + cause + ")",
                    e);
        }
    }

    private SslContextBuilder builder() throws IOException {
        Optional<PemIdentity> own = PemIdentity.read(certificate, key);
        if (server) {
            return own.map(read -> SslContextBuilder.forServer(read.key(), read.chain()))
                    .orElseGet(() -> SslContextBuilder.forServer(certificate.toFile(), key.toFile()))
                    .clientAuth(ClientAuth.REQUIRE);
        }
        SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
        return own.map(read -> builder.keyManager(read.key(), read.chain()))
                .orElseGet(() -> builder.keyManager(certificate.toFile(), key.toFile()));
    }
}
