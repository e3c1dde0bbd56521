package org.secondsite.net.tls.io;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.secondsite.net.tls.Revocations;

/** The JDK's judgement of a chain of certificates, and then that of the revocation lists. */
final class RevokingTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager paths;
    private final Revocations revocations;

    private RevokingTrust(X509ExtendedTrustManager paths, Revocations revocations) {
        this.paths = paths;
        this.revocations = revocations;
    }

    /**
     * Trusts what these authorities have issued and not revoked.
     *
     * @throws IOException if there is no authority
     */
    static RevokingTrust of(List<X509Certificate> authorities, Revocations revocations) throws IOException {
        try {
            KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
            trusted.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                trusted.setCertificateEntry(Integer.toString(i), authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trusted);
            return new RevokingTrust((X509ExtendedTrustManager) factory.getTrustManagers()[0], revocations);
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private void requireCounting(X509Certificate[] chain) throws CertificateException {
        Optional<GeneralSecurityException> against = revocations.objection(chain[0], Instant.now());
        for (int i = 1; i < chain.length && against.isEmpty(); i++) {
            against = revocations.revoked(chain[i]);
        }
        if (against.isPresent()) {
            // The kind of this cause decides what the other end is told (RFC 8446 §6.2).
            String words = against.get().getMessage();
            throw new CertificateException(
                    words,
                    new CertPathValidatorException(
                            words, against.get(), null, -1, CertPathValidatorException.BasicReason.REVOKED));
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        paths.checkClientTrusted(chain, type, engine);
        requireCounting(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        paths.checkServerTrusted(chain, type, engine);
        requireCounting(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        paths.checkClientTrusted(chain, type, socket);
        requireCounting(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        paths.checkServerTrusted(chain, type, socket);
        requireCounting(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        paths.checkClientTrusted(chain, type);
        requireCounting(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        paths.checkServerTrusted(chain, type);
        requireCounting(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return paths.getAcceptedIssuers();
    }
}
