package org.secondsite.bgp.decision;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * The ways to a few destinations of the Loc-RIB: the next hops of all routes that are as good as the best one (ECMP). A look costs
 * as much as there are destinations, until one of them has other routes. Not thread-safe.
 */
public final class Followed {
    private final Map<Prefix, Look> looks = new LinkedHashMap<>();

    /**
     * Where packets go next.
     *
     * @param scopeId the index of the interface that a link-local address is at, which tells it from the same one at another; else 0
     */
    public record NextHop(InetAddress address, int scopeId) {}

    /** What was seen of one destination, and what was told of it. */
    private record Look(List<Candidate> candidates, List<NextHop> nextHops) {
        static final Look NOTHING = new Look(List.of(), List.of());
    }

    /**
     * The ways to a destination are these now.
     *
     * @param destination where they lead
     * @param nextHops in the order of the addresses, each once; empty: there is no way
     */
    public record Ways(Prefix destination, List<NextHop> nextHops) {
        /** Copies the list. */
        public Ways {
            nextHops = List.copyOf(nextHops);
        }
    }

    /** Follows these from now on, and no others. Returns the ways to those that are new, if there are any. */
    public List<Ways> follow(Collection<Prefix> destinations, LocRib rib) {
        looks.keySet().retainAll(destinations);
        destinations.forEach(destination -> looks.putIfAbsent(destination, Look.NOTHING));
        return look(rib);
    }

    /** Looks at the Loc-RIB; returns what has become another since the last look. */
    public List<Ways> look(LocRib rib) {
        List<Ways> others = new ArrayList<>();
        for (Map.Entry<Prefix, Look> entry : looks.entrySet()) {
            Look before = entry.getValue();
            List<Candidate> candidates = rib.candidates(Nlri.of(entry.getKey()));
            if (candidates.equals(before.candidates())) {
                continue;
            }
            List<NextHop> nextHops = nextHops(candidates);
            entry.setValue(new Look(candidates, nextHops));
            if (!nextHops.equals(before.nextHops())) {
                others.add(new Ways(entry.getKey(), nextHops));
            }
        }
        return others;
    }

    private static List<NextHop> nextHops(List<Candidate> candidates) {
        return DecisionStep.asGood(candidates).stream()
                .map(Followed::nextHop)
                .flatMap(Optional::stream)
                .distinct()
                .sorted(Comparator.comparing((NextHop one) -> one.address().getAddress(), Arrays::compareUnsigned)
                        .thenComparingInt(NextHop::scopeId))
                .toList();
    }

    private static Optional<NextHop> nextHop(Candidate candidate) {
        return candidate
                .route()
                .nextHop()
                .map(address -> new NextHop(
                        address,
                        address.isLinkLocalAddress() && candidate.source().peer() instanceof Inet6Address peer
                                ? peer.getScopeId()
                                : 0));
    }
}
