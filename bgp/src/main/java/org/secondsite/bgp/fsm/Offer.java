package org.secondsite.bgp.fsm;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Capability;

/**
 * What we offer a neighbour in our OPEN, and demand of its messages.
 *
 * @param families whose routes may be exchanged
 * @param addPathReceive in which of them we take several paths to a prefix (RFC 7911)
 * @param addPathSend in which of them we send several
 * @param ipv6NextHops in which families of IPv4 the next hop may be an IPv6 address (RFC 8950)
 * @param fourOctetAs whether AS numbers of four octets are offered (RFC 6793)
 * @param extendedMessages whether messages of more than 4096 octets are (RFC 8654)
 * @param asSets whether routes with AS sets are taken (RFC 9774)
 * @param further capabilities to be named besides
 */
public record Offer(
        List<AddressFamily> families,
        Set<AddressFamily> addPathReceive,
        Set<AddressFamily> addPathSend,
        Set<AddressFamily> ipv6NextHops,
        boolean fourOctetAs,
        boolean extendedMessages,
        boolean asSets,
        List<Capability> further) {
    /** IPv4 and IPv6 unicast, single paths. */
    public static final Offer DEFAULT = of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);

    /**
     * Copies the collections.
     *
     * @throws IllegalArgumentException if there is no family
     */
    public Offer {
        families = List.copyOf(families);
        addPathReceive = Set.copyOf(addPathReceive);
        addPathSend = Set.copyOf(addPathSend);
        ipv6NextHops = Set.copyOf(ipv6NextHops);
        further = List.copyOf(further);
        if (families.isEmpty()) {
            throw new IllegalArgumentException("a neighbour needs a family");
        }
    }

    /** These families, single paths. */
    public static Offer of(AddressFamily... families) {
        return new Offer(List.of(families), Set.of(), Set.of(), Set.of(), true, true, false, List.of());
    }

    /** The same with other families. */
    public Offer withFamilies(List<AddressFamily> changed) {
        return new Offer(
                changed, addPathReceive, addPathSend, ipv6NextHops, fourOctetAs, extendedMessages, asSets, further);
    }

    /** The same, with several paths received and sent in these families. */
    public Offer withAddPath(Set<AddressFamily> receive, Set<AddressFamily> send) {
        return new Offer(families, receive, send, ipv6NextHops, fourOctetAs, extendedMessages, asSets, further);
    }

    /** The same, with IPv6 next hops in these families. */
    public Offer withIpv6NextHops(Set<AddressFamily> changed) {
        return new Offer(
                families, addPathReceive, addPathSend, changed, fourOctetAs, extendedMessages, asSets, further);
    }

    /**
     * The same, keeping the routes of a peer that restarts for the time that it asks for (RFC 4724 §4.2). We do not ask for it
     * ourselves: no family is named. A path that is dead looks like this too, for so long: not for a failover.
     */
    public Offer withRestartHelp() {
        List<Capability> more = new ArrayList<>(further);
        more.removeIf(Capability.GracefulRestart.class::isInstance);
        more.add(new Capability.GracefulRestart(false, false, 0, List.of()));
        return new Offer(
                families, addPathReceive, addPathSend, ipv6NextHops, fourOctetAs, extendedMessages, asSets, more);
    }

    /** The same, with AS sets taken or not. */
    public Offer withAsSets(boolean taken) {
        return new Offer(
                families, addPathReceive, addPathSend, ipv6NextHops, fourOctetAs, extendedMessages, taken, further);
    }

    /** The same, with or without AS numbers of four octets and long messages. */
    public Offer withForm(boolean longAsNumbers, boolean longMessages) {
        return new Offer(
                families, addPathReceive, addPathSend, ipv6NextHops, longAsNumbers, longMessages, asSets, further);
    }
}
