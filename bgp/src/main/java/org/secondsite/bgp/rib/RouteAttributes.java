package org.secondsite.bgp.rib;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * How a route is to be announced, independent of the neighbour. {@link #PLAIN} and the methods that change it make every
 * kind.
 *
 * @param nextHop where packets shall go; empty: to our own address on the session
 * @param linkLocal the second next hop of an IPv6 route (RFC 2545 §3)
 * @param prependCount how many times our AS stands in the path beyond the one time it must, 0 to 250
 * @param pathIsWhole whether an AS_PATH among {@code others} is sent as it is; if not, our AS is put in front towards
 *     another AS
 * @param med MULTI_EXIT_DISC, 32 bits unsigned, the lower the better
 * @param communities RFC 1997 communities, each {@code AS << 16 | value}
 * @param others further attributes; ORIGIN overrides IGP
 */
public record RouteAttributes(
        Optional<InetAddress> nextHop,
        Optional<Inet6Address> linkLocal,
        int prependCount,
        boolean pathIsWhole,
        OptionalLong med,
        List<Long> communities,
        List<PathAttribute> others) {
    /** Next hop self, not prepended, nothing else. */
    public static final RouteAttributes PLAIN = new RouteAttributes(
            Optional.empty(), Optional.empty(), 0, false, OptionalLong.empty(), List.of(), List.of());
    /** GRACEFUL_SHUTDOWN (RFC 8326 §4): please prefer any other path, this one is about to go. */
    public static final long GRACEFUL_SHUTDOWN = 0xffff_0000L;

    private static final int MAX_PREPEND = 250;
    private static final long U32_MAXIMUM = 0xffff_ffffL;
    private static final int OPTIONAL_BIT = 0x80;
    private static final int TRANSITIVE_BIT = 0x40;
    private static final int PARTIAL_BIT = 0x20;

    /**
     * Checks ranges and copies the lists.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public RouteAttributes {
        if (prependCount < 0 || prependCount > MAX_PREPEND) {
            throw new IllegalArgumentException("prependCount " + prependCount + " is not within 0.." + MAX_PREPEND);
        }
        if (med.isPresent() && (med.getAsLong() < 0 || med.getAsLong() > U32_MAXIMUM)) {
            throw new IllegalArgumentException("med " + med.getAsLong() + " has no 32-bit form");
        }
        if (communities.stream().anyMatch(value -> value < 0 || value > U32_MAXIMUM)) {
            throw new IllegalArgumentException("a community has no 32-bit form");
        }
        communities = List.copyOf(communities);
        others = List.copyOf(others);
    }

    /**
     * A route that was received, to be passed on with its next hop: attributes that are not known here go on if they are
     * transitive, and are marked as partial, and stay behind otherwise (RFC 4271 §5). MULTI_EXIT_DISC is not passed on, it
     * was meant for us (§5.1.4).
     */
    public static RouteAttributes passingOn(ReceivedRoute route) {
        List<PathAttribute> kept = new ArrayList<>();
        for (PathAttribute attribute : route.attributes().asList()) {
            switch (attribute) {
                case PathAttribute.Unrecognized(int flags, int code, var value) -> {
                    if ((flags & TRANSITIVE_BIT) != 0) {
                        kept.add(new PathAttribute.Unrecognized(
                                OPTIONAL_BIT | TRANSITIVE_BIT | PARTIAL_BIT, code, value));
                    }
                }
                case PathAttribute.MultiExitDiscriminator _, PathAttribute.Communities _ -> {}
                case AsPath _, PathAttribute.Simple _ -> kept.add(attribute);
            }
        }
        List<Long> communities = route.attributes()
                .get(PathAttribute.Communities.class)
                .map(PathAttribute.Communities::values)
                .orElse(List.of());
        return new RouteAttributes(
                route.nextHop(), Optional.empty(), 0, false, OptionalLong.empty(), communities, kept);
    }

    /** The same, prepended {@code count} times. */
    public RouteAttributes withPrepend(int count) {
        return new RouteAttributes(nextHop, linkLocal, count, pathIsWhole, med, communities, others);
    }

    /** The same with the MED. */
    public RouteAttributes withMed(long value) {
        return withMed(OptionalLong.of(value));
    }

    /** The same with the MED, or without one. */
    public RouteAttributes withMed(OptionalLong value) {
        return new RouteAttributes(nextHop, linkLocal, prependCount, pathIsWhole, value, communities, others);
    }

    /** The same with the communities in place of those before. */
    public RouteAttributes withCommunities(List<Long> values) {
        return new RouteAttributes(nextHop, linkLocal, prependCount, pathIsWhole, med, values, others);
    }

    /** The same with these further attributes in place of those before. */
    public RouteAttributes withOthers(List<PathAttribute> attributes) {
        return new RouteAttributes(nextHop, linkLocal, prependCount, pathIsWhole, med, communities, attributes);
    }

    /** The same, with an AS_PATH among the others sent as it is. */
    public RouteAttributes withWholePath() {
        return new RouteAttributes(nextHop, linkLocal, prependCount, true, med, communities, others);
    }

    /** The same with the next hop. */
    public RouteAttributes withNextHop(InetAddress address) {
        return new RouteAttributes(
                Optional.of(address), linkLocal, prependCount, pathIsWhole, med, communities, others);
    }

    /** The same with a link-local next hop beside the other. */
    public RouteAttributes withLinkLocal(Inet6Address address) {
        return new RouteAttributes(nextHop, Optional.of(address), prependCount, pathIsWhole, med, communities, others);
    }

    /** The same, asked to be avoided: GRACEFUL_SHUTDOWN, and within an AS the lowest local preference (RFC 8326 §4). */
    public RouteAttributes withGracefulShutdown() {
        List<Long> more = new ArrayList<>(communities);
        more.add(GRACEFUL_SHUTDOWN);
        List<PathAttribute> changed = new ArrayList<>(others);
        changed.removeIf(PathAttribute.LocalPreference.class::isInstance);
        changed.add(new PathAttribute.LocalPreference(0));
        return withCommunities(more).withOthers(changed);
    }
}
