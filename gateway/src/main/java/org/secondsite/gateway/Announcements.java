package org.secondsite.gateway;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.RouteRole;

/**
 * Which prefixes this gateway announces, by the roles of its groups.
 *
 * <p>The owner announces plainly, the standby prepended, or with a MED or communities of its own, so that the backup route is known everywhere beforehand. After a
 * promotion the more-specifics are announced in addition: they win by longest match even where the dead site's route has
 * not gone yet. Before an ordered switchover routers are asked to avoid this site (RFC 8326), so that traffic is on its way to the
 * other one by the time the VMs run there. Nothing is announced for a group whose role is not known. Conductor thread only.
 */
final class Announcements implements Surroundings.Routes {
    private final Map<GroupId, GatewayConfig.Group> groups = new LinkedHashMap<>();
    private final Map<GroupId, RouteRole> roles = new HashMap<>();
    private final AskedRoutes asked = new AskedRoutes();
    private GatewayConfig.RouteRoles told;
    private final Consumer<Map<Prefix, RouteAttributes>> speaker;

    /**
     * Begins with nothing announced.
     *
     * @param told how routes of an owner and of a standby are told apart
     * @param speaker takes the whole set of routes at each change
     */
    Announcements(
            List<GatewayConfig.Group> groups,
            GatewayConfig.RouteRoles told,
            Consumer<Map<Prefix, RouteAttributes>> speaker) {
        groups.forEach(group -> this.groups.put(group.id(), group));
        this.told = told;
        this.speaker = speaker;
    }

    @Override
    public void publish(GroupId group, RouteRole role) {
        if (roles.put(group, role) != role) {
            speaker.accept(routes());
        }
    }

    /** Other prefixes and attributes from now on; groups keep their roles. The speaker sends what differs. */
    void alter(List<GatewayConfig.Group> newGroups, GatewayConfig.RouteRoles newlyTold) {
        groups.clear();
        newGroups.forEach(group -> groups.put(group.id(), group));
        roles.keySet().retainAll(groups.keySet());
        told = newlyTold;
        speaker.accept(routes());
    }

    /**
     * Takes what commands ask for, as far as it is this site's to announce; what is taken is announced for as long as that is so.
     *
     * @return for each command why it is refused; empty: it is taken
     */
    List<Optional<String>> take(List<ApiCommand> commands) {
        List<Optional<String>> refused = commands.stream()
                .map(command -> asked.take(command, this::obstacle))
                .toList();
        if (refused.stream().anyMatch(Optional::isEmpty)) {
            speaker.accept(routes());
        }
        return refused;
    }

    /** Why the prefix is not this site's to announce: it is, or is a part of, or covers, one of a group that it does not own. */
    private Optional<String> obstacle(Prefix prefix) {
        return groups.values().stream()
                .filter(group -> Stream.concat(group.prefixes().stream(), group.promotedPrefixes().stream())
                        .anyMatch(own -> spoken(own).overlaps(prefix)))
                .filter(group -> !isOwner(role(group)))
                .findFirst()
                .map(group -> prefix + " is of group " + group.id() + ", "
                        + switch (role(group)) {
                            case NONE -> "of which this site does not know yet who owns it";
                            case STANDBY -> "which another site owns";
                            default -> "which this site is handing over";
                        });
    }

    private RouteRole role(GatewayConfig.Group group) {
        return roles.getOrDefault(group.id(), RouteRole.NONE);
    }

    private static boolean isOwner(RouteRole role) {
        return role == RouteRole.OWNER || role == RouteRole.PROMOTED;
    }

    private Map<Prefix, RouteAttributes> routes() {
        Map<Prefix, RouteAttributes> routes = new LinkedHashMap<>();
        groups.values().forEach(group -> {
            RouteRole role = role(group);
            if (role != RouteRole.NONE) {
                RouteAttributes attributes = attributes(role);
                group.prefixes().forEach(prefix -> routes.put(spoken(prefix), attributes));
            }
            if (role == RouteRole.PROMOTED) {
                group.promotedPrefixes().forEach(prefix -> routes.put(spoken(prefix), ofOwner()));
            }
        });
        asked.forEach((prefix, attributes) -> {
            if (obstacle(prefix).isEmpty()) {
                routes.put(prefix, attributes);
            }
        });
        return routes;
    }

    private RouteAttributes attributes(RouteRole role) {
        return switch (role) {
            case STANDBY -> ofStandby();
            case RETIRING -> ofStandby().withGracefulShutdown();
            case NONE, OWNER, PROMOTED -> ofOwner();
        };
    }

    private static Prefix spoken(IpPrefix prefix) {
        return new Prefix(prefix.address(), prefix.length());
    }

    private RouteAttributes ofOwner() {
        return RouteAttributes.PLAIN.withCommunities(told.ownerCommunities());
    }

    private RouteAttributes ofStandby() {
        return RouteAttributes.PLAIN
                .withPrepend(told.standbyPrepend())
                .withMed(told.standbyMed())
                .withCommunities(told.standbyCommunities());
    }
}
