package org.secondsite.replicator.tunnel.io;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.io.IOException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.Certificate;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.PemIdentity;
import org.secondsite.replicator.tunnel.ResetCode;

/**
 * TLS 1.3 by BoringSSL, both ends with a certificate of the configured authority. The name in the peer's certificate is
 * compared with the configured site, not with a host name: {@link #commonName}.
 */
final class TunnelTls {
    private static final String PROTOCOL = "TLSv1.3";

    /** BoringSSL's word for it. A client that has none of an authority that the server named (RFC 8446 §4.2.4) shows none. */
    private static final String NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE";

    private TunnelTls() {}

    /**
     * For one end of one connection; the files are read now, so a renewed certificate counts from the next connection on.
     *
     * @throws IOException if a file cannot be read, or is not what it should be
     */
    static SslContext context(TlsFiles files, boolean client) throws IOException {
        OpenSsl.ensureAvailability();
        try {
            return builder(files, client)
                    .trustManager(files.authority().toFile())
                    .sslProvider(SslProvider.OPENSSL)
                    .protocols(PROTOCOL)
                    .build();
        } catch (IllegalArgumentException | IOException e) {
            throw new IOException(
                    "cannot use certificate " + files.certificate() + " with key " + files.key() + " and authority "
                            + files.authority() + ": " + message(root(e)),
                    e);
        }
    }

    private static SslContextBuilder builder(TlsFiles files, boolean client) throws IOException {
        Optional<PemIdentity> own = PemIdentity.read(files.certificate(), files.key());
        File certificate = files.certificate().toFile();
        File key = files.key().toFile();
        if (client) {
            SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
            return own.map(read -> builder.keyManager(read.key(), read.chain()))
                    .orElseGet(() -> builder.keyManager(certificate, key));
        }
        return own.map(read -> SslContextBuilder.forServer(read.key(), read.chain()))
                .orElseGet(() -> SslContextBuilder.forServer(certificate, key))
                .clientAuth(ClientAuth.REQUIRE);
    }

    /** The common name of the peer's certificate, or empty if it has none. */
    static String commonName(SSLSession session) {
        try {
            Certificate[] chain = session.getPeerCertificates();
            if (chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
                return "";
            }
            for (Rdn rdn : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
                if (rdn.getType().equalsIgnoreCase("CN")) {
                    return rdn.getValue().toString();
                }
            }
            return "";
        } catch (SSLPeerUnverifiedException | InvalidNameException e) {
            return "";
        }
    }

    /** What is wrong with the peer, by the exception that ended a handshake or a connection. */
    static ResetCode fault(Throwable failure) {
        if (causedBy(failure, CertificateExpiredException.class)
                || causedBy(failure, CertificateNotYetValidException.class)) {
            return ResetCode.EXPIRED;
        }
        boolean foreign = causedBy(failure, CertPathBuilderException.class)
                || causedBy(failure, CertPathValidatorException.class)
                || message(root(failure)).contains(NO_CERTIFICATE);
        return foreign ? ResetCode.FOREIGN : ResetCode.HANDSHAKE;
    }

    private static boolean causedBy(Throwable failure, Class<? extends Exception> kind) {
        Throwable cause = failure;
        while (cause != null && !kind.isInstance(cause)) {
            cause = cause.getCause();
        }
        return cause != null;
    }

    /** The innermost cause: what went wrong, without who passed it on. */
    static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** Its message, or if it has none, its kind. */
    static String message(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
