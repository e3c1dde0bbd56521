package org.secondsite.bgp.rib;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * How a prefix is to be announced, independent of the neighbour.
 *
 * @param nextHop where packets shall go; empty: to our own address on the session
 * @param prependCount how many times our AS stands in the path beyond the one time it must, 0 to 250
 * @param med MULTI_EXIT_DISC, 32 bits unsigned, the lower the better
 * @param communities RFC 1997 communities, each {@code AS << 16 | value}
 * @param others further attributes; ORIGIN overrides IGP, AS_PATH is the path behind our own AS
 */
public record RouteAttributes(
        Optional<InetAddress> nextHop,
        int prependCount,
        OptionalLong med,
        List<Long> communities,
        List<PathAttribute> others) {
    /** Next hop self, not prepended, nothing else. */
    public static final RouteAttributes PLAIN =
            new RouteAttributes(Optional.empty(), 0, OptionalLong.empty(), List.of(), List.of());
    /** GRACEFUL_SHUTDOWN (RFC 8326 §4): please prefer any other path, this one is about to go. */
    public static final long GRACEFUL_SHUTDOWN = 0xffff_0000L;

    private static final int MAXIMUM_PREPEND = 250;
    private static final long U32_MAXIMUM = 0xffff_ffffL;

    /**
     * Checks ranges and copies the lists.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public RouteAttributes {
        if (prependCount < 0 || prependCount > MAXIMUM_PREPEND) {
            throw new IllegalArgumentException("prependCount " + prependCount + " is not within 0.." + MAXIMUM_PREPEND);
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

    /** Without further attributes. */
    public RouteAttributes(Optional<InetAddress> nextHop, int prependCount, OptionalLong med, List<Long> communities) {
        this(nextHop, prependCount, med, communities, List.of());
    }

    /** The same, prepended {@code count} times. */
    public RouteAttributes withPrepend(int count) {
        return new RouteAttributes(nextHop, count, med, communities, others);
    }

    /** The same with the MED. */
    public RouteAttributes withMed(long value) {
        return new RouteAttributes(nextHop, prependCount, OptionalLong.of(value), communities, others);
    }

    /** The same with the communities in place of those before. */
    public RouteAttributes withCommunities(List<Long> values) {
        return new RouteAttributes(nextHop, prependCount, med, values, others);
    }

    /** The same, asked to be avoided: GRACEFUL_SHUTDOWN, and within an AS the lowest local preference (RFC 8326 §4). */
    public RouteAttributes withGracefulShutdown() {
        List<Long> more = new ArrayList<>(communities);
        more.add(GRACEFUL_SHUTDOWN);
        List<PathAttribute> changed = new ArrayList<>(others);
        changed.removeIf(PathAttribute.LocalPreference.class::isInstance);
        changed.add(new PathAttribute.LocalPreference(0));
        return new RouteAttributes(nextHop, prependCount, med, more, changed);
    }

    /** The same with the next hop. */
    public RouteAttributes withNextHop(InetAddress address) {
        return new RouteAttributes(Optional.of(address), prependCount, med, communities, others);
    }
}
