package org.secondsite.bgp.rib;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;

/**
 * Makes the path attributes that one neighbour is told from what is to be announced (RFC 4271 §5.1).
 *
 * @param localAs our AS
 * @param external whether the neighbour is of another AS
 * @param ipv4Self our IPv4 address towards the neighbour, as next hop of IPv4 prefixes
 * @param ipv6Self our IPv6 address towards the neighbour, as next hop of IPv6 prefixes
 * @param extendedNextHops families that may have a next hop of the other IP version (RFC 8950)
 * @param retiring whether every route asks to be avoided, so that traffic moves away before the session ends (RFC 8326 §4)
 */
public record Exporter(
        long localAs,
        boolean external,
        Optional<Inet4Address> ipv4Self,
        Optional<Inet6Address> ipv6Self,
        Set<AddressFamily> extendedNextHops,
        boolean retiring) {
    private static final long DEFAULT_LOCAL_PREFERENCE = 100;

    /** Copies the set. */
    public Exporter {
        extendedNextHops = Set.copyOf(extendedNextHops);
    }

    /** Each prefix with a next hop of its own IP version. */
    public Exporter(long localAs, boolean external, Optional<Inet4Address> ipv4Self, Optional<Inet6Address> ipv6Self) {
        this(localAs, external, ipv4Self, ipv6Self, Set.of(), false);
    }

    /**
     * The attributes; an MP_REACH_NLRI without routes stands for the next hop of all but IPv4 unicast.
     *
     * @return empty if there is no next hop of the family: such a route cannot be announced here
     */
    public Optional<PathAttributes> attributes(AddressFamily family, RouteAttributes wanted) {
        RouteAttributes route = retiring ? wanted.withGracefulShutdown() : wanted;
        if (!family.isUnicast()) {
            Optional<InetAddress> hop = family.isFlow() ? route.nextHop() : Optional.empty();
            return Optional.of(attributes(
                    route, Optional.of(new PathAttribute.MpReach(family, hop, Optional.empty(), List.of()))));
        }
        Optional<InetAddress> nextHop =
                route.nextHop().isPresent() ? route.nextHop().filter(hop -> fits(family, hop)) : self(family);
        return nextHop.map(hop -> attributes(
                route,
                Optional.of(
                        family.equals(AddressFamily.IPV4_UNICAST) && hop instanceof Inet4Address ipv4
                                ? new PathAttribute.NextHop(ipv4)
                                : new PathAttribute.MpReach(family, Optional.of(hop), route.linkLocal(), List.of()))));
    }

    /** What an UPDATE without a prefix says of a route. */
    public PathAttributes withoutNextHop(RouteAttributes route) {
        return attributes(route, Optional.empty());
    }

    private boolean fits(AddressFamily family, InetAddress hop) {
        boolean ofFamily = hop instanceof Inet4Address == (family.afi() == 1);
        return ofFamily || extendedNextHops.contains(family);
    }

    /** Our address of the family's own IP version, and the other one only where there is none. */
    private Optional<InetAddress> self(AddressFamily family) {
        Optional<InetAddress> ipv4 = ipv4Self.map(InetAddress.class::cast);
        Optional<InetAddress> ipv6 = ipv6Self.map(InetAddress.class::cast);
        return (family.afi() == 1 ? ipv4.or(() -> ipv6) : ipv6.or(() -> ipv4)).filter(hop -> fits(family, hop));
    }

    private PathAttributes attributes(RouteAttributes route, Optional<PathAttribute> nextHop) {
        List<PathAttribute> list = new ArrayList<>();
        PathAttributes others = PathAttributes.of(route.others());
        list.add(path(route, others));
        nextHop.ifPresent(list::add);
        route.med().ifPresent(med -> list.add(new PathAttribute.MultiExitDiscriminator(med)));
        if (!route.communities().isEmpty()) {
            list.add(new PathAttribute.Communities(
                    route.communities().stream().sorted().distinct().toList()));
        }
        // RFC 4271 §5.1.5: LOCAL_PREF goes to internal peers, and only to them.
        PathAttributes kept = external
                ? others.without(AttributeType.LOCAL_PREF, AttributeType.ORIGINATOR_ID, AttributeType.CLUSTER_LIST)
                : others;
        list.addAll(kept.asList());
        list.add(new PathAttribute.Origin(PathAttribute.Origin.Source.IGP));
        if (!external) {
            list.add(new PathAttribute.LocalPreference(DEFAULT_LOCAL_PREFERENCE));
        }
        return PathAttributes.of(list); // of two of the same type the first counts
    }

    /**
     * RFC 4271 §5.1.2: our AS once towards another AS, not at all within our own; and as often as prepending asks. A path
     * that is given whole is left as it is.
     */
    private AsPath path(RouteAttributes route, PathAttributes others) {
        AsPath given = others.get(AsPath.class).orElse(AsPath.EMPTY);
        AsPath behind = external ? given.withoutConfederation() : given; // RFC 5065 §4
        boolean own =
                external && !(route.pathIsWhole() && others.get(AsPath.class).isPresent());
        return behind.prepended(localAs, route.prependCount() + (own ? 1 : 0));
    }
}
