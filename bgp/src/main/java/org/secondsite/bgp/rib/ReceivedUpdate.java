package org.secondsite.bgp.rib;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Fault;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Treatment;

/**
 * What was made of an UPDATE: what anybody is told of the message, be it a listener, a helper, a file or a metric.
 *
 * @param attributes those that count, without next hops; none if the message was treated as a withdrawal
 * @param announced the routes that were taken, also those that were known already
 * @param withdrawn the routes that do not stand any more: withdrawn by the peer, by a fault, or kept out by a rule
 * @param refused the announced routes that a rule kept out, and why; they stand in {@code withdrawn} too
 * @param endOfRib the family whose routes are now all sent
 * @param faults what was wrong with the message and needed no reset
 */
public record ReceivedUpdate(
        PathAttributes attributes,
        List<ReceivedRoute> announced,
        List<Nlri> withdrawn,
        Map<Nlri, RouteRefusal> refused,
        Optional<AddressFamily> endOfRib,
        List<Fault> faults) {
    /** Copies the collections. */
    public ReceivedUpdate {
        announced = List.copyOf(announced);
        withdrawn = List.copyOf(withdrawn);
        refused = Map.copyOf(refused);
        faults = List.copyOf(faults);
    }

    /** The strongest thing that a fault did; empty without a fault. */
    public Optional<Treatment> treatment() {
        return faults.stream().map(Fault::treatment).max(Comparator.naturalOrder());
    }

    /** The same, but these routes are kept out. */
    ReceivedUpdate refusing(Set<Nlri> kept, RouteRefusal reason) {
        if (kept.isEmpty()) {
            return this;
        }
        List<ReceivedRoute> taken = new ArrayList<>(announced);
        taken.removeIf(route -> kept.contains(route.nlri()));
        List<Nlri> gone = new ArrayList<>(withdrawn);
        gone.addAll(kept);
        Map<Nlri, RouteRefusal> reasons = new LinkedHashMap<>(refused);
        kept.forEach(nlri -> reasons.put(nlri, reason));
        return new ReceivedUpdate(attributes, taken, gone, reasons, endOfRib, faults);
    }
}
