package org.secondsite.bgp.rib;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.secondsite.bgp.wire.Nlri;

/**
 * What a neighbour shall be told: a table that it may share with others, the single changes since, and below them the routes that
 * were learnt from others: where there is a route of our own, that counts. A change costs its own size; the table is never
 * copied. Not thread-safe.
 */
public final class WantedRoutes {
    private final Map<Nlri, Optional<RouteAttributes>> changes = new HashMap<>();
    private final Map<Nlri, RouteAttributes> learnt = new HashMap<>();
    private RouteTable table = RouteTable.EMPTY;

    /** These routes of our own and no others. */
    public void replace(RouteTable whole) {
        table = whole;
        changes.clear();
    }

    /** The same of our own as the other ones are now. */
    public void replace(WantedRoutes others) {
        table = others.table;
        changes.clear();
        changes.putAll(others.changes);
    }

    /** This route too, in place of what was wanted of it before. */
    public void announce(Nlri route, RouteAttributes attributes) {
        changes.put(route, Optional.of(attributes));
    }

    /** All but this route; returns the one that was learnt and takes its place. */
    public Optional<RouteAttributes> withdraw(Nlri route) {
        if (table.routes().containsKey(route)) {
            changes.put(route, Optional.empty());
        } else {
            changes.remove(route);
        }
        return Optional.ofNullable(learnt.get(route));
    }

    /** This route was learnt and is passed on; returns whether it counts. */
    public boolean passOn(Nlri route, RouteAttributes attributes) {
        learnt.put(route, attributes);
        return !isOwn(route);
    }

    /** This route that was learnt is not passed on any more; returns whether it counted. */
    public boolean passOnNoMore(Nlri route) {
        return learnt.remove(route) != null && !isOwn(route);
    }

    private boolean isOwn(Nlri route) {
        Optional<RouteAttributes> change = changes.get(route);
        return change == null ? table.routes().containsKey(route) : change.isPresent();
    }

    /** The table, without the changes since. */
    public RouteTable table() {
        return table;
    }

    /** What is different from the table: routes that are announced, and routes of the table that are not any more. */
    public void changes(BiConsumer<Nlri, RouteAttributes> announced, Consumer<Nlri> withdrawn) {
        changes.forEach((route, attributes) ->
                attributes.ifPresentOrElse(now -> announced.accept(route, now), () -> withdrawn.accept(route)));
        learnt.forEach((route, attributes) -> {
            if (!isOwn(route)) {
                announced.accept(route, attributes);
            }
        });
    }

    /** Every route that is wanted. */
    public void forEach(BiConsumer<Nlri, RouteAttributes> action) {
        table.routes().forEach((route, attributes) -> {
            if (!changes.containsKey(route)) {
                action.accept(route, attributes);
            }
        });
        changes(action, _ -> {});
    }
}
