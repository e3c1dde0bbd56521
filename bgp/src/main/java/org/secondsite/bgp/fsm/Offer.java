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
 * @param extendedNextHops in which families the next hop may be an address of the other IP version (RFC 8950)
 * @param fourOctetAs whether AS numbers of four octets are offered (RFC 6793)
 * @param extendedMessages whether messages of more than 4096 octets are (RFC 8654)
 * @param asSets whether routes with AS sets are taken (RFC 9774)
 * @param further capabilities to be named besides
 */
public record Offer(
        List<AddressFamily> families,
        Set<AddressFamily> addPathReceive,
        Set<AddressFamily> addPathSend,
        Set<AddressFamily> extendedNextHops,
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
        extendedNextHops = Set.copyOf(extendedNextHops);
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
                changed, addPathReceive, addPathSend, extendedNextHops, fourOctetAs, extendedMessages, asSets, further);
    }

    /** The same, with several paths received and sent in these families. */
    public Offer withAddPath(Set<AddressFamily> receive, Set<AddressFamily> send) {
        return new Offer(families, receive, send, extendedNextHops, fourOctetAs, extendedMessages, asSets, further);
    }

    /** The same, with next hops of the other IP version in these families. */
    public Offer withExtendedNextHops(Set<AddressFamily> changed) {
        return new Offer(
                families, addPathReceive, addPathSend, changed, fourOctetAs, extendedMessages, asSets, further);
    }

    /**
     * The same, keeping the routes of a peer that restarts for the time that it asks for (RFC 4724 §4.2). We do not ask for it
     * ourselves: no family is named. A path that is dead looks like this too, for so long: not for a failover.
     */
    public Offer withRestartHelp() {
        return withRestart(new Capability.GracefulRestart(false, false, 0, List.of()));
    }

    /**
     * The same, keeping them also when a NOTIFICATION other than a Hard Reset or a silence ends the session, if the peer says so
     * too (the N bit of RFC 8538).
     */
    public Offer withRestartHelpThroughNotifications() {
        return withRestart(new Capability.GracefulRestart(false, true, 0, List.of()));
    }

    private Offer withRestart(Capability.GracefulRestart restart) {
        List<Capability> more = new ArrayList<>(further);
        more.removeIf(Capability.GracefulRestart.class::isInstance);
        more.add(restart);
        return new Offer(
                families, addPathReceive, addPathSend, extendedNextHops, fourOctetAs, extendedMessages, asSets, more);
    }

    /** The same, with AS sets taken or not. */
    public Offer withAsSets(boolean taken) {
        return new Offer(
                families, addPathReceive, addPathSend, extendedNextHops, fourOctetAs, extendedMessages, taken, further);
    }

    /** The same, with or without AS numbers of four octets and long messages. */
    public Offer withForm(boolean longAsNumbers, boolean longMessages) {
        return new Offer(
                families, addPathReceive, addPathSend, extendedNextHops, longAsNumbers, longMessages, asSets, further);
    }
}
