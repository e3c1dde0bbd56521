package org.secondsite.bgp.rib;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.RouteRun;

/**
 * A whole set of routes to be announced, sorted by what is told of them: so whoever sends it works out attributes once for
 * each batch and not for each route. Immutable; made once, by the thread that wants it announced, and shared by all
 * neighbours.
 */
public final class RouteTable {
    /** No route. */
    public static final RouteTable EMPTY = of(Map.of());

    private final Map<Nlri, RouteAttributes> routes;
    private final Map<Key, Batch> batches;
    private final boolean hasPaths;

    /**
     * Routes of one family of which the same is told.
     *
     * @param routes in no particular order; a {@link RouteRun} where all are prefixes
     */
    record Batch(AddressFamily family, RouteAttributes attributes, List<Nlri> routes) {
        private Batch packed() {
            List<Nlri.Unicast> prefixes = new ArrayList<>(routes.size());
            for (Nlri route : routes) {
                if (!(route instanceof Nlri.Unicast unicast)) {
                    return this;
                }
                prefixes.add(unicast);
            }
            return new Batch(family, attributes, RouteRun.of(prefixes));
        }

        // A batch is what it is: nobody compares a million routes.
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    private record Key(AddressFamily family, RouteAttributes attributes) {}

    private RouteTable(Map<Nlri, RouteAttributes> routes) {
        this.routes = routes;
        Map<Key, Batch> sorted = new LinkedHashMap<>();
        Map.Entry<Key, Batch> last = null;
        boolean paths = false;
        for (Map.Entry<Nlri, RouteAttributes> route : routes.entrySet()) {
            Nlri nlri = route.getKey();
            if (last == null || !isOf(last.getKey(), nlri, route.getValue())) {
                Key key = new Key(nlri.family(), route.getValue());
                last = Map.entry(
                        key,
                        sorted.computeIfAbsent(key, _ -> new Batch(key.family(), key.attributes(), new ArrayList<>())));
            }
            last.getValue().routes().add(nlri);
            paths |= nlri instanceof Nlri.Unicast unicast && unicast.hasPath();
        }
        sorted.replaceAll((_, batch) -> batch.packed());
        batches = sorted;
        hasPaths = paths;
    }

    @SuppressWarnings("ReferenceEquality") // a short cut only: equal but distinct attributes find the same batch
    private static boolean isOf(Key key, Nlri nlri, RouteAttributes attributes) {
        return key.attributes() == attributes && key.family().equals(nlri.family());
    }

    /** These routes; the map is copied. */
    public static RouteTable of(Map<Nlri, RouteAttributes> routes) {
        return new RouteTable(new HashMap<>(routes));
    }

    /** All routes, unmodifiable. */
    public Map<Nlri, RouteAttributes> routes() {
        return Collections.unmodifiableMap(routes);
    }

    /** How many routes there are. */
    public int size() {
        return routes.size();
    }

    Collection<Batch> batches() {
        return Collections.unmodifiableCollection(batches.values());
    }

    /**
     * The batch that the route is in.
     *
     * @param guess one in which it may well be, or null
     */
    Optional<Batch> batch(Nlri route, Batch guess) {
        RouteAttributes attributes = routes.get(route);
        if (attributes == null) {
            return Optional.empty();
        }
        boolean right = guess != null && isOf(new Key(guess.family(), guess.attributes()), route, attributes);
        return Optional.of(right ? guess : batches.get(new Key(route.family(), attributes)));
    }

    /** Whether routes have path identifiers (RFC 7911). */
    boolean hasPaths() {
        return hasPaths;
    }
}
