package org.secondsite.bgp.rib;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;

/**
 * What a neighbour has been told. As long as the first table goes out undisturbed no route of it is noted: when it is out, it is
 * what was told, and later changes are kept beside it. A first table that is disturbed is noted route by route.
 *
 * <p>So a table of a million routes costs each of its neighbours nothing but its changes. Not thread-safe.
 */
final class SentRoutes {
    /** Stands for a withdrawal among the changes: no route is announced without attributes. */
    private static final PathAttributes WITHDRAWN = PathAttributes.NONE;

    private final Map<Nlri, PathAttributes> changes = new HashMap<>();
    private final List<Run> runs = new ArrayList<>();
    private RouteTable table = RouteTable.EMPTY;
    private Function<RouteTable.Batch, PathAttributes> told = _ -> WITHDRAWN;
    /** In which the last route was that was looked for; mostly the next one is in it too. */
    private RouteTable.Batch last;

    private boolean disturbed;
    private int size;

    /** Part of a first table, and what was told of it. */
    private record Run(List<Nlri> routes, PathAttributes attributes) {}

    /** Part of the first table was told. */
    void run(List<Nlri> routes, PathAttributes attributes) {
        if (disturbed) {
            routes.forEach(route -> put(route, attributes));
        } else {
            runs.add(new Run(routes, attributes));
            size += routes.size();
        }
    }

    /**
     * The first table is out.
     *
     * @param attributes what was told of each of its batches; {@link PathAttributes#NONE}: nothing
     */
    void complete(RouteTable whole, Function<RouteTable.Batch, PathAttributes> attributes) {
        if (!disturbed) {
            runs.clear();
            table = whole;
            told = attributes;
        }
    }

    /** Routes of the first table are told otherwise than by it, or not at all. */
    void disturb() {
        if (disturbed) {
            return;
        }
        disturbed = true;
        size = 0;
        runs.forEach(run -> run.routes().forEach(route -> put(route, run.attributes())));
        runs.clear();
    }

    /** Nothing was told. */
    void clear() {
        changes.clear();
        runs.clear();
        table = RouteTable.EMPTY;
        disturbed = false;
        size = 0;
    }

    private PathAttributes ofTable(Nlri route) {
        Optional<RouteTable.Batch> batch = table.batch(route, last);
        batch.ifPresent(found -> last = found);
        return batch.map(told).orElse(WITHDRAWN);
    }

    private static boolean isKnown(PathAttributes attributes) {
        return !attributes.isEmpty();
    }

    /** What was told of the route; null: nothing, or that it is gone. */
    PathAttributes get(Nlri route) {
        settle();
        PathAttributes attributes = changes.get(route);
        if (attributes == null && table.size() > 0) {
            attributes = ofTable(route);
        }
        return attributes == null || !isKnown(attributes) ? null : attributes;
    }

    private void settle() {
        if (!runs.isEmpty()) {
            disturb();
        }
    }

    void put(Nlri route, PathAttributes attributes) {
        settle();
        PathAttributes before = changes.put(route, attributes);
        if (before == null ? table.size() == 0 || !isKnown(ofTable(route)) : !isKnown(before)) {
            size++;
        }
    }

    void remove(Nlri route) {
        if (get(route) == null) {
            return;
        }
        size--;
        if (table.size() > 0 && isKnown(ofTable(route))) {
            changes.put(route, WITHDRAWN);
        } else {
            changes.remove(route);
        }
    }

    boolean contains(Nlri route) {
        return get(route) != null;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Every route that was told and is not gone. */
    void forEach(BiConsumer<Nlri, PathAttributes> action) {
        settle();
        for (RouteTable.Batch batch : table.batches()) {
            PathAttributes attributes = told.apply(batch);
            if (isKnown(attributes)) {
                batch.routes().stream()
                        .filter(route -> !changes.containsKey(route))
                        .forEach(route -> action.accept(route, attributes));
            }
        }
        changes.forEach((route, attributes) -> {
            if (isKnown(attributes)) {
                action.accept(route, attributes);
            }
        });
    }
}
