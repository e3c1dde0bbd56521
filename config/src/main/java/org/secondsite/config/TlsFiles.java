package org.secondsite.config;

import java.nio.file.Path;

/**
 * The PEM files of one end of a connection on which both ends prove who they are.
 *
 * @param certificate the own certificate; its common name is the site, the host of an agent, or {@code witness}
 * @param key its private key, PKCS#8, not encrypted
 * @param authority the certificates of the authorities that may have signed the other end's
 */
public record TlsFiles(Path certificate, Path key, Path authority) {
    /** The files of a holder as {@code secondsite pki} names them in its directory. */
    public static TlsFiles in(Path directory, String holder) {
        return new TlsFiles(
                directory.resolve(holder + ".crt"), directory.resolve(holder + ".key"), directory.resolve("ca.crt"));
    }
}
