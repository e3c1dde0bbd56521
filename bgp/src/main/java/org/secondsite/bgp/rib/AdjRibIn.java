package org.secondsite.bgp.rib;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.RouteRefreshMessage;

/** What one neighbour has announced and not withdrawn (RFC 4271 §3.2). */
public final class AdjRibIn {
    private final Map<Nlri, ReceivedRoute> routes = new HashMap<>();
    private final Map<AddressFamily, Integer> sizes = new HashMap<>();
    private final Set<Nlri> stale = new HashSet<>();
    private final Set<AddressFamily> refreshing = new HashSet<>();
    private Map<AddressFamily, Integer> caps;

    /**
     * Empty.
     *
     * @param caps how many routes of a family are taken; those beyond are kept out; a family that is absent has no cap
     */
    public AdjRibIn(Map<AddressFamily, Integer> caps) {
        this.caps = Map.copyOf(caps);
    }

    /** Other caps from now on; what is beyond them already stays. */
    public void limit(Map<AddressFamily, Integer> changed) {
        caps = Map.copyOf(changed);
    }

    /** What a message changed. */
    public record Changes(List<ReceivedRoute> announced, List<Nlri> withdrawn) {
        /** Nothing. */
        public static final Changes NONE = new Changes(List.of(), List.of());

        /** Copies the lists. */
        public Changes {
            announced = List.copyOf(announced);
            withdrawn = List.copyOf(withdrawn);
        }

        /** Whether nothing changed. */
        public boolean isEmpty() {
            return announced.isEmpty() && withdrawn.isEmpty();
        }

        /** And these; no route is of both. */
        public Changes and(Changes others) {
            List<ReceivedRoute> more = new ArrayList<>(announced);
            more.addAll(others.announced);
            List<Nlri> less = new ArrayList<>(withdrawn);
            less.addAll(others.withdrawn);
            return new Changes(more, less);
        }
    }

    /**
     * What became of a message.
     *
     * @param update the message, without the routes for which there was no room
     * @param changes what is different now
     */
    public record Applied(ReceivedUpdate update, Changes changes) {}

    /** Takes the routes of the message. */
    public Applied apply(ReceivedUpdate update) {
        List<Nlri> withdrawn = new ArrayList<>();
        for (Nlri nlri : update.withdrawn()) {
            if (remove(nlri)) {
                withdrawn.add(nlri);
            }
        }
        List<ReceivedRoute> announced = new ArrayList<>();
        Set<Nlri> noRoom = new LinkedHashSet<>();
        for (ReceivedRoute route : update.announced()) {
            Nlri nlri = route.nlri();
            ReceivedRoute known = routes.get(nlri);
            if (known == null && size(nlri.family()) >= caps.getOrDefault(nlri.family(), Integer.MAX_VALUE)) {
                noRoom.add(nlri);
                continue;
            }
            stale.remove(nlri);
            if (!route.equals(known)) {
                routes.put(nlri, route);
                announced.add(route);
            }
            if (known == null) {
                sizes.merge(nlri.family(), 1, Integer::sum);
            }
        }
        return new Applied(update.refusing(noRoom, RouteRefusal.OVER_LIMIT), new Changes(announced, withdrawn));
    }

    private boolean remove(Nlri nlri) {
        stale.remove(nlri);
        if (routes.remove(nlri) == null) {
            return false;
        }
        sizes.merge(nlri.family(), -1, Integer::sum);
        return true;
    }

    /** A mark of enhanced route refresh (RFC 7313 §4): what is not announced again between the marks is gone. */
    public Changes mark(RouteRefreshMessage mark) {
        if (mark.subtype() == RouteRefreshMessage.BEGIN) {
            refreshing.add(mark.family());
            routes.keySet().stream()
                    .filter(nlri -> nlri.family().equals(mark.family()))
                    .forEach(stale::add);
        }
        if (mark.subtype() != RouteRefreshMessage.END || !refreshing.remove(mark.family())) {
            return new Changes(List.of(), List.of());
        }
        List<Nlri> gone = stale.stream()
                .filter(nlri -> nlri.family().equals(mark.family()))
                .toList();
        gone.forEach(this::remove);
        return new Changes(List.of(), gone);
    }

    /**
     * The session is gone, and the routes of these families are kept: they are stale until they are announced again (RFC 4724
     * §4.2). Returns those of other families, which are gone.
     */
    public Changes keepStale(Set<AddressFamily> families) {
        refreshing.clear();
        List<Nlri> gone = routes.keySet().stream()
                .filter(nlri -> !families.contains(nlri.family()))
                .toList();
        gone.forEach(this::remove);
        stale.addAll(routes.keySet());
        return new Changes(List.of(), gone);
    }

    /** Whether any route is stale. */
    public boolean hasStale() {
        return !stale.isEmpty();
    }

    /** Stale routes of these families are gone. */
    public Changes dropStale(Predicate<AddressFamily> families) {
        List<Nlri> gone =
                stale.stream().filter(nlri -> families.test(nlri.family())).toList();
        gone.forEach(this::remove);
        return new Changes(List.of(), gone);
    }

    /** The route, if it is announced. */
    public Optional<ReceivedRoute> route(Nlri nlri) {
        return Optional.ofNullable(routes.get(nlri));
    }

    /** All routes. */
    public List<ReceivedRoute> routes() {
        return List.copyOf(routes.values());
    }

    /** How many routes there are. */
    public int size() {
        return routes.size();
    }

    /** How many routes of the family there are. */
    public int size(AddressFamily family) {
        return sizes.getOrDefault(family, 0);
    }
}
