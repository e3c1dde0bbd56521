package org.secondsite.bgp.rib;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
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
 */
public record Exporter(
        long localAs, boolean external, Optional<Inet4Address> ipv4Self, Optional<Inet6Address> ipv6Self) {
    private static final long DEFAULT_LOCAL_PREFERENCE = 100;

    /**
     * The attributes; for IPv6 an MP_REACH_NLRI without prefixes stands for the next hop.
     *
     * @return empty if there is no next hop of the family: such a prefix cannot be announced here
     */
    public Optional<PathAttributes> attributes(AddressFamily family, RouteAttributes route) {
        Predicate<InetAddress> fits = family.equals(AddressFamily.IPV4_UNICAST)
                ? Inet4Address.class::isInstance
                : Inet6Address.class::isInstance;
        Optional<? extends InetAddress> self = family.equals(AddressFamily.IPV4_UNICAST) ? ipv4Self : ipv6Self;
        Optional<InetAddress> nextHop =
                route.nextHop().isPresent() ? route.nextHop().filter(fits) : self.map(InetAddress.class::cast);
        return nextHop.map(hop -> attributes(family, route, hop));
    }

    private PathAttributes attributes(AddressFamily family, RouteAttributes route, InetAddress nextHop) {
        List<PathAttribute> list = new ArrayList<>();
        PathAttributes others = PathAttributes.of(route.others());
        list.add(path(route, others));
        list.add(
                nextHop instanceof Inet4Address ipv4
                        ? new PathAttribute.NextHop(ipv4)
                        : new PathAttribute.MpReach(family, nextHop, Optional.empty(), List.of()));
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

    /** RFC 4271 §5.1.2: our AS once towards another AS, not at all within our own; and as often as prepending asks. */
    private AsPath path(RouteAttributes route, PathAttributes others) {
        AsPath behind = others.get(AsPath.class).orElse(AsPath.EMPTY);
        return behind.prepended(localAs, route.prependCount() + (external ? 1 : 0));
    }
}
