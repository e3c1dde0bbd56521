package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.TlsFiles;

/** The keys of a gateway's file and the rules between them; those of its groups are in {@link GroupsReading}. */
public final class GatewayDocument {
    private static final int MAX_MIB = 1 << 20;

    private GatewayDocument() {}

    /** Reads a gateway's file. */
    public static ConfigResult<GatewayConfig> read(Document document) {
        return document.read(GatewayDocument::config);
    }

    /**
     * The keys that a gateway's file may have, such as {@code groups.vms.mac}, in those sections that this file has. Whoever writes
     * such files from another source is compared with it.
     */
    public static SortedSet<String> keys(Document document) {
        SortedSet<String> keys = new TreeSet<>();
        var _ = document.read(root -> {
            GatewayConfig config = config(root);
            root.collectKeys(keys);
            return config;
        });
        return keys;
    }

    private static GatewayConfig config(Section root) {
        SiteId site = root.value("site", SiteId::new);
        PeersReading peers = new PeersReading(root, site);
        GatewayConfig.Witness witness = witness(root.section("witness"));
        Section agents = root.section("checkpoint");
        AgentHosts hosts = new AgentHosts(agents);
        hosts.checkNames(site, peers.sites());
        GatewayConfig.Checkpoint checkpoint = checkpoint(agents, hosts);
        GatewayConfig.DataPlane dataPlane = DataPlaneReading.read(root.section("dataPlane"));
        Optional<BgpConfig> bgp = root.optionalSection("bgp").map(BgpReading::read);
        Optional<GatewayConfig.OpenFlow> openflow =
                root.optionalSection("openflow").map(GatewayDocument::openflow);
        Map<String, InetSocketAddress> listening = listening(peers, checkpoint, openflow);
        GatewayConfig.Management management = ManagementReading.read(root.section("management"), listening);
        return new GatewayConfig(
                site,
                peers.list(),
                TlsReading.read(root),
                witness,
                checkpoint,
                dataPlane,
                bgp,
                openflow,
                management,
                MetricsReading.read(root, listening),
                groups(root, peers, hosts, dataPlane, openflow, bgp));
    }

    private static List<GatewayConfig.Group> groups(
            Section root,
            PeersReading peers,
            AgentHosts hosts,
            GatewayConfig.DataPlane dataPlane,
            Optional<GatewayConfig.OpenFlow> openflow,
            Optional<BgpConfig> bgp) {
        List<GatewayConfig.Group> groups = new GroupsReading(peers, dataPlane, openflow).read(root);
        hosts.checkVms(groups);
        peers.checkGroups(groups);
        bgp.ifPresent(speaker -> BgpReading.checkReach(root, speaker, groups));
        return groups;
    }

    private static Map<String, InetSocketAddress> listening(
            PeersReading peers, GatewayConfig.Checkpoint checkpoint, Optional<GatewayConfig.OpenFlow> openflow) {
        Map<String, InetSocketAddress> listening = peers.listening();
        listening.put("checkpoint.listen", checkpoint.listen());
        openflow.flatMap(GatewayConfig.OpenFlow::listen).ifPresent(at -> listening.put("openflow.listen", at));
        listening.values().removeIf(Objects::isNull);
        return listening;
    }

    private static GatewayConfig.Witness witness(Section section) {
        List<InetSocketAddress> endpoints = section.list("endpoints", Values::endpoint);
        int count = endpoints.size();
        if (section.sound("endpoints") && count != 1 && count != 3 && count != 5) {
            section.problem("endpoints", "a witness is one node, or three, or five; not " + count);
        }
        return new GatewayConfig.Witness(
                endpoints,
                section.integer("requestTimeoutMs", 10, 60_000, 1000),
                section.has("termFile") ? Optional.ofNullable(section.file("termFile")) : Optional.empty());
    }

    private static GatewayConfig.Checkpoint checkpoint(Section section, AgentHosts hosts) {
        InetSocketAddress listen = section.endpoint("listen");
        int intervalMs = section.integer("intervalMs", 10, 10_000, 100);
        int maxIntervalMs = section.integer("maxIntervalMs", 10, 60_000, Math.min(60_000, 10 * intervalMs));
        if (section.sound("intervalMs", "maxIntervalMs") && maxIntervalMs < intervalMs) {
            section.problem("maxIntervalMs", maxIntervalMs + " is less than intervalMs " + intervalMs);
        }
        String overload = section.optional("overload", text -> Values.oneOf(List.of("slow", "solo"), text))
                .orElse("solo");
        return new GatewayConfig.Checkpoint(
                listen,
                intervalMs,
                maxIntervalMs,
                section.integer("maxEpochsInFlight", 1, 1024, 16),
                overload.equals("slow") ? GatewayConfig.Overload.SLOW : GatewayConfig.Overload.SOLO,
                section.integer("overloadAfterMs", 100, 600_000, GatewayConfig.Checkpoint.USUAL_OVERLOAD_AFTER_MS),
                hosts.list(),
                hosts.allowsPlaintext(),
                hosts.local());
    }

    private static GatewayConfig.OpenFlow openflow(Section section) {
        Unique<SwitchId> names = new Unique<>();
        Unique<String> datapaths = new Unique<>();
        Unique<String> certificates = new Unique<>();
        Unique<InetSocketAddress> dialled = new Unique<>();
        Optional<TlsFiles> tls = section.has("tls") ? Optional.of(TlsReading.read(section)) : Optional.empty();
        List<GatewayConfig.Switch> switches = new ArrayList<>();
        for (Section at : section.sections("switches")) {
            Long datapathId = at.value("datapathId", Values::datapathId);
            SwitchId id = at.value("name", SwitchId::new);
            names.add(id, at, "name");
            Optional<InetSocketAddress> connect = at.optional("connect", Values::endpoint);
            connect.ifPresent(address -> dialled.add(address, at, "connect"));
            Optional<String> certificate = certificate(at, id, tls);
            certificate.ifPresent(name -> certificates.add(name, at, "certificate"));
            datapaths.add(datapathId == null ? null : String.format("0x%016x", datapathId), at, "datapathId");
            switches.add(new GatewayConfig.Switch(
                    id,
                    datapathId == null ? 0 : datapathId,
                    at.text("gatewayPort"),
                    chosen(at, "sharing", "exclusive", "cooperative"),
                    chosen(at, "foreignGeneration", "refuse", "reset"),
                    at.optional("preflight", text -> Values.oneOf(List.of("mend", "refuse", "report"), text))
                            .map(word -> GatewayConfig.Preflight.valueOf(word.toUpperCase(Locale.ROOT)))
                            .orElse(GatewayConfig.Preflight.MEND),
                    at.optional("database", Values::endpoint),
                    databaseCertificate(at, tls),
                    connect,
                    certificate));
        }
        boolean allAreDialled = switches.stream().allMatch(one -> one.connect().isPresent());
        return new GatewayConfig.OpenFlow(
                section.has("listen") || !allAreDialled
                        ? Optional.ofNullable(section.endpoint("listen"))
                        : Optional.empty(),
                tls,
                switches);
    }

    /** The common name of a switch's certificate, which is the switch's name unless it is said. */
    private static Optional<String> certificate(Section at, SwitchId id, Optional<TlsFiles> tls) {
        if (tls.isEmpty()) {
            at.forbid("certificate", "proves nothing without a section openflow.tls");
            return Optional.empty();
        }
        return at.optional("certificate", Function.identity())
                .or(() -> Optional.ofNullable(id).map(SwitchId::name));
    }

    /** The common name of the certificate of a switch's database, which is spoken to in plain text unless it is said. */
    private static Optional<String> databaseCertificate(Section at, Optional<TlsFiles> tls) {
        if (tls.isEmpty()) {
            at.forbid("databaseCertificate", "proves nothing without a section openflow.tls");
            return Optional.empty();
        }
        if (!at.has("database")) {
            at.forbid("databaseCertificate", "is of no use without the key database");
            return Optional.empty();
        }
        return at.optional("databaseCertificate", Function.identity());
    }

    /** Whether the second word was chosen; the first is what is absent. */
    static boolean chosen(Section section, String key, String usual, String other) {
        return section.optional(key, text -> Values.oneOf(List.of(usual, other), text))
                .map(other::equals)
                .orElse(false);
    }

    /** A size in MiB, in bytes. */
    static long mebibytes(Section section, String key, int absent) {
        return (long) section.integer(key, 1, MAX_MIB, absent) << 20;
    }
}
