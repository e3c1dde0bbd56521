package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;

/**
 * What a helper has announced and not withdrawn, for each neighbour. Announcing the same again changes nothing, so helpers
 * may repeat themselves in every cycle.
 */
public final class DesiredRoutes {
    private SpeakerSettings speaker;
    private NeighborFilter lastFilter;
    private List<InetAddress> lastSelected = List.of();
    private final Map<InetAddress, Map<Nlri, RouteAttributes>> byNeighbor = new HashMap<>();
    private final Map<String, Map<InetAddress, Map<Nlri, RouteAttributes>>> watchdogs = new HashMap<>();

    /** Nothing is announced. */
    public DesiredRoutes(SpeakerSettings speaker) {
        this.speaker = speaker;
        speaker.neighbors().stream()
                .map(NeighborSettings::address)
                .forEach(neighbor -> byNeighbor.put(neighbor, new LinkedHashMap<>()));
    }

    /** Has these neighbours from now on: new ones are told nothing yet, and what was for others is forgotten. */
    public void use(SpeakerSettings changed) {
        speaker = changed;
        lastFilter = null;
        Set<InetAddress> now = new HashSet<>();
        changed.neighbors().forEach(neighbor -> now.add(neighbor.address()));
        byNeighbor.keySet().retainAll(now);
        watchdogs.values().forEach(watched -> watched.keySet().retainAll(now));
        now.forEach(neighbor -> byNeighbor.computeIfAbsent(neighbor, _ -> new LinkedHashMap<>()));
    }

    /** Takes a command that is about routes; returns what is different now, for each neighbour that it is for. */
    public Map<InetAddress, Set<Nlri>> apply(ApiCommand command) {
        Map<InetAddress, Set<Nlri>> changed = new LinkedHashMap<>();
        apply(command, neighbor -> changed.computeIfAbsent(neighbor, _ -> new LinkedHashSet<>()));
        changed.values().removeIf(Set::isEmpty);
        return changed;
    }

    /** The same; adds what is different to the set of each neighbour that it is for. */
    public void apply(ApiCommand command, Function<InetAddress, Set<Nlri>> changed) {
        switch (command) {
            case ApiCommand.Announce(NeighborFilter neighbors, List<ApiCommand.Route> routes) -> {
                for (InetAddress neighbor : select(neighbors)) {
                    Set<Nlri> changes = changed.apply(neighbor);
                    for (ApiCommand.Route route : routes) {
                        announce(neighbor, route, changes);
                    }
                }
            }
            case ApiCommand.Withdraw(NeighborFilter neighbors, List<Nlri> routes) -> {
                for (InetAddress neighbor : select(neighbors)) {
                    Set<Nlri> changes = changed.apply(neighbor);
                    routes.forEach(nlri -> withdraw(neighbor, nlri, changes));
                }
            }
            case ApiCommand.Watchdog(NeighborFilter neighbors, String name, boolean announce) -> {
                Map<InetAddress, Map<Nlri, RouteAttributes>> watched = watchdogs.getOrDefault(name, Map.of());
                for (InetAddress neighbor : select(neighbors)) {
                    Set<Nlri> changes = changed.apply(neighbor);
                    watched.getOrDefault(neighbor, Map.of()).forEach((nlri, attributes) -> {
                        if (announce) {
                            announce(neighbor, new ApiCommand.Route(nlri, attributes), changes);
                        } else {
                            withdraw(neighbor, nlri, changes);
                        }
                    });
                }
            }
            case ApiCommand.Clear(NeighborFilter neighbors) -> {
                for (InetAddress neighbor : select(neighbors)) {
                    changed.apply(neighbor).addAll(clear(neighbor));
                }
            }
            default -> {}
        }
    }

    /** Lines of a table are for the same neighbours, one like the other. */
    @SuppressWarnings("ReferenceEquality") // a short cut only: an equal filter selects the same
    private List<InetAddress> select(NeighborFilter neighbors) {
        if (neighbors != lastFilter) {
            lastFilter = neighbors;
            lastSelected = neighbors.select(speaker);
        }
        return lastSelected;
    }

    private void announce(InetAddress neighbor, ApiCommand.Route route, Set<Nlri> changes) {
        route.watchdog().ifPresent(name -> watchdogs
                .computeIfAbsent(name, _ -> new HashMap<>())
                .computeIfAbsent(neighbor, _ -> new LinkedHashMap<>())
                .put(route.nlri(), route.attributes()));
        if (!route.held()) {
            RouteAttributes before = byNeighbor.get(neighbor).put(route.nlri(), route.attributes());
            if (before == null || !before.equals(route.attributes())) {
                changes.add(route.nlri());
            }
        }
    }

    private void withdraw(InetAddress neighbor, Nlri nlri, Set<Nlri> changes) {
        if (byNeighbor.get(neighbor).remove(nlri) != null) {
            changes.add(nlri);
        }
    }

    private Set<Nlri> clear(InetAddress neighbor) {
        Set<Nlri> all = new LinkedHashSet<>(byNeighbor.get(neighbor).keySet());
        byNeighbor.get(neighbor).clear();
        return all;
    }

    /** Withdraws everything: a helper that died can no longer vouch for its routes. */
    public Map<InetAddress, Set<Nlri>> clear() {
        watchdogs.clear();
        return apply(new ApiCommand.Clear(NeighborFilter.ALL));
    }

    /** The neighbour shall know exactly these routes; returns those of which something is different. */
    public Set<Nlri> replace(InetAddress neighbor, List<ApiCommand.Route> routes) {
        Set<Nlri> changes = new LinkedHashSet<>();
        Set<Nlri> kept = new HashSet<>();
        routes.forEach(route -> kept.add(route.nlri()));
        for (Nlri nlri : List.copyOf(byNeighbor.get(neighbor).keySet())) {
            if (!kept.contains(nlri)) {
                withdraw(neighbor, nlri, changes);
            }
        }
        routes.forEach(route -> announce(neighbor, route, changes));
        return changes;
    }

    /** All that the neighbour shall know; a view that follows later commands. */
    public Map<Nlri, RouteAttributes> routes(InetAddress neighbor) {
        return Collections.unmodifiableMap(byNeighbor.getOrDefault(neighbor, Map.of()));
    }
}
