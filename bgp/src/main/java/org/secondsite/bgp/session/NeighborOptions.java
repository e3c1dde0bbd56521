package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.wire.AddressFamily;

/**
 * What a neighbour may have beyond {@link NeighborSettings}.
 *
 * @param families offered to it
 * @param otherSelf our address of the IP version that the session does not run over, as next hop self of such prefixes
 * @param addPathReceive whether to take several paths to a prefix from it (RFC 7911)
 * @param maximumPrefixes how many routes it may announce; 0: any number
 * @param ttlSecurityHops how many hops away it may be (RFC 5082); empty: no check
 * @param bfd how fast BFD watches the path; empty: not at all
 * @param timers initial values of the machine's timers
 */
public record NeighborOptions(
        List<AddressFamily> families,
        Optional<InetAddress> otherSelf,
        boolean addPathReceive,
        int maximumPrefixes,
        OptionalInt ttlSecurityHops,
        Optional<BfdSettings> bfd,
        FsmTimers timers) {
    /** IPv4 and IPv6 unicast, nothing unusual. */
    public static final NeighborOptions DEFAULT = new NeighborOptions(
            List.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST),
            Optional.empty(),
            false,
            0,
            OptionalInt.empty(),
            Optional.empty(),
            FsmTimers.DEFAULT);

    /**
     * Checks ranges and copies the list.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public NeighborOptions {
        families = List.copyOf(families);
        if (maximumPrefixes < 0) {
            throw new IllegalArgumentException("maximumPrefixes " + maximumPrefixes + " is negative");
        }
        if (ttlSecurityHops.isPresent() && (ttlSecurityHops.getAsInt() < 1 || ttlSecurityHops.getAsInt() > 254)) {
            throw new IllegalArgumentException("ttlSecurityHops is not within 1..254");
        }
    }

    /** The same with other timers. */
    public NeighborOptions withTimers(FsmTimers changed) {
        return new NeighborOptions(families, otherSelf, addPathReceive, maximumPrefixes, ttlSecurityHops, bfd, changed);
    }

    /** The same with our address of the other IP version. */
    public NeighborOptions withOtherSelf(InetAddress address) {
        return new NeighborOptions(
                families, Optional.of(address), addPathReceive, maximumPrefixes, ttlSecurityHops, bfd, timers);
    }

    /** The same with other families. */
    public NeighborOptions withFamilies(List<AddressFamily> changed) {
        return new NeighborOptions(changed, otherSelf, addPathReceive, maximumPrefixes, ttlSecurityHops, bfd, timers);
    }

    /** The same with a limit of received routes. */
    public NeighborOptions withMaximumPrefixes(int maximum) {
        return new NeighborOptions(families, otherSelf, addPathReceive, maximum, ttlSecurityHops, bfd, timers);
    }

    /** The same with the TTL check. */
    public NeighborOptions withTtlSecurityHops(int hops) {
        return new NeighborOptions(
                families, otherSelf, addPathReceive, maximumPrefixes, OptionalInt.of(hops), bfd, timers);
    }

    /** The same, taking several paths to a prefix. */
    public NeighborOptions withAddPathReceive() {
        return new NeighborOptions(families, otherSelf, true, maximumPrefixes, ttlSecurityHops, bfd, timers);
    }

    /** The same, watched by BFD. */
    public NeighborOptions withBfd(BfdSettings settings) {
        return new NeighborOptions(
                families, otherSelf, addPathReceive, maximumPrefixes, ttlSecurityHops, Optional.of(settings), timers);
    }
}
