package org.secondsite.bgp.decision;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.Nlri;

/**
 * Routes that neighbours announced and import policies left, and the best to each destination (RFC 4271 §3.2, §9.1).
 *
 * <p>Unicast only: traffic filters would have to be proven against unicast routes first (RFC 8955 §6), and what is only handed
 * through cannot be compared. Not thread-safe. A change costs as much as there are routes to its destination.
 */
public final class LocRib {
    /** Mostly there is one route to a destination: no list of one costs more than itself. */
    private final Map<Nlri, List<Candidate>> destinations = new HashMap<>();

    private final Map<InetAddress, Set<Nlri>> byPeer = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);

    /**
     * Another route is the best one, or none any more.
     *
     * @param destination without a path identifier
     */
    public record Change(Nlri destination, Optional<Candidate> before, Optional<Candidate> after) {}

    /**
     * A neighbour's routes are others.
     *
     * @param announced routes that take the place of what it had under the same name
     * @param withdrawn routes that it has no more
     */
    public List<Change> update(Candidate.Source source, List<ReceivedRoute> announced, Collection<Nlri> withdrawn) {
        Map<Nlri, Optional<Candidate>> before = new HashMap<>();
        Set<Nlri> touched = new LinkedHashSet<>();
        for (Nlri nlri : withdrawn) {
            touch(Candidate.destination(nlri), touched, before);
            remove(source.peer(), nlri);
        }
        for (ReceivedRoute route : announced) {
            if (route.nlri() instanceof Nlri.Unicast) {
                touch(Candidate.destination(route.nlri()), touched, before);
                remove(source.peer(), route.nlri());
                add(new Candidate(source, route));
            }
        }
        return changes(touched, before);
    }

    /** All routes of the neighbour are gone. */
    public List<Change> remove(InetAddress peer) {
        Map<Nlri, Optional<Candidate>> before = new HashMap<>();
        Set<Nlri> touched = new LinkedHashSet<>();
        for (Nlri nlri : byPeer.getOrDefault(peer, Set.of())) {
            touch(Candidate.destination(nlri), touched, before);
            drop(peer, nlri);
        }
        byPeer.remove(peer);
        return changes(touched, before);
    }

    private void touch(Nlri destination, Set<Nlri> touched, Map<Nlri, Optional<Candidate>> before) {
        if (touched.add(destination)) {
            before.put(destination, best(destination));
        }
    }

    private List<Change> changes(Set<Nlri> touched, Map<Nlri, Optional<Candidate>> before) {
        List<Change> changes = new ArrayList<>();
        for (Nlri destination : touched) {
            Optional<Candidate> now = best(destination);
            if (!now.equals(before.get(destination))) {
                changes.add(new Change(destination, before.get(destination), now));
            }
        }
        return changes;
    }

    private void add(Candidate candidate) {
        destinations.merge(candidate.destination(), List.of(candidate), (known, one) -> {
            List<Candidate> more = new ArrayList<>(known);
            more.addAll(one);
            return List.copyOf(more);
        });
        byPeer.computeIfAbsent(candidate.source().peer(), _ -> new HashSet<>())
                .add(candidate.route().nlri());
    }

    private void remove(InetAddress peer, Nlri nlri) {
        Set<Nlri> known = byPeer.get(peer);
        if (known != null && known.remove(nlri)) {
            drop(peer, nlri);
        }
    }

    private void drop(InetAddress peer, Nlri nlri) {
        destinations.computeIfPresent(Candidate.destination(nlri), (_, known) -> {
            List<Candidate> left = known.stream()
                    .filter(candidate -> !(PeerOrder.same(candidate.source().peer(), peer)
                            && candidate.route().nlri().equals(nlri)))
                    .toList();
            return left.isEmpty() ? null : left;
        });
    }

    /** The best route to the destination. */
    public Optional<Candidate> best(Nlri destination) {
        List<Candidate> candidates = candidates(destination);
        return candidates.isEmpty() ? Optional.empty() : Optional.of(DecisionStep.best(candidates));
    }

    /** All routes to the destination, in no particular order. */
    public List<Candidate> candidates(Nlri destination) {
        return destinations.getOrDefault(destination, List.of());
    }

    /** The best route to each destination. */
    public List<Candidate> best() {
        return destinations.values().stream().map(DecisionStep::best).toList();
    }

    /** How many destinations there are routes to. */
    public int size() {
        return destinations.size();
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return destinations.isEmpty();
    }
}
