package org.secondsite.gateway;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.router.ToldApart;

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
    private final Map<GroupId, RouteRole> roleOf = new HashMap<>();
    private final AskedRoutes asked = new AskedRoutes();
    private ToldApart told;
    private final Voice speaker;

    /** Who speaks to the routers. */
    @FunctionalInterface
    interface Voice {
        /**
         * The whole of what is announced from now on.
         *
         * @param usual to most routers
         * @param others to those that are told otherwise
         */
        void advertise(Map<Prefix, RouteAttributes> usual, Map<InetAddress, Map<Prefix, RouteAttributes>> others);
    }

    /**
     * Begins with nothing announced.
     *
     * @param told how routes of an owner and of a standby are told apart
     * @param speaker takes the whole set of routes at each change
     */
    Announcements(List<GatewayConfig.Group> groups, ToldApart told, Voice speaker) {
        groups.forEach(group -> this.groups.put(group.id(), group));
        this.told = told;
        this.speaker = speaker;
    }

    @Override
    public void publish(GroupId group, RouteRole role) {
        if (roleOf.put(group, role) != role) {
            speak();
        }
    }

    /** Other prefixes and attributes from now on; groups keep their roles. The speaker sends what differs. */
    void alter(List<GatewayConfig.Group> newGroups, ToldApart newlyTold) {
        groups.clear();
        newGroups.forEach(group -> groups.put(group.id(), group));
        roleOf.keySet().retainAll(groups.keySet());
        told = newlyTold;
        speak();
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
            speak();
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
        return roleOf.getOrDefault(group.id(), RouteRole.NONE);
    }

    private static boolean isOwner(RouteRole role) {
        return role == RouteRole.OWNER || role == RouteRole.PROMOTED;
    }

    private void speak() {
        Map<InetAddress, Map<Prefix, RouteAttributes>> others = new HashMap<>();
        told.others().forEach((router, roles) -> others.put(router, routes(roles)));
        speaker.advertise(routes(told.usual()), others);
    }

    private Map<Prefix, RouteAttributes> routes(BgpConfig.RouteRoles roles) {
        Map<Prefix, RouteAttributes> routes = new LinkedHashMap<>();
        groups.values().forEach(group -> {
            RouteRole role = role(group);
            if (role != RouteRole.NONE) {
                RouteAttributes attributes = attributes(role, roles);
                group.prefixes().forEach(prefix -> routes.put(spoken(prefix), attributes));
            }
            if (role == RouteRole.PROMOTED) {
                group.promotedPrefixes().forEach(prefix -> routes.put(spoken(prefix), ofOwner(roles)));
            }
        });
        asked.forEach((prefix, attributes) -> {
            if (obstacle(prefix).isEmpty()) {
                routes.put(prefix, attributes);
            }
        });
        return routes;
    }

    private static RouteAttributes attributes(RouteRole role, BgpConfig.RouteRoles roles) {
        return switch (role) {
            case STANDBY -> ofStandby(roles);
            case RETIRING -> ofStandby(roles).withGracefulShutdown();
            case NONE, OWNER, PROMOTED -> ofOwner(roles);
        };
    }

    private static Prefix spoken(IpPrefix prefix) {
        return new Prefix(prefix.address(), prefix.length());
    }

    private static RouteAttributes ofOwner(BgpConfig.RouteRoles roles) {
        return RouteAttributes.PLAIN.withCommunities(roles.ownerCommunities());
    }

    private static RouteAttributes ofStandby(BgpConfig.RouteRoles roles) {
        return RouteAttributes.PLAIN
                .withPrepend(roles.standbyPrepend())
                .withMed(roles.standbyMed())
                .withCommunities(roles.standbyCommunities());
    }
}
