package org.secondsite.bgp.wire;

import java.util.Set;

/**
 * What the two OPEN messages settled about the form of later messages, and what is demanded of them.
 *
 * @param external whether the peer is of another AS
 * @param fourOctetAs whether AS numbers take four octets in AS_PATH and AGGREGATOR (RFC 6793)
 * @param extendedMessages whether messages of up to 65,535 octets may be sent and received (RFC 8654)
 * @param asSets whether AS_SET and AS_CONFED_SET are taken; if not, such routes are withdrawn (RFC 9774 §3)
 * @param families whose routes may be exchanged
 * @param addPathReceive families whose prefixes arrive with path identifiers (RFC 7911)
 * @param addPathSend families whose prefixes are sent with path identifiers
 * @param extendedNextHop families whose next hop may be an address of the other IP version (RFC 8950)
 */
public record SessionTraits(
        boolean external,
        boolean fourOctetAs,
        boolean extendedMessages,
        boolean asSets,
        Set<AddressFamily> families,
        Set<AddressFamily> addPathReceive,
        Set<AddressFamily> addPathSend,
        Set<AddressFamily> extendedNextHop) {
    /** Before OPEN messages are exchanged, and with a peer without any capability. */
    public static final SessionTraits BASIC =
            new SessionTraits(true, false, false, Set.of(AddressFamily.IPV4_UNICAST), Set.of());

    /** Copies the sets. */
    public SessionTraits {
        families = Set.copyOf(families);
        addPathReceive = Set.copyOf(addPathReceive);
        addPathSend = Set.copyOf(addPathSend);
        extendedNextHop = Set.copyOf(extendedNextHop);
    }

    /** Without AS sets, sending single paths, each next hop of its family. */
    public SessionTraits(
            boolean external,
            boolean fourOctetAs,
            boolean extendedMessages,
            Set<AddressFamily> families,
            Set<AddressFamily> addPathReceive) {
        this(external, fourOctetAs, extendedMessages, false, families, addPathReceive, Set.of(), Set.of());
    }

    /** The same, with AS sets taken or not. */
    public SessionTraits withAsSets(boolean taken) {
        return new SessionTraits(
                external, fourOctetAs, extendedMessages, taken, families, addPathReceive, addPathSend, extendedNextHop);
    }

    /** The same, sending path identifiers in these families. */
    public SessionTraits withAddPathSend(Set<AddressFamily> changed) {
        return new SessionTraits(
                external, fourOctetAs, extendedMessages, asSets, families, addPathReceive, changed, extendedNextHop);
    }

    /** The same, with next hops of the other IP version in these families. */
    public SessionTraits withExtendedNextHop(Set<AddressFamily> changed) {
        return new SessionTraits(
                external, fourOctetAs, extendedMessages, asSets, families, addPathReceive, addPathSend, changed);
    }

    /** The largest message that may be sent, in octets, header included. */
    public int maximumOctets() {
        return extendedMessages ? BgpMessage.EXTENDED_MAXIMUM_OCTETS : BgpMessage.MAX_OCTETS;
    }
}
