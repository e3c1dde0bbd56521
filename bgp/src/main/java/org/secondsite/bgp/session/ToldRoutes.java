package org.secondsite.bgp.session;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.rib.WantedRoutes;
import org.secondsite.bgp.wire.Nlri;

/** What a neighbour shall be told, which outlives sessions, and while one stands the Adj-RIB-Out. Not thread-safe. */
final class ToldRoutes {
    private final WantedRoutes wanted = new WantedRoutes();
    private final Consumer<Set<Nlri>> listener;
    private Optional<AdjRibOut> rib = Optional.empty();
    private Set<Nlri> unexportable = Set.of();

    /** The listener hears of the routes that cannot be announced, whenever they are others. */
    ToldRoutes(Consumer<Set<Nlri>> listener) {
        this.listener = listener;
    }

    WantedRoutes wanted() {
        return wanted;
    }

    /** Of the session that stands. */
    Optional<AdjRibOut> rib() {
        return rib;
    }

    /** What was last reported. */
    Set<Nlri> unexportable() {
        return unexportable;
    }

    /** A session stands, and is told everything; {@link #report} follows once its listener knows of it. */
    void begin(AdjRibOut begun) {
        rib = Optional.of(begun);
        fill();
    }

    void end() {
        rib = Optional.empty();
        unexportable = Set.of();
    }

    void exportBy(Exporter exporter) {
        rib.ifPresent(out -> out.exportBy(exporter));
        fill();
        report();
    }

    void desire(RouteTable routes) {
        wanted.replace(routes);
        fill();
        report();
    }

    void desire(WantedRoutes routes) {
        wanted.replace(routes);
        fill();
        report();
    }

    private void fill() {
        rib.ifPresent(out -> {
            out.desire(wanted.table());
            wanted.changes(out::announce, out::withdraw);
        });
    }

    void announce(Map<Nlri, RouteAttributes> routes) {
        routes.forEach((route, attributes) -> {
            wanted.announce(route, attributes);
            rib.ifPresent(out -> out.announce(route, attributes));
        });
        report();
    }

    void withdraw(Collection<Nlri> routes) {
        for (Nlri route : routes) {
            Optional<RouteAttributes> learnt = wanted.withdraw(route);
            rib.ifPresent(out -> learnt.ifPresentOrElse(now -> out.announce(route, now), () -> out.withdraw(route)));
        }
        report();
    }

    void passOn(Map<Nlri, RouteAttributes> announced, Collection<Nlri> withdrawn) {
        announced.forEach((route, attributes) -> {
            if (wanted.passOn(route, attributes)) {
                rib.ifPresent(out -> out.announce(route, attributes));
            }
        });
        for (Nlri route : withdrawn) {
            if (wanted.passOnNoMore(route)) {
                rib.ifPresent(out -> out.withdraw(route));
            }
        }
        report();
    }

    void report() {
        if (rib.isPresent() && rib.get().takeUnexportableChanged()) {
            Set<Nlri> now = rib.get().unexportable();
            if (!now.equals(unexportable)) {
                unexportable = now;
                listener.accept(now);
            }
        }
    }
}
