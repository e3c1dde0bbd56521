package org.secondsite.config;

import java.nio.file.Path;

/**
 * The PEM files of one end of a connection on which both ends prove who they are.
 *
 * @param certificate the own certificate; its common name is the site, or {@code witness}
 * @param key its private key, PKCS#8
 * @param authority the certificate of the authority that signs both ends
 */
public record TlsFiles(Path certificate, Path key, Path authority) {}
