package org.secondsite.net.tls.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.Causes;
import org.secondsite.net.tls.Revocations;

/**
 * What the files of an end say of certificates, apart from the key.
 *
 * @param chain the own certificate first; empty if it is in a form that only the TLS library reads
 * @param authorities likewise
 * @param revocations what is revoked; empty if the configuration names no list
 */
record TlsMaterial(List<X509Certificate> chain, List<X509Certificate> authorities, Optional<Revocations> revocations) {
    /**
     * Reads it.
     *
     * @throws IOException if a file cannot be read, or the revocation lists are not what they should be
     */
    static TlsMaterial read(TlsFiles files) throws IOException {
        List<X509Certificate> authorities = certificates(files.authority());
        Optional<Revocations> revocations = files.crl().isEmpty()
                ? Optional.empty()
                : Optional.of(lists(files.crl().get(), authorities));
        return new TlsMaterial(certificates(files.certificate()), authorities, revocations);
    }

    /** The own certificate, null if it is not known. */
    X509Certificate own() {
        return chain.isEmpty() ? null : chain.getFirst();
    }

    /** When the first of some certificates ends; empty if none is known. */
    static Optional<Instant> end(List<X509Certificate> certificates) {
        return certificates.stream()
                .map(certificate -> certificate.getNotAfter().toInstant())
                .min(Instant::compareTo);
    }

    private static List<X509Certificate> certificates(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException otherForm) {
            return List.of();
        }
    }

    private static Revocations lists(Path file, List<X509Certificate> authorities) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            List<X509CRL> lists = CertificateFactory.getInstance("X.509").generateCRLs(in).stream()
                    .map(X509CRL.class::cast)
                    .toList();
            return Revocations.of(lists, authorities);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use revocation list " + file + ": " + Causes.words(e), e);
        }
    }
}
