package org.secondsite.bgp.rib;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.UpdateMessage;

/** What one neighbour has announced and not withdrawn (RFC 4271 §3.2). */
public final class AdjRibIn {
    private final long localAs;
    private final Set<InetAddress> ownAddresses;
    private final Map<Nlri, ReceivedRoute> routes = new HashMap<>();
    private final Set<Nlri> stale = new HashSet<>();
    private final Set<AddressFamily> refreshing = new HashSet<>();
    private long ignored;

    /** Routes with the AS in their path, or one of the addresses as next hop, are not taken. */
    public AdjRibIn(long localAs, Set<InetAddress> ownAddresses) {
        this.localAs = localAs;
        this.ownAddresses = Set.copyOf(ownAddresses);
    }

    /** What a message changed. */
    public record Changes(List<ReceivedRoute> announced, List<Nlri> withdrawn) {
        /** Copies the lists. */
        public Changes {
            announced = List.copyOf(announced);
            withdrawn = List.copyOf(withdrawn);
        }

        /** Whether nothing changed. */
        public boolean isEmpty() {
            return announced.isEmpty() && withdrawn.isEmpty();
        }
    }

    /** Takes the routes of the message; faults must have been treated already. */
    public Changes apply(UpdateMessage update) {
        Set<Nlri> withdrawn = new LinkedHashSet<>();
        for (Nlri nlri : update.unreachable()) {
            withdraw(nlri, withdrawn);
        }
        PathAttributes attributes = update.attributes()
                .without(AttributeType.MP_REACH_NLRI, AttributeType.MP_UNREACH_NLRI, AttributeType.NEXT_HOP);
        List<ReceivedRoute> announced = new ArrayList<>();
        update.attributes()
                .get(PathAttribute.NextHop.class)
                .ifPresent(hop -> announce(update.announced(), hop.address(), attributes, announced, withdrawn));
        update.attributes()
                .get(PathAttribute.MpReach.class)
                .ifPresent(reach -> announce(reach.nlri(), reach.nextHop(), attributes, announced, withdrawn));
        return new Changes(announced, List.copyOf(withdrawn));
    }

    private void announce(
            List<Nlri> prefixes,
            InetAddress nextHop,
            PathAttributes attributes,
            List<ReceivedRoute> announced,
            Set<Nlri> withdrawn) {
        // RFC 4271 §9.1.2: a path with our own AS is a loop; §6.3: nor are we our own next hop.
        boolean loops = attributes.get(AsPath.class).orElse(AsPath.EMPTY).contains(localAs);
        boolean usable = !loops && !ownAddresses.contains(nextHop);
        for (Nlri nlri : prefixes) {
            if (usable) {
                ReceivedRoute route = new ReceivedRoute(nlri, nextHop, attributes);
                stale.remove(nlri);
                withdrawn.remove(nlri);
                if (!route.equals(routes.put(nlri, route))) {
                    announced.add(route);
                }
            } else {
                ignored++;
                withdraw(nlri, withdrawn); // it replaces what was announced before, and is no route
            }
        }
    }

    private void withdraw(Nlri nlri, Set<Nlri> withdrawn) {
        stale.remove(nlri);
        if (routes.remove(nlri) != null) {
            withdrawn.add(nlri);
        }
    }

    /** A mark of enhanced route refresh (RFC 7313 §4): what is not announced again between the marks is gone. */
    public Changes mark(RouteRefreshMessage mark) {
        if (mark.subtype() == RouteRefreshMessage.BEGIN) {
            refreshing.add(mark.family());
            routes.keySet().stream()
                    .filter(nlri -> AddressFamily.of(nlri.prefix()).equals(mark.family()))
                    .forEach(stale::add);
        }
        if (mark.subtype() != RouteRefreshMessage.END || !refreshing.remove(mark.family())) {
            return new Changes(List.of(), List.of());
        }
        List<Nlri> gone = stale.stream()
                .filter(nlri -> AddressFamily.of(nlri.prefix()).equals(mark.family()))
                .toList();
        gone.forEach(nlri -> {
            stale.remove(nlri);
            routes.remove(nlri);
        });
        return new Changes(List.of(), gone);
    }

    /** The route to the prefix, if one is announced. */
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

    /** Routes that were not taken because of a loop or an impossible next hop. */
    public long ignored() {
        return ignored;
    }
}
