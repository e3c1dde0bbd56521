package org.secondsite.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The PEM files of one end of a connection on which both ends prove who they are.
 *
 * @param certificate the own certificate; its common name is the site, the host of an agent, or {@code witness}
 * @param key its private key, PKCS#8, not encrypted
 * @param authority the certificates of the authorities that may have signed the other end's
 * @param crl the revocation lists of these authorities (RFC 5280 section 5, PEM or DER); without, nothing is revoked
 */
public record TlsFiles(Path certificate, Path key, Path authority, Optional<Path> crl) {
    /** Without revocation. */
    public TlsFiles(Path certificate, Path key, Path authority) {
        this(certificate, key, authority, Optional.empty());
    }

    /** The same with revocation lists. */
    public TlsFiles revokedBy(Path lists) {
        return new TlsFiles(certificate, key, authority, Optional.of(lists));
    }

    /** The files of a holder as {@code secondsite pki} names them in its directory. */
    public static TlsFiles in(Path directory, String holder) {
        return new TlsFiles(
                directory.resolve(holder + ".crt"), directory.resolve(holder + ".key"), directory.resolve("ca.crt"));
    }
}
