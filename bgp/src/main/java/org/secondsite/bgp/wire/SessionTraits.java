package org.secondsite.bgp.wire;

import java.util.Set;

/**
 * What the two OPEN messages settled about the form of later messages.
 *
 * @param external whether the peer is of another AS
 * @param fourOctetAs whether AS numbers take four octets in AS_PATH and AGGREGATOR (RFC 6793)
 * @param extendedMessages whether messages of up to 65,535 octets may be sent and received (RFC 8654)
 * @param families whose routes may be exchanged
 * @param addPathReceive families whose prefixes arrive with path identifiers (RFC 7911)
 */
public record SessionTraits(
        boolean external,
        boolean fourOctetAs,
        boolean extendedMessages,
        Set<AddressFamily> families,
        Set<AddressFamily> addPathReceive) {
    /** Before OPEN messages are exchanged, and with a peer without any capability. */
    public static final SessionTraits BASIC =
            new SessionTraits(true, false, false, Set.of(AddressFamily.IPV4_UNICAST), Set.of());

    /** Copies the sets. */
    public SessionTraits {
        families = Set.copyOf(families);
        addPathReceive = Set.copyOf(addPathReceive);
    }

    /** The largest message that may be sent, in octets, header included. */
    public int maximumOctets() {
        return extendedMessages ? BgpMessage.EXTENDED_MAXIMUM_OCTETS : BgpMessage.MAXIMUM_OCTETS;
    }
}
