package org.secondsite.bgp.io;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.ObjIntConsumer;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;

/**
 * Gathers what helpers announce and withdraw, so that a hundred thousand lines are one change and not as many. What they say before
 * there is a speaker becomes each neighbour's first table. Owned by the executor of {@link SpeakLoop}.
 */
final class Gathering {
    private static final int GATHER_MS = 5;

    private final List<Helper> helpers;
    private final ObjIntConsumer<Runnable> later;
    private final Map<InetAddress, Set<Nlri>> dirty = new LinkedHashMap<>();
    /** Null until {@link #open}. */
    private BgpSpeaker speaker;

    private SpeakerSettings settings;
    private boolean underWay;

    /**
     * Nothing is told yet.
     *
     * @param later runs a task on the executor after so many milliseconds
     */
    Gathering(List<Helper> helpers, SpeakerSettings settings, ObjIntConsumer<Runnable> later) {
        this.helpers = helpers;
        this.settings = settings;
        this.later = later;
    }

    void use(SpeakerSettings changed) {
        settings = changed;
    }

    /** Whether all that was said is on its way. */
    boolean isIdle() {
        return dirty.isEmpty() && !underWay;
    }

    /** What helpers have announced by now, for each neighbour that is to be told something. */
    Map<InetAddress, RouteTable> firstTables() {
        Map<InetAddress, RouteTable> tables = new LinkedHashMap<>();
        for (InetAddress peer : Set.copyOf(dirty.keySet())) {
            Map<Nlri, RouteAttributes> all = new HashMap<>();
            helpers.forEach(helper -> all.putAll(helper.routes().routes(peer)));
            tables.put(peer, RouteTable.of(all));
        }
        dirty.clear();
        return tables;
    }

    /** There is a speaker from now on, and it has been told the first tables. */
    void open(BgpSpeaker opened) {
        speaker = opened;
        gather();
    }

    /** A command about routes. */
    void apply(Helper helper, ApiCommand command) {
        helper.routes().apply(command, peer -> dirty.computeIfAbsent(peer, _ -> new LinkedHashSet<>()));
        gather();
    }

    /** These routes are other ones now. */
    void touch(Map<InetAddress, Set<Nlri>> changes) {
        changes.forEach((peer, routes) ->
                dirty.computeIfAbsent(peer, _ -> new LinkedHashSet<>()).addAll(routes));
        gather();
    }

    private void gather() {
        if (speaker != null && !isIdle() && !underWay) {
            underWay = true;
            later.accept(this::advertise, GATHER_MS);
        }
    }

    /** The next burst is gathered until the event loop has made this change: it cannot be buried under changes. */
    private void advertise() {
        List<CompletableFuture<Void>> made = new ArrayList<>();
        dirty.values().removeIf(Set::isEmpty);
        dirty.keySet()
                .retainAll(settings.neighbors().stream()
                        .map(NeighborSettings::address)
                        .toList());
        dirty.forEach((peer, routes) -> {
            Map<Nlri, RouteAttributes> announced = LinkedHashMap.newLinkedHashMap(routes.size());
            List<Nlri> withdrawn = new ArrayList<>();
            List<Map<Nlri, RouteAttributes>> sources = new ArrayList<>();
            helpers.reversed().forEach(helper -> sources.add(helper.routes().routes(peer)));
            for (Nlri nlri : routes) {
                RouteAttributes wanted = wanted(sources, nlri);
                if (wanted == null) {
                    withdrawn.add(nlri);
                } else {
                    announced.put(nlri, wanted);
                }
            }
            made.add(speaker.change(peer, announced, withdrawn));
        });
        dirty.clear();
        var _ = CompletableFuture.allOf(made.toArray(CompletableFuture<?>[]::new))
                .whenComplete((_, _) -> later.accept(this::advertised, 0));
    }

    private void advertised() {
        underWay = false;
        gather();
    }

    /** Of several helpers that announce the same route the last counts. */
    private static RouteAttributes wanted(List<Map<Nlri, RouteAttributes>> sources, Nlri nlri) {
        for (Map<Nlri, RouteAttributes> source : sources) {
            RouteAttributes attributes = source.get(nlri);
            if (attributes != null) {
                return attributes;
            }
        }
        return null;
    }
}
