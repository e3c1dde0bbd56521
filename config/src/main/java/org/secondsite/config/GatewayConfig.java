package org.secondsite.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The settings of one gateway, frozen. Values that came from a file were checked against each other by
 * {@code org.secondsite.config.io.ConfigReader}; relative paths are already resolved against the file's directory.
 *
 * @param site the site in which this gateway stands
 * @param peers the other sites, at least one, never this one, in the order of the file
 * @param tls who this gateway is, and whose word it takes
 * @param witness where the witness listens
 * @param checkpoint the native checkpoint protocol towards the agents
 * @param dataPlane where the VMs' packets are held
 * @param bgp the routers to announce prefixes to; empty: no announcements
 * @param openflow the switches to program; empty: none
 * @param management the local control socket
 * @param metrics where the figures are shown; empty: nowhere
 * @param groups the protection groups, in the order of the file
 */
public record GatewayConfig(
        SiteId site,
        List<Peer> peers,
        TlsFiles tls,
        Witness witness,
        Checkpoint checkpoint,
        DataPlane dataPlane,
        Optional<BgpConfig> bgp,
        Optional<OpenFlow> openflow,
        Management management,
        Optional<MetricsConfig> metrics,
        List<Group> groups) {

    /** Copies the lists, so that the settings stay as they are; a sole peer stands by for every group that names no site. */
    public GatewayConfig {
        peers = List.copyOf(peers);
        Optional<SiteId> sole =
                peers.size() == 1 ? Optional.ofNullable(peers.getFirst().site()) : Optional.empty();
        groups = groups.stream()
                .map(group -> sole.isPresent() && group.standby().isEmpty() ? group.with(sole.get()) : group)
                .toList();
    }

    /** With one other site. */
    public GatewayConfig(
            SiteId site,
            SiteId peerSite,
            Tunnel tunnel,
            TlsFiles tls,
            Witness witness,
            Checkpoint checkpoint,
            DataPlane dataPlane,
            Optional<BgpConfig> bgp,
            Optional<OpenFlow> openflow,
            Management management,
            Optional<MetricsConfig> metrics,
            List<Group> groups) {
        this(
                site,
                List.of(new Peer(peerSite, tunnel)),
                tls,
                witness,
                checkpoint,
                dataPlane,
                bgp,
                openflow,
                management,
                metrics,
                groups);
    }

    /** What this site and each of the others have to do with each other, in the order of the file. */
    public List<PairConfig> pairs() {
        return peers.stream().map(this::pair).toList();
    }

    /**
     * The same of one other site.
     *
     * @throws IllegalArgumentException if it is none of the peers
     */
    public PairConfig pair(SiteId other) {
        return pair(peers.stream()
                .filter(peer -> peer.site().equals(other))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("site " + other + " is none of the peers")));
    }

    private PairConfig pair(Peer peer) {
        List<Group> shared = groups.stream()
                .filter(group -> group.standby().filter(peer.site()::equals).isPresent())
                .toList();
        return new PairConfig(site, peer.site(), peer.tunnel(), checkpoint, dataPlane, shared);
    }

    /**
     * Another site.
     *
     * @param site its name: the common name of its gateway's certificate
     * @param tunnel the WAN tunnel to its gateway
     */
    public record Peer(SiteId site, Tunnel tunnel) {}

    /**
     * The WAN tunnel.
     *
     * @param listen where the peer connects to, TCP and UDP
     * @param connect where the peer listens
     * @param heartbeatMs the time between two heartbeats
     * @param suspectAfterMs the silence after which the peer is suspected, at least three heartbeats
     * @param maxInFlightBytes the bound on epochs sent and not yet committed
     * @param connections how many TCP connections share the epochs; the word of the site with the greater name counts
     * @param congestion the TCP congestion control of what this site sends, by its Linux name; empty: the system's
     */
    public record Tunnel(
            InetSocketAddress listen,
            InetSocketAddress connect,
            int heartbeatMs,
            int suspectAfterMs,
            long maxInFlightBytes,
            int connections,
            Optional<String> congestion) {
        /** With one connection, and the system's congestion control. */
        public Tunnel(
                InetSocketAddress listen,
                InetSocketAddress connect,
                int heartbeatMs,
                int suspectAfterMs,
                long maxInFlightBytes) {
            this(listen, connect, heartbeatMs, suspectAfterMs, maxInFlightBytes, 1, Optional.empty());
        }
    }

    /**
     * The way to the witness.
     *
     * @param endpoints one, three or five addresses
     * @param requestTimeoutMs the time after which a request counts as unanswered
     * @param termFile where the highest term that was told is remembered; empty: nowhere
     */
    public record Witness(List<InetSocketAddress> endpoints, int requestTimeoutMs, Optional<Path> termFile) {
        /** Copies the list. */
        public Witness {
            endpoints = List.copyOf(endpoints);
        }

        /** That remembers nothing beyond its process. */
        public Witness(List<InetSocketAddress> endpoints, int requestTimeoutMs) {
            this(endpoints, requestTimeoutMs, Optional.empty());
        }
    }

    /**
     * The native checkpoint protocol.
     *
     * @param listen where agents connect to
     * @param intervalMs the time from one checkpoint to the next, while the tunnel keeps up
     * @param maxIntervalMs the longest such time, when it does not
     * @param maxEpochsInFlight the bound on checkpoints taken and not yet committed, per VM
     * @param overload what gives way when even that is too often
     * @param overloadAfterMs the time for which held output waits for a commit before that is an overload
     * @param hosts whose agents may connect, and for which VMs
     * @param allowsPlaintext whether agents that prove nothing may connect as well: as long as not every agent is upgraded to TLS
     * @param local where the agents of this machine may connect besides
     */
    public record Checkpoint(
            InetSocketAddress listen,
            int intervalMs,
            int maxIntervalMs,
            int maxEpochsInFlight,
            Overload overload,
            int overloadAfterMs,
            List<Host> hosts,
            boolean allowsPlaintext,
            Optional<Local> local) {
        /** {@link #overloadAfterMs} if nothing is said. */
        public static final int USUAL_OVERLOAD_AFTER_MS = 10_000;

        /** Copies the list. */
        public Checkpoint {
            hosts = List.copyOf(hosts);
        }

        /** Up to ten times the interval, then {@link Overload#SOLO} as usual; for the agents of these hosts. */
        public Checkpoint(InetSocketAddress listen, int intervalMs, int maxEpochsInFlight, List<Host> hosts) {
            this(
                    listen,
                    intervalMs,
                    10 * intervalMs,
                    maxEpochsInFlight,
                    Overload.SOLO,
                    USUAL_OVERLOAD_AFTER_MS,
                    hosts,
                    false,
                    Optional.empty());
        }
    }

    /**
     * Where the agents of the gateway's own machine may connect without TLS: the kernel says who they are.
     *
     * @param socket a Unix socket
     * @param host which host this machine is
     */
    public record Local(Path socket, HostId host) {}

    /**
     * A machine with a hypervisor.
     *
     * @param id its name: the common name of its agent's certificate
     * @param vms the VMs for which the agent may speak
     */
    public record Host(HostId id, List<VmId> vms) {
        /** Copies the list. */
        public Host {
            vms = List.copyOf(vms);
        }
    }

    /** What gives way when the tunnel cannot carry what a VM changes. */
    public enum Overload {
        /** The VM: it stands still while its window is full. */
        SLOW,
        /** The protection: the VM runs on, its output waits, and after some time the group stands alone. */
        SOLO
    }

    /** Where the VMs' packets are held. */
    public sealed interface DataPlane {
        /** The bound on held packets of all VMs together. */
        long poolBytes();

        /** The bound on held packets of one VM. */
        long perVmBytes();
    }

    /** By what means frames are heard and sent. */
    public enum Port {
        /** Packet sockets with memory-mapped rings. */
        AF_PACKET,
        /** libpcap, portable and slower. */
        PCAP4J
    }

    /**
     * The gateway is the VMs' first hop: held packets are released into the kernel's routing.
     *
     * @param inside the VM-facing interface
     * @param insideMac its MAC address, the same at both sites
     * @param insideAddresses its addresses, the same at both sites: the VMs' default gateways
     * @param uplinks the interfaces towards the routers, the only ones by which the VMs' packets leave
     * @param answersEcho whether a VM that pings an inside address is answered
     * @param port by what means frames are heard and sent
     */
    public record Routed(
            String inside,
            MacAddress insideMac,
            List<InterfaceAddress> insideAddresses,
            List<String> uplinks,
            boolean answersEcho,
            Port port,
            long poolBytes,
            long perVmBytes)
            implements DataPlane {
        /** Copies the lists. */
        public Routed {
            insideAddresses = List.copyOf(insideAddresses);
            uplinks = List.copyOf(uplinks);
        }
    }

    /**
     * The gateway is a bump in the wire: held packets are released to the other interface, and the VMs' first hop is a router behind
     * that. Nothing of either interface reaches this machine.
     *
     * @param inside the VM-facing interface
     * @param outside the interface towards the VMs' first hop
     * @param port by what means frames are heard and sent
     */
    public record Transparent(String inside, String outside, Port port, long poolBytes, long perVmBytes)
            implements DataPlane {}

    /** Packets of synthetic VMs inside this process; touches no interface. For the embedded demonstration. */
    public record Loopback(long poolBytes, long perVmBytes) implements DataPlane {}

    /**
     * The OpenFlow controller.
     *
     * @param listen where switches connect to; empty: all of them are dialled
     * @param tls who it is to switches, and whose word it takes; empty: plain text
     * @param switches those that it programs
     */
    public record OpenFlow(Optional<InetSocketAddress> listen, Optional<TlsFiles> tls, List<Switch> switches) {
        /** Copies the list. */
        public OpenFlow {
            switches = List.copyOf(switches);
        }
    }

    /**
     * One OpenFlow switch.
     *
     * @param id its name here
     * @param datapathId its 64-bit datapath id
     * @param gatewayPort the name, or the number, of its port towards the gateway's inside interface
     * @param isShared whether flows of others may stay that cannot lead a VM's frame past the gateway
     * @param resetsForeignGeneration whether a generation that no witness can have granted is overruled instead of obeyed
     * @param preflight what becomes of it when it lets frames get past the gateway
     * @param database where its database listens (RFC 7047)
     * @param databaseCertificate the common name of the database's certificate; empty: it is spoken to in plain text
     * @param connect where it listens for its controller; empty: it connects by itself
     * @param certificate the common name of its certificate; empty: there is no TLS
     */
    public record Switch(
            SwitchId id,
            long datapathId,
            String gatewayPort,
            boolean isShared,
            boolean resetsForeignGeneration,
            Preflight preflight,
            Optional<InetSocketAddress> database,
            Optional<String> databaseCertificate,
            Optional<InetSocketAddress> connect,
            Optional<String> certificate) {
        /** One that is the gateway's alone, obeys whatever generation it holds, connects in plain text, and has no database. */
        public Switch(SwitchId id, long datapathId, String gatewayPort) {
            this(
                    id,
                    datapathId,
                    gatewayPort,
                    false,
                    false,
                    Preflight.MEND,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
        }
    }

    /** What becomes of a switch that lets frames get past the gateway. */
    public enum Preflight {
        /** It is mended where that can be done, and refused otherwise. */
        MEND,

        /** It is refused: its VMs are silent. */
        REFUSE,

        /** It is used, and told about. */
        REPORT
    }

    /**
     * How operators see and command the gateway.
     *
     * @param socket the local control socket
     * @param logLevel what its log tells of; empty: what its environment says
     * @param debug the modules whose log tells everything beside that, such as {@code bgp}
     * @param https where network automation changes its configuration by RESTCONF; empty: nowhere
     * @param netconf where it does so by NETCONF; empty: nowhere
     */
    public record Management(
            Path socket,
            Optional<LogLevel> logLevel,
            List<String> debug,
            Optional<Https> https,
            Optional<NetconfConfig> netconf) {
        /** Copies the list. */
        public Management {
            debug = List.copyOf(debug);
        }

        /** Whose log is as its environment says. */
        public Management(Path socket) {
            this(socket, Optional.empty(), List.of(), Optional.empty(), Optional.empty());
        }
    }

    /**
     * The way in for network automation. Whoever shows a certificate of the authority with one of these common names may come in.
     *
     * @param listen where
     * @param tls who the gateway is there, and whose word it takes
     * @param admins who may change the configuration
     * @param operators who may tick boxes and hand groups over
     * @param viewers who may look
     * @param tokens the file with the digests of their tokens, by which they may come in without a certificate; empty: they may not
     */
    public record Https(
            InetSocketAddress listen,
            TlsFiles tls,
            List<String> admins,
            List<String> operators,
            List<String> viewers,
            Optional<Path> tokens) {
        /** Copies the lists. */
        public Https {
            admins = List.copyOf(admins);
            operators = List.copyOf(operators);
            viewers = List.copyOf(viewers);
        }
    }

    /** From what severity on something is told in the log. */
    public enum LogLevel {
        /** What went wrong. */
        ERROR,
        /** What may go wrong, too. */
        WARN,
        /** What happened, too. */
        INFO,
        /** Everything. */
        DEBUG
    }

    /**
     * VMs that fail over together.
     *
     * @param id the group's name
     * @param standby the other one of its two sites; empty only as long as the group is no part of a gateway with one peer
     * @param prefixes announced by role
     * @param promotedPrefixes more-specifics announced in addition after a promotion; each lies within a prefix
     * @param vms the VMs, in the order of the file
     */
    public record Group(
            GroupId id,
            Optional<SiteId> standby,
            List<IpPrefix> prefixes,
            List<IpPrefix> promotedPrefixes,
            List<Vm> vms) {
        /** Copies the lists. */
        public Group {
            prefixes = List.copyOf(prefixes);
            promotedPrefixes = List.copyOf(promotedPrefixes);
            vms = List.copyOf(vms);
        }

        /** One whose other site is the only peer. */
        public Group(GroupId id, List<IpPrefix> prefixes, List<IpPrefix> promotedPrefixes, List<Vm> vms) {
            this(id, Optional.empty(), prefixes, promotedPrefixes, vms);
        }

        /** The same, whose other site is this one. */
        public Group with(SiteId other) {
            return new Group(id, Optional.of(other), prefixes, promotedPrefixes, vms);
        }

        /** The switches that its VMs are plugged into. */
        public Set<SwitchId> switches() {
            return vms.stream()
                    .flatMap(vm -> vm.attachment().stream())
                    .map(Attachment::switchId)
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    /**
     * One VM.
     *
     * @param id its name, unique over all groups
     * @param isProtected whether its output is held and its state is carried to the other site
     * @param mac its MAC address
     * @param addresses its IP addresses
     * @param attachment the switch port that it is plugged into; empty when no switch is programmed
     */
    public record Vm(
            VmId id,
            boolean isProtected,
            MacAddress mac,
            List<InetAddress> addresses,
            Optional<Attachment> attachment) {
        /** Copies the list. */
        public Vm {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * A port, by name, of a switch.
     *
     * @param vlan the VLAN of its frames; empty: they bear no tag
     * @param isTagged whether they bear the tag at the VM's own port too, and not at the gateway's only
     */
    public record Attachment(SwitchId switchId, String port, OptionalInt vlan, boolean isTagged) {
        /** One whose frames bear no tag. */
        public Attachment(SwitchId switchId, String port) {
            this(switchId, port, OptionalInt.empty(), false);
        }
    }
}
