package org.secondsite.bgp.decision;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * Where routes cross from one neighbour to others: through the import policy of the one into the Loc-RIB, and the best by the export
 * policies of the others out of it (RFC 4271 §9.1.3, §9.2).
 *
 * <p>A neighbour is not told its own routes; one of our AS not those of others of our AS (no route is reflected); and nobody what
 * the well-known communities keep from it (RFC 1997). A neighbour of another AS gets us as the next hop, and no MED but the one that
 * a policy sets. Not thread-safe.
 */
public final class Crossing {
    /** RFC 1997: not beyond our AS. */
    static final long NO_EXPORT = 0xffff_ff01L;
    /** RFC 1997: to nobody. */
    static final long NO_ADVERTISE = 0xffff_ff02L;
    /** RFC 1997: not to another AS, members of a confederation included. */
    static final long NO_EXPORT_SUBCONFED = 0xffff_ff03L;

    private final LocRib rib = new LocRib();
    private final Map<InetAddress, End> ends = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);

    /**
     * A neighbour.
     *
     * @param external whether it is of another AS
     * @param localAs our AS towards it
     */
    public record End(boolean external, long localAs, Policies policies) {
        private boolean isTold() {
            return !policies.exports().isNothing();
        }
    }

    /**
     * What a neighbour is to be told now.
     *
     * @param announced routes, in place of what it was told of them
     * @param withdrawn routes that it is not to know any more; it may never have known them
     */
    public record Told(Map<Nlri, RouteAttributes> announced, List<Nlri> withdrawn) {
        Told() {
            this(new LinkedHashMap<>(), new ArrayList<>());
        }

        /** Whether there is nothing to tell. */
        public boolean isEmpty() {
            return announced.isEmpty() && withdrawn.isEmpty();
        }
    }

    /**
     * A neighbour from now on, or with other policies than before; what it has announced is to be given anew then. Returns what it and
     * others are to be told.
     */
    public Map<InetAddress, Told> add(InetAddress peer, End end) {
        End before = ends.put(peer, end);
        Map<InetAddress, Told> all = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        if (end.policies().imports().isNothing()) {
            all.putAll(spread(rib.remove(peer)));
        }
        if (end.isTold() || (before != null && before.isTold())) {
            Told told = new Told();
            rib.best().forEach(best -> tell(peer, end, best.destination(), Optional.of(best), told));
            all.put(peer, told);
        }
        return all;
    }

    /** It is none any more; returns what others are to be told. */
    public Map<InetAddress, Told> remove(InetAddress peer) {
        ends.remove(peer);
        return spread(rib.remove(peer));
    }

    /** Its session is gone; returns what others are to be told. */
    public Map<InetAddress, Told> down(InetAddress peer) {
        return spread(rib.remove(peer));
    }

    /** It has announced and withdrawn these; returns what others are to be told. */
    public Map<InetAddress, Told> received(
            Candidate.Source source, List<ReceivedRoute> announced, Collection<Nlri> withdrawn) {
        End end = ends.get(source.peer());
        if (end == null || end.policies().imports().isNothing()) {
            return Map.of();
        }
        List<ReceivedRoute> taken = new ArrayList<>();
        List<Nlri> gone = new ArrayList<>(withdrawn);
        for (ReceivedRoute route : announced) {
            end.policies()
                    .imports()
                    .apply(route, end.localAs())
                    .ifPresentOrElse(taken::add, () -> gone.add(route.nlri()));
        }
        return spread(rib.update(source, taken, gone));
    }

    /** The Loc-RIB; to be read only. */
    public LocRib rib() {
        return rib;
    }

    private Map<InetAddress, Told> spread(List<LocRib.Change> changes) {
        Map<InetAddress, Told> all = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        if (changes.isEmpty()) {
            return all;
        }
        ends.forEach((peer, end) -> {
            if (end.isTold()) {
                Told told = new Told();
                changes.forEach(change -> tell(peer, end, change.destination(), change.after(), told));
                all.put(peer, told);
            }
        });
        return all;
    }

    private static void tell(InetAddress peer, End end, Nlri destination, Optional<Candidate> best, Told told) {
        best.flatMap(candidate -> passedOn(peer, end, candidate))
                .ifPresentOrElse(route -> told.announced().put(destination, route), () -> told.withdrawn()
                        .add(destination));
    }

    /** What the neighbour is told of the route; empty: nothing. */
    private static Optional<RouteAttributes> passedOn(InetAddress peer, End end, Candidate candidate) {
        boolean fromInside = !candidate.source().external() && !end.external();
        if (PeerOrder.same(candidate.source().peer(), peer) || fromInside || isKeptFrom(end, candidate.route())) {
            return Optional.empty();
        }
        ReceivedRoute route = candidate.route();
        ReceivedRoute bare = end.external()
                ? new ReceivedRoute(
                        route.nlri(), Optional.empty(), route.attributes().without(AttributeType.MULTI_EXIT_DISC))
                : route;
        return end.policies().exports().apply(bare, end.localAs()).map(changed -> {
            RouteAttributes attributes = RouteAttributes.passingOn(changed);
            return changed.attributes()
                    .get(PathAttribute.MultiExitDiscriminator.class)
                    .map(med -> attributes.withMed(med.value()))
                    .orElse(attributes);
        });
    }

    private static boolean isKeptFrom(End end, ReceivedRoute route) {
        List<Long> communities = route.attributes()
                .get(PathAttribute.Communities.class)
                .map(PathAttribute.Communities::values)
                .orElse(List.of());
        return communities.contains(NO_ADVERTISE)
                || (end.external() && (communities.contains(NO_EXPORT) || communities.contains(NO_EXPORT_SUBCONFED)));
    }
}
