package org.secondsite.openflow;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * How a switch's database is reached (RFC 7047), and what proves that it is this switch's.
 *
 * @param address where it listens
 * @param certificate the common name of the certificate that it has to show over TLS 1.3; empty: it is spoken to in plain text
 */
public record DatabaseAccess(InetSocketAddress address, Optional<String> certificate) {
    /** In plain text. */
    public static DatabaseAccess plain(InetSocketAddress address) {
        return new DatabaseAccess(address, Optional.empty());
    }

    /** The same, but proved by a certificate of this common name. */
    public DatabaseAccess proving(String commonName) {
        return new DatabaseAccess(address, Optional.of(commonName));
    }

    @Override
    public String toString() {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
