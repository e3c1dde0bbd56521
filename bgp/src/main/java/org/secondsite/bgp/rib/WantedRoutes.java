package org.secondsite.bgp.rib;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.secondsite.bgp.wire.Nlri;

/**
 * What a neighbour shall be told: a table that it may share with others, and the single changes since. A change costs its
 * own size; the table is never copied. Not thread-safe.
 */
public final class WantedRoutes {
    private final Map<Nlri, Optional<RouteAttributes>> changes = new HashMap<>();
    private RouteTable table = RouteTable.EMPTY;

    /** These routes and no others. */
    public void replace(RouteTable whole) {
        table = whole;
        changes.clear();
    }

    /** The same as the other ones are now. */
    public void replace(WantedRoutes others) {
        table = others.table;
        changes.clear();
        changes.putAll(others.changes);
    }

    /** This route too, in place of what was wanted of it before. */
    public void announce(Nlri route, RouteAttributes attributes) {
        changes.put(route, Optional.of(attributes));
    }

    /** All but this route. */
    public void withdraw(Nlri route) {
        if (table.routes().containsKey(route)) {
            changes.put(route, Optional.empty());
        } else {
            changes.remove(route);
        }
    }

    /** The table, without the changes since. */
    public RouteTable table() {
        return table;
    }

    /** The changes since: routes that are announced, and routes of the table that are not any more. */
    public void changes(BiConsumer<Nlri, RouteAttributes> announced, Consumer<Nlri> withdrawn) {
        changes.forEach((route, attributes) ->
                attributes.ifPresentOrElse(now -> announced.accept(route, now), () -> withdrawn.accept(route)));
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
