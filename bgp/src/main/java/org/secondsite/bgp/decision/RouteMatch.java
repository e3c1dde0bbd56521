package org.secondsite.bgp.decision;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * Which routes a rule is for: those that fulfil every condition that is set. {@link #ANY} and the methods that narrow it make
 * every kind.
 *
 * @param prefixes one of which contains the route; empty: no condition
 * @param communities one of which the route bears, each {@code AS << 16 | value}; empty: no condition
 * @param through AS numbers one of which stands anywhere in the path; empty: no condition
 * @param origins AS numbers one of which stands last in the path; empty: no condition
 * @param maxPathLength AS numbers that the path has at most, as the decision counts them
 */
public record RouteMatch(
        List<PrefixRange> prefixes,
        Set<Long> communities,
        Set<Long> through,
        Set<Long> origins,
        OptionalInt maxPathLength) {
    /** Every route. */
    public static final RouteMatch ANY = new RouteMatch(List.of(), Set.of(), Set.of(), Set.of(), OptionalInt.empty());

    /** Copies the collections. */
    public RouteMatch {
        prefixes = List.copyOf(prefixes);
        communities = Set.copyOf(communities);
        through = Set.copyOf(through);
        origins = Set.copyOf(origins);
    }

    /** Of these prefixes. */
    public RouteMatch withPrefixes(PrefixRange... ranges) {
        return new RouteMatch(List.of(ranges), communities, through, origins, maxPathLength);
    }

    /** With one of these communities. */
    public RouteMatch withCommunities(Long... values) {
        return new RouteMatch(prefixes, Set.of(values), through, origins, maxPathLength);
    }

    /** That come through one of these. */
    public RouteMatch withThrough(Long... numbers) {
        return new RouteMatch(prefixes, communities, Set.of(numbers), origins, maxPathLength);
    }

    /** That begin at one of these. */
    public RouteMatch withOrigins(Long... numbers) {
        return new RouteMatch(prefixes, communities, through, Set.of(numbers), maxPathLength);
    }

    /** With no longer a path. */
    public RouteMatch withMaxPathLength(int length) {
        return new RouteMatch(prefixes, communities, through, origins, OptionalInt.of(length));
    }

    /** Whether the route fulfils all conditions. */
    public boolean matches(ReceivedRoute route) {
        return isOfPrefixes(route.nlri()) && hasCommunity(route) && hasPath(route);
    }

    private boolean isOfPrefixes(Nlri nlri) {
        return prefixes.isEmpty()
                || (nlri instanceof Nlri.Unicast unicast
                        && prefixes.stream().anyMatch(range -> range.contains(unicast.prefix())));
    }

    private boolean hasCommunity(ReceivedRoute route) {
        return communities.isEmpty()
                || route.attributes()
                        .get(PathAttribute.Communities.class)
                        .filter(borne -> borne.values().stream().anyMatch(communities::contains))
                        .isPresent();
    }

    private boolean hasPath(ReceivedRoute route) {
        if (through.isEmpty() && origins.isEmpty() && maxPathLength.isEmpty()) {
            return true;
        }
        AsPath path = route.attributes().get(AsPath.class).orElse(AsPath.EMPTY);
        List<Long> numbers = path.numbers();
        return (through.isEmpty() || numbers.stream().anyMatch(through::contains))
                && (origins.isEmpty() || (!numbers.isEmpty() && origins.contains(numbers.getLast())))
                && path.selectionLength() <= maxPathLength.orElse(Integer.MAX_VALUE);
    }
}
