package org.secondsite.openflow;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * How a connection with a switch comes about, and what proves that it is this switch.
 *
 * @param dialled where the switch listens for its controller; empty: it connects by itself
 * @param certificate the common name of the certificate that it has to show; empty: any, or none
 */
public record Access(Optional<InetSocketAddress> dialled, Optional<String> certificate) {
    /** A switch that connects, and is believed which it is. */
    public static final Access UNPROVED = new Access(Optional.empty(), Optional.empty());

    /** The same, but dialled. */
    public Access dialling(InetSocketAddress address) {
        return new Access(Optional.of(address), certificate);
    }

    /** The same, but proved by a certificate of this common name. */
    public Access proving(String commonName) {
        return new Access(dialled, Optional.of(commonName));
    }
}
