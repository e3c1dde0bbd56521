package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.config.IpPrefix;

/**
 * What helpers have announced and not withdrawn, for each neighbour. Announcing the same again changes nothing, so helpers
 * may repeat themselves in every cycle.
 */
public final class DesiredRoutes {
    private final SpeakerSettings speaker;
    private final Map<InetAddress, Map<IpPrefix, RouteAttributes>> byNeighbor = new HashMap<>();

    /** Nothing is announced. */
    public DesiredRoutes(SpeakerSettings speaker) {
        this.speaker = speaker;
        speaker.neighbors().forEach(neighbor -> byNeighbor.put(neighbor.address(), new LinkedHashMap<>()));
    }

    /** Takes a command that is about routes; returns the neighbours to whom something changed. */
    public List<InetAddress> apply(ApiCommand command) {
        return switch (command) {
            case ApiCommand.Announce(NeighborFilter neighbors, List<ApiCommand.Route> routes) -> {
                Map<IpPrefix, RouteAttributes> announced = new LinkedHashMap<>();
                routes.forEach(route -> announced.put(route.prefix(), behindOwnAs(route.attributes())));
                yield changed(neighbors, known -> known.putAll(announced));
            }
            case ApiCommand.Withdraw(NeighborFilter neighbors, List<IpPrefix> prefixes) ->
                changed(neighbors, known -> prefixes.forEach(known::remove));
            case ApiCommand.Clear(NeighborFilter neighbors) -> changed(neighbors, Map::clear);
            default -> List.of();
        };
    }

    /** Withdraws everything: a helper that died can no longer vouch for its routes. */
    public List<InetAddress> clear() {
        return changed(NeighborFilter.ALL, Map::clear);
    }

    /** All that the neighbour shall know; a view that follows later commands. */
    public Map<IpPrefix, RouteAttributes> routes(InetAddress neighbor) {
        return Collections.unmodifiableMap(byNeighbor.get(neighbor));
    }

    private interface Change {
        void make(Map<IpPrefix, RouteAttributes> routes);
    }

    private List<InetAddress> changed(NeighborFilter neighbors, Change change) {
        List<InetAddress> changed = new ArrayList<>();
        for (InetAddress neighbor : neighbors.select(speaker)) {
            change.make(byNeighbor.get(neighbor));
            changed.add(neighbor);
        }
        return changed;
    }

    /** Helpers write the whole path; ours is put in front on export, so it is taken off here if it stands there. */
    private RouteAttributes behindOwnAs(RouteAttributes attributes) {
        List<PathAttribute> others = new ArrayList<>();
        for (PathAttribute attribute : attributes.others()) {
            others.add(attribute instanceof AsPath path ? withoutFirst(path) : attribute);
        }
        return new RouteAttributes(
                attributes.nextHop(), attributes.prependCount(), attributes.med(), attributes.communities(), others);
    }

    private AsPath withoutFirst(AsPath path) {
        if (path.segments().isEmpty()
                || path.segments().getFirst().kind() != AsPath.Kind.SEQUENCE
                || path.segments().getFirst().numbers().getFirst() != speaker.localAs()) {
            return path;
        }
        List<AsPath.Segment> segments = new ArrayList<>(path.segments());
        List<Long> rest = segments.removeFirst().numbers();
        if (rest.size() > 1) {
            segments.addFirst(new AsPath.Segment(AsPath.Kind.SEQUENCE, rest.subList(1, rest.size())));
        }
        return new AsPath(segments);
    }
}
