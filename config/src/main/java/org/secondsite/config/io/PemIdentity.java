package org.secondsite.config.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A certificate and its private key, as the textual forms that current tools write (RFC 7468: certificates of section 5, a key
 * of section 10, PKCS #8), read by the JDK alone. Libraries that know every form cost a process megabytes of heap, hundreds of
 * classes and a good part of its start, for a file that nearly always has this one.
 *
 * @param key EC, RSA or EdDSA
 * @param chain the holder's certificate first
 */
public record PemIdentity(PrivateKey key, List<X509Certificate> chain) {
    private static final Pattern PKCS8 =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END PRIVATE KEY-----");
    private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA");

    /** Copies the chain. */
    public PemIdentity {
        chain = List.copyOf(chain);
    }

    /**
     * What is in two files; empty if one of them holds another form, or nothing useful: a more learned reader may know, or
     * find the words for it.
     *
     * @throws IOException if a file cannot be read
     */
    public static Optional<PemIdentity> read(Path certificate, Path key) throws IOException {
        List<X509Certificate> chain = chain(certificate);
        return chain.isEmpty() ? Optional.empty() : key(key).map(found -> new PemIdentity(found, chain));
    }

    private static List<X509Certificate> chain(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> all =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            return all.stream().map(X509Certificate.class::cast).toList();
        } catch (CertificateException otherForm) {
            return List.of();
        }
    }

    private static Optional<PrivateKey> key(Path file) throws IOException {
        Matcher pem = PKCS8.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        if (!pem.find()) {
            return Optional.empty();
        }
        KeySpec encoded;
        try {
            encoded = new PKCS8EncodedKeySpec(
                    Base64.getDecoder().decode(pem.group(1).replaceAll("\\s", "")));
        } catch (IllegalArgumentException damaged) {
            return Optional.empty();
        }
        return ALGORITHMS.stream()
                .flatMap(algorithm -> key(algorithm, encoded).stream())
                .findFirst();
    }

    private static Optional<PrivateKey> key(String algorithm, KeySpec encoded) {
        try {
            return Optional.of(KeyFactory.getInstance(algorithm).generatePrivate(encoded));
        } catch (InvalidKeySpecException otherKind) {
            return Optional.empty();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
    }
}
