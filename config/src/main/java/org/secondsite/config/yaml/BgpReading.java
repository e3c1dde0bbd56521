package org.secondsite.config.yaml;

import java.net.Inet4Address;
import java.net.Inet6Address;
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
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;

/** The keys of a gateway's BGP speaker, its neighbours, and the rules between them. */
final class BgpReading {
    private static final int BGP_PORT = 179;
    private static final int USUAL_HOLD_TIME_SECONDS = 9;
    private static final int MAX_HOLD_DOWN_SECONDS = 86_400;
    private static final List<String> FAMILIES = List.of("ipv4-unicast", "ipv6-unicast");
    private static final List<String> LIMIT_ACTIONS = List.of("warn", "discard", "down");
    private static final String METICULOUS = "meticulous";
    private static final List<String> BFD_KEY_KINDS = List.of(METICULOUS, "sha1");

    private static final BgpConfig.RouteRoles USUAL_ROLES = BgpConfig.RouteRoles.prepending(3);

    private BgpReading() {}

    static BgpConfig read(Section section) {
        Unique<InetAddress> addresses = new Unique<>();
        List<BgpConfig.Neighbor> neighbors = new ArrayList<>();
        int listenPort = section.integer("listenPort", 0, 65535, BGP_PORT);
        List<InetAddress> listen = section.optionalList("listen", Values::address);
        boolean listens = listenPort != 0;
        if (!listens && !listen.isEmpty()) {
            section.problem("listen", "says where, but listenPort 0 says that nobody may connect");
        }
        BgpConfig.RouteRoles roles = roles(section, USUAL_ROLES);
        List<Section> routers =
                section.has("interfaces") ? section.optionalSections("neighbors") : section.sections("neighbors");
        for (Section at : routers) {
            BgpConfig.Neighbor neighbor = neighbor(at, roles);
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
        List<BgpConfig.Interface> interfaces = interfaces(section, listens ? listen : List.of());
        Long localAs = section.value("localAs", Values::asNumber);
        List<IpPrefix> installs = section.optionalList("installs", IpPrefix::parse);
        boolean isAnythingLetIn = Stream.concat(
                        neighbors.stream().map(neighbor -> neighbor.extras().policies()),
                        interfaces.stream().map(BgpConfig.Interface::policies))
                .anyMatch(policies -> !policies.imports().isEmpty());
        if (!installs.isEmpty() && !isAnythingLetIn) {
            section.problem("installs", "follows what neighbours announce, but none has imports that let anything in");
        }
        return new BgpConfig(
                localAs == null ? 0 : localAs,
                section.value("routerId", Values::routerId),
                listenPort,
                listens ? listenAddresses(listen, neighbors) : List.of(),
                roles,
                neighbors,
                interfaces,
                installs,
                section.socketDirectory("commands"));
    }

    /** Whoever is at the other end of an interface connects: only what is listened on at every address is reached. */
    private static List<BgpConfig.Interface> interfaces(Section section, List<InetAddress> listen) {
        Unique<String> names = new Unique<>();
        List<BgpConfig.Interface> interfaces = new ArrayList<>();
        for (Section at : section.optionalSections("interfaces")) {
            BgpConfig.Interface one = unnumbered(at);
            names.add(one.name(), at, "name");
            if (listen.stream().noneMatch(address -> address instanceof Inet6Address && address.isAnyLocalAddress())) {
                at.problem(
                        "name",
                        "the neighbour at the interface connects by a link-local address: bgp.listen needs \"::\"");
            }
            // Linux keeps a key for addresses, and any may be at each.
            if (!interfaces.isEmpty()
                    && !one.password().equals(interfaces.getFirst().password())) {
                at.problem(
                        "password",
                        "is not that of the first interface: neighbours of interfaces have one key, or none");
            }
            interfaces.add(one);
        }
        return interfaces;
    }

    /** What nobody asked for is not listened on: without {@code listen} only the addresses that sessions are run from. */
    private static List<InetAddress> listenAddresses(List<InetAddress> listen, List<BgpConfig.Neighbor> neighbors) {
        if (!listen.isEmpty()) {
            return listen;
        }
        Set<InetAddress> locals = new LinkedHashSet<>();
        neighbors.forEach(neighbor -> neighbor.localAddress().ifPresent(locals::add));
        return List.copyOf(locals);
    }

    /** How routes are told apart: what is not said is as it is elsewhere. */
    private static BgpConfig.RouteRoles roles(Section section, BgpConfig.RouteRoles elsewhere) {
        Optional<Section> communities = section.optionalSection("communities");
        return new BgpConfig.RouteRoles(
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

    private static BgpConfig.Neighbor neighbor(Section section, BgpConfig.RouteRoles usual) {
        InetAddress address = section.value("address", Values::address);
        Optional<InetAddress> localAddress = section.optional("localAddress", Values::address);
        Long remoteAs = section.value("remoteAs", Values::asNumber);
        if (section.sound("address")
                && localAddress.isPresent()
                && localAddress.get().getClass() != address.getClass()) {
            section.problem("localAddress", "and address are not of the same IP version");
        }
        return new BgpConfig.Neighbor(
                address,
                remoteAs == null ? 0 : remoteAs,
                localAddress,
                section.integer("port", 1, 65535, BGP_PORT),
                section.optional("holdTimeSeconds", Values::holdTimeSeconds).orElse(USUAL_HOLD_TIME_SECONDS),
                section.flag("passive", false),
                section.optional("password", Values::md5Key),
                extras(section, address, usual));
    }

    private static BgpConfig.NeighborExtras extras(Section section, InetAddress address, BgpConfig.RouteRoles usual) {
        Optional<InetAddress> other = section.optional("otherAddress", Values::address);
        if (section.sound("address") && other.isPresent() && other.get().getClass() == address.getClass()) {
            section.problem(
                    "otherAddress", "is of the session's own IP version; it is for the prefixes of the other one");
        }
        return new BgpConfig.NeighborExtras(
                families(section),
                section.optional("localAs", Values::asNumber)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                other,
                section.optional("device", Values::interfaceName),
                optionalInt(section, "ttlSecurityHops", 1, 254),
                section.optionalSection("maximumPrefixes").map(BgpReading::maximumPrefixes),
                section.optionalSection("bfd").map(BgpReading::bfd),
                section.integer("holdDownSeconds", 0, MAX_HOLD_DOWN_SECONDS, 0),
                Optional.of(roles(section, usual)).filter(roles -> !roles.equals(usual)),
                PolicyReading.read(section));
    }

    private static List<Integer> families(Section section) {
        List<String> families = section.optionalList("families", text -> Values.oneOf(FAMILIES, text));
        return families.isEmpty()
                ? List.of(4, 6)
                : families.stream()
                        .map(family -> family.equals("ipv4-unicast") ? 4 : 6)
                        .toList();
    }

    private static BgpConfig.Interface unnumbered(Section section) {
        String name = section.value("name", Values::interfaceName);
        Long remoteAs = section.value("remoteAs", Values::asNumber);
        Optional<Section> path = section.optionalSection("bfd");
        Optional<BfdConfig> bfd = path.map(BgpReading::bfd);
        if (bfd.filter(BfdConfig::multihop).isPresent()) {
            path.get().problem("multihop", "has no meaning: what is at an interface is one hop away");
        }
        return new BgpConfig.Interface(
                name,
                remoteAs == null ? 0 : remoteAs,
                section.optional("localAs", Values::asNumber)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                section.optional("holdTimeSeconds", Values::holdTimeSeconds).orElse(USUAL_HOLD_TIME_SECONDS),
                families(section),
                section.optional("password", Values::md5Key),
                section.optionalSection("maximumPrefixes").map(BgpReading::maximumPrefixes),
                bfd,
                section.integer("holdDownSeconds", 0, MAX_HOLD_DOWN_SECONDS, 0),
                PolicyReading.read(section));
    }

    private static BgpConfig.MaximumPrefixes maximumPrefixes(Section section) {
        String action = section.optional("action", text -> Values.oneOf(LIMIT_ACTIONS, text))
                .orElse("down");
        OptionalInt restart = optionalInt(section, "restartAfterSeconds", 1, 86_400);
        if (restart.isPresent() && !action.equals("down")) {
            section.problem("restartAfterSeconds", "has no meaning with action " + action + ": the session stays up");
        }
        return new BgpConfig.MaximumPrefixes(
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
    static void checkReach(Section root, BgpConfig bgp, List<GatewayConfig.Group> groups) {
        if ((bgp.neighbors().isEmpty() && bgp.interfaces().isEmpty())
                || bgp.neighbors().stream().anyMatch(n -> n.address() == null)) {
            return;
        }
        for (GatewayConfig.Group group : groups) {
            Stream.concat(group.prefixes().stream(), group.promotedPrefixes().stream())
                    .filter(prefix -> bgp.neighbors().stream().noneMatch(neighbor -> takes(neighbor, prefix))
                            && bgp.interfaces().stream()
                                    .noneMatch(at -> at.families().contains(prefix.isIpv4() ? 4 : 6)))
                    .findFirst()
                    .ifPresent(prefix -> root.problem(
                            "bgp",
                            prefix + " of group " + group.id()
                                    + " can be announced to no neighbour: none has the family, and a session over "
                                    + (prefix.isIpv4() ? "IPv4" : "IPv6")
                                    + " or an otherAddress of that version as next hop"));
        }
    }

    private static boolean takes(BgpConfig.Neighbor neighbor, IpPrefix prefix) {
        boolean ofSession = neighbor.address() instanceof Inet4Address == prefix.isIpv4();
        boolean family = neighbor.extras().families().contains(prefix.isIpv4() ? 4 : 6);
        return family && (ofSession || neighbor.extras().otherAddress().isPresent());
    }
}
