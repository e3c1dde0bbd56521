package org.secondsite.bgp.rib;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRun;

/**
 * The table that a new session begins with, sent batch by batch as the neighbour reads: it costs neither an entry in a queue
 * nor a comparison for each of its routes. A route that is changed by itself meanwhile is left out.
 */
final class FirstTable {
    private final Deque<Part> parts = new ArrayDeque<>();
    private final Set<Nlri> settled = new HashSet<>();
    private int next;
    private int left;
    private Optional<RouteRun> rest = Optional.empty();

    /** A batch, and the attributes that it is sent with. */
    record Part(PathAttributes attributes, RouteTable.Batch batch) {}

    void add(Part part) {
        parts.add(part);
        left += part.batch().routes().size();
    }

    void clear() {
        parts.clear();
        settled.clear();
        next = 0;
        left = 0;
        rest = Optional.empty();
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** How many routes may still come. */
    int left() {
        return left;
    }

    /** The route is not taken from here any more: something else is, or nothing. */
    void settle(Nlri route) {
        if (!parts.isEmpty()) {
            settled.add(route);
        }
    }

    Optional<Part> current() {
        return Optional.ofNullable(parts.peek());
    }

    /** Takes routes of the current part for as long as they fit; none if the rest of it is settled. */
    List<Nlri> take(MessageSpace space) {
        List<Nlri> routes = parts.element().batch().routes();
        if (settled.isEmpty() && space.takesRuns() && routes instanceof RouteRun run) {
            return takeRun(run, space);
        }
        List<Nlri> taken = new ArrayList<>(Math.min(routes.size() - next, AdjRibOut.USUAL_ROUTES));
        while (next < routes.size()) {
            Nlri route = routes.get(next);
            if (settled.isEmpty() || !settled.contains(route)) {
                if (!space.fits(route)) {
                    return taken;
                }
                taken.add(route);
            }
            next++;
            left--;
        }
        endPart();
        return taken;
    }

    private List<Nlri> takeRun(RouteRun whole, MessageSpace space) {
        RouteRun available = rest.orElse(whole);
        RouteRun taken = available.within(space.octets());
        next += taken.size();
        left -= taken.size();
        if (next == whole.size()) {
            endPart();
        } else {
            rest = Optional.of(available.behind(taken));
        }
        return taken;
    }

    private void endPart() {
        parts.remove();
        next = 0;
        rest = Optional.empty();
        if (parts.isEmpty()) {
            clear();
        }
    }
}
