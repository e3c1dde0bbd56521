package org.secondsite.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The BGP speaker of a gateway.
 *
 * @param localAs the own AS number, 1 to 4294967295
 * @param routerId the BGP identifier
 * @param listenPort the TCP port on which routers may connect; 0: this speaker connects, and accepts nobody
 * @param listen the addresses on which they may; empty: none
 * @param roles how the routes of a group are told apart
 * @param neighbors the routers that are known by their addresses
 * @param interfaces those that are known by the interface they are at
 * @param installs destinations to which this machine's own routes follow what neighbours announce
 * @param commands the directory in which commands of ExaBGP's text API are taken; empty: none are
 */
public record BgpConfig(
        long localAs,
        Inet4Address routerId,
        int listenPort,
        List<InetAddress> listen,
        RouteRoles roles,
        List<Neighbor> neighbors,
        List<Interface> interfaces,
        List<IpPrefix> installs,
        Optional<Path> commands) {
    /** Copies the lists. */
    public BgpConfig {
        listen = List.copyOf(listen);
        neighbors = List.copyOf(neighbors);
        interfaces = List.copyOf(interfaces);
        installs = List.copyOf(installs);
    }

    /** With neighbours that are known by their addresses alone. */
    public BgpConfig(
            long localAs,
            Inet4Address routerId,
            int listenPort,
            List<InetAddress> listen,
            RouteRoles roles,
            List<Neighbor> neighbors,
            Optional<Path> commands) {
        this(localAs, routerId, listenPort, listen, roles, neighbors, List.of(), List.of(), commands);
    }

    /**
     * How the routes of a group are told apart by the role that this site has for it.
     *
     * @param standbyPrepend how many times a standby prepends its own AS
     * @param standbyMed the MULTI_EXIT_DISC of a standby; empty: none
     * @param ownerCommunities the communities (RFC 1997) of an owner's routes, each {@code AS << 16 | value}
     * @param standbyCommunities those of a standby's
     */
    public record RouteRoles(
            int standbyPrepend, OptionalLong standbyMed, List<Long> ownerCommunities, List<Long> standbyCommunities) {
        /** Copies the lists. */
        public RouteRoles {
            ownerCommunities = List.copyOf(ownerCommunities);
            standbyCommunities = List.copyOf(standbyCommunities);
        }

        /** Told apart by prepending alone. */
        public static RouteRoles prepending(int standbyPrepend) {
            return new RouteRoles(standbyPrepend, OptionalLong.empty(), List.of(), List.of());
        }
    }

    /**
     * One BGP neighbour.
     *
     * @param address its address
     * @param remoteAs its AS number
     * @param localAddress the address to connect from; empty: the kernel chooses
     * @param port its TCP port
     * @param holdTimeSeconds 0 (none) or at least 3, RFC 4271 §4.2
     * @param passive whether to wait for the neighbour to connect
     * @param password the key of RFC 2385; empty: none
     * @param extras what most neighbours do without
     */
    public record Neighbor(
            InetAddress address,
            long remoteAs,
            Optional<InetAddress> localAddress,
            int port,
            int holdTimeSeconds,
            boolean passive,
            Optional<Secret> password,
            NeighborExtras extras) {
        /** Without extras. */
        public Neighbor(
                InetAddress address,
                long remoteAs,
                Optional<InetAddress> localAddress,
                int port,
                int holdTimeSeconds,
                boolean passive,
                Optional<Secret> password) {
            this(address, remoteAs, localAddress, port, holdTimeSeconds, passive, password, NeighborExtras.NONE);
        }
    }

    /**
     * What most BGP neighbours do without.
     *
     * @param families IP versions whose prefixes are exchanged: 4, 6 or both
     * @param localAs the own AS number towards it; empty: the speaker's
     * @param otherAddress the own address of the IP version that the session does not run over: the next hop of such prefixes
     * @param device the interface that the session is bound to
     * @param ttlSecurityHops how many hops away it is at most (RFC 5082); empty: not looked at
     * @param maximumPrefixes the limit of what it may announce, for each family; empty: none
     * @param bfd how its path is watched (RFC 5880); empty: not at all
     * @param holdDownSeconds how long a session that was lost stays down; 0: it comes back as soon as it can
     * @param roles how routes are told apart at it; empty: as at the others
     * @param policies what is taken from it, and passed on to it
     */
    public record NeighborExtras(
            List<Integer> families,
            OptionalLong localAs,
            Optional<InetAddress> otherAddress,
            Optional<String> device,
            OptionalInt ttlSecurityHops,
            Optional<MaximumPrefixes> maximumPrefixes,
            Optional<BfdConfig> bfd,
            int holdDownSeconds,
            Optional<RouteRoles> roles,
            RoutePolicies policies) {
        /** Both IP versions and nothing else. */
        public static final NeighborExtras NONE = new NeighborExtras(
                List.of(4, 6),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                Optional.empty(),
                RoutePolicies.NONE);

        /** Copies the list. */
        public NeighborExtras {
            families = List.copyOf(families);
        }
    }

    /**
     * The limit of what a neighbour may announce in one family.
     *
     * @param maximum how many prefixes
     * @param warningPercent at what part of them to warn
     * @param action what happens beyond: {@code warn}, {@code discard} or {@code down}
     * @param restartAfterSeconds when a session that was ended comes back by itself; empty: never
     */
    public record MaximumPrefixes(int maximum, int warningPercent, String action, OptionalInt restartAfterSeconds) {}

    /**
     * The BGP neighbour at the other end of an interface, whatever its link-local address is; it connects.
     *
     * @param name of the interface
     * @param remoteAs its AS number
     * @param localAs the own AS number towards it; empty: the speaker's
     * @param holdTimeSeconds 0 (none) or at least 3, RFC 4271 §4.2
     * @param families IP versions whose prefixes are exchanged, all with IPv6 next hops (RFC 8950)
     * @param password the key of RFC 2385, the same at all interfaces; empty: none
     * @param maximumPrefixes the limit of what it may announce, for each family; empty: none
     * @param bfd how its path is watched while it is connected (RFC 5880); empty: not at all
     * @param holdDownSeconds how long a session that was lost stays down; 0: it comes back as soon as it can
     * @param policies what is taken from it, and passed on to it
     */
    public record Interface(
            String name,
            long remoteAs,
            OptionalLong localAs,
            int holdTimeSeconds,
            List<Integer> families,
            Optional<Secret> password,
            Optional<MaximumPrefixes> maximumPrefixes,
            Optional<BfdConfig> bfd,
            int holdDownSeconds,
            RoutePolicies policies) {
        /** Copies the list. */
        public Interface {
            families = List.copyOf(families);
        }
    }
}
