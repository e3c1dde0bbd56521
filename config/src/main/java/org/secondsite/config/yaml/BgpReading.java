package org.secondsite.config.yaml;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;

/** The keys of a gateway's BGP speaker, its neighbours, and the rules between them. */
final class BgpReading {
    private static final int BGP_PORT = 179;
    private static final int USUAL_HOLD_TIME_SECONDS = 9;
    private static final List<String> FAMILIES = List.of("ipv4-unicast", "ipv6-unicast");
    private static final List<String> LIMIT_ACTIONS = List.of("warn", "discard", "down");
    private static final String METICULOUS = "meticulous";
    private static final List<String> BFD_KEY_KINDS = List.of(METICULOUS, "sha1");

    private static final GatewayConfig.RouteRoles USUAL_ROLES = GatewayConfig.RouteRoles.prepending(3);

    private BgpReading() {}

    static GatewayConfig.Bgp read(Section section) {
        Unique<InetAddress> addresses = new Unique<>();
        List<GatewayConfig.Neighbor> neighbors = new ArrayList<>();
        int listenPort = section.integer("listenPort", 0, 65535, BGP_PORT);
        List<InetAddress> listen = section.optionalList("listen", Values::address);
        boolean listens = listenPort != 0;
        if (!listens && !listen.isEmpty()) {
            section.problem("listen", "says where, but listenPort 0 says that nobody may connect");
        }
        GatewayConfig.RouteRoles roles = roles(section, USUAL_ROLES);
        for (Section at : section.sections("neighbors")) {
            GatewayConfig.Neighbor neighbor = neighbor(at, roles);
            addresses.add(neighbor.address(), at, "address");
            boolean heard =
                    listens && (!listen.isEmpty() || neighbor.localAddress().isPresent());
            if (neighbor.passive() && !heard) {
                at.problem(
                        "passive",
                        "the neighbour is waited for, but nothing listens: give localAddress, or bgp.listen and a listenPort");
            }
            neighbors.add(neighbor);
        }
        Long localAs = section.value("localAs", Values::asNumber);
        return new GatewayConfig.Bgp(
                localAs == null ? 0 : localAs,
                section.value("routerId", Values::routerId),
                listenPort,
                listens ? listenAddresses(listen, neighbors) : List.of(),
                roles,
                neighbors,
                section.socketDirectory("commands"));
    }

    /** What nobody asked for is not listened on: without {@code listen} only the addresses that sessions are run from. */
    private static List<InetAddress> listenAddresses(List<InetAddress> listen, List<GatewayConfig.Neighbor> neighbors) {
        if (!listen.isEmpty()) {
            return listen;
        }
        Set<InetAddress> locals = new LinkedHashSet<>();
        neighbors.forEach(neighbor -> neighbor.localAddress().ifPresent(locals::add));
        return List.copyOf(locals);
    }

    /** How routes are told apart: what is not said is as it is elsewhere. */
    private static GatewayConfig.RouteRoles roles(Section section, GatewayConfig.RouteRoles elsewhere) {
        Optional<Section> communities = section.optionalSection("communities");
        return new GatewayConfig.RouteRoles(
                section.integer("standbyPrepend", 0, 32, elsewhere.standbyPrepend()),
                section.optional("standbyMed", text -> Values.integer(text, 0, 0xffff_ffffL))
                        .map(OptionalLong::of)
                        .orElse(elsewhere.standbyMed()),
                communities.map(at -> communities(at, "owner")).orElse(elsewhere.ownerCommunities()),
                communities.map(at -> communities(at, "standby")).orElse(elsewhere.standbyCommunities()));
    }

    private static List<Long> communities(Section section, String role) {
        return section.optionalList(role, Values::community);
    }

    private static GatewayConfig.Neighbor neighbor(Section section, GatewayConfig.RouteRoles usual) {
        InetAddress address = section.value("address", Values::address);
        Optional<InetAddress> localAddress = section.optional("localAddress", Values::address);
        Long remoteAs = section.value("remoteAs", Values::asNumber);
        if (section.sound("address")
                && localAddress.isPresent()
                && localAddress.get().getClass() != address.getClass()) {
            section.problem("localAddress", "and address are not of the same IP version");
        }
        return new GatewayConfig.Neighbor(
                address,
                remoteAs == null ? 0 : remoteAs,
                localAddress,
                section.integer("port", 1, 65535, BGP_PORT),
                section.optional("holdTimeSeconds", Values::holdTimeSeconds).orElse(USUAL_HOLD_TIME_SECONDS),
                section.flag("passive", false),
                section.optional("password", Values::md5Key),
                extras(section, address, usual));
    }

    private static GatewayConfig.NeighborExtras extras(
            Section section, InetAddress address, GatewayConfig.RouteRoles usual) {
        Optional<InetAddress> other = section.optional("otherAddress", Values::address);
        if (section.sound("address") && other.isPresent() && other.get().getClass() == address.getClass()) {
            section.problem(
                    "otherAddress", "is of the session's own IP version; it is for the prefixes of the other one");
        }
        List<String> families = section.optionalList("families", text -> Values.oneOf(FAMILIES, text));
        return new GatewayConfig.NeighborExtras(
                families.isEmpty()
                        ? List.of(4, 6)
                        : families.stream()
                                .map(family -> family.equals("ipv4-unicast") ? 4 : 6)
                                .toList(),
                section.optional("localAs", Values::asNumber)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                other,
                section.optional("device", Values::interfaceName),
                optionalInt(section, "ttlSecurityHops", 1, 254),
                section.optionalSection("maximumPrefixes").map(BgpReading::maximumPrefixes),
                section.optionalSection("bfd").map(BgpReading::bfd),
                section.integer("holdDownSeconds", 0, 86_400, 0),
                Optional.of(roles(section, usual)).filter(roles -> !roles.equals(usual)));
    }

    private static GatewayConfig.MaximumPrefixes maximumPrefixes(Section section) {
        String action = section.optional("action", text -> Values.oneOf(LIMIT_ACTIONS, text))
                .orElse("down");
        OptionalInt restart = optionalInt(section, "restartAfterSeconds", 1, 86_400);
        if (restart.isPresent() && !action.equals("down")) {
            section.problem("restartAfterSeconds", "has no meaning with action " + action + ": the session stays up");
        }
        return new GatewayConfig.MaximumPrefixes(
                (int) section.integer("maximum", 1L, 100_000_000L),
                section.integer("warningPercent", 1, 100, 75),
                action,
                restart);
    }

    private static BfdConfig bfd(Section section) {
        return new BfdConfig(
                section.integer("intervalMs", 10, 10_000, 50),
                section.integer("multiplier", 1, 255, 3),
                section.flag("multihop", false),
                section.optionalSection("key").map(BgpReading::bfdKey));
    }

    private static BfdConfig.Key bfdKey(Section section) {
        String kind = section.optional("kind", text -> Values.oneOf(BFD_KEY_KINDS, text))
                .orElse(METICULOUS);
        return new BfdConfig.Key(
                kind.equals(METICULOUS) ? BfdConfig.Kind.METICULOUS : BfdConfig.Kind.SHA1,
                section.integer("number", 0, 255, 1),
                section.value("secret", Values::bfdKey));
    }

    private static OptionalInt optionalInt(Section section, String key, int minimum, int maximum) {
        return section.optional(key, text -> (int) Values.integer(text, minimum, maximum))
                .map(OptionalInt::of)
                .orElse(OptionalInt.empty());
    }

    /** A prefix that no neighbour can be told of would be unreachable whatever this gateway decides. */
    static void checkReach(Section root, GatewayConfig.Bgp bgp, List<GatewayConfig.Group> groups) {
        if (bgp.neighbors().isEmpty() || bgp.neighbors().stream().anyMatch(n -> n.address() == null)) {
            return;
        }
        for (GatewayConfig.Group group : groups) {
            Stream.concat(group.prefixes().stream(), group.promotedPrefixes().stream())
                    .filter(prefix -> bgp.neighbors().stream().noneMatch(neighbor -> takes(neighbor, prefix)))
                    .findFirst()
                    .ifPresent(prefix -> root.problem(
                            "bgp",
                            prefix + " of group " + group.id()
                                    + " can be announced to no neighbour: none has the family, and a session over "
                                    + (prefix.isIpv4() ? "IPv4" : "IPv6")
                                    + " or an otherAddress of that version as next hop"));
        }
    }

    private static boolean takes(GatewayConfig.Neighbor neighbor, IpPrefix prefix) {
        boolean ofSession = neighbor.address() instanceof Inet4Address == prefix.isIpv4();
        boolean family = neighbor.extras().families().contains(prefix.isIpv4() ? 4 : 6);
        return family && (ofSession || neighbor.extras().otherAddress().isPresent());
    }
}
