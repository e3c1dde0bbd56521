package org.secondsite.gateway;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
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
        told = newlyTold;
        speaker.accept(routes());
    }

    private Map<Prefix, RouteAttributes> routes() {
        Map<Prefix, RouteAttributes> routes = new LinkedHashMap<>();
        groups.values().forEach(group -> {
            RouteRole role = roles.getOrDefault(group.id(), RouteRole.NONE);
            if (role != RouteRole.NONE) {
                RouteAttributes attributes = attributes(role);
                group.prefixes().forEach(prefix -> routes.put(spoken(prefix), attributes));
            }
            if (role == RouteRole.PROMOTED) {
                group.promotedPrefixes().forEach(prefix -> routes.put(spoken(prefix), ofOwner()));
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
