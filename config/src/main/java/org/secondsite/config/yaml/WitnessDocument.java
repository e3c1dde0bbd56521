package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GroupId;
import org.secondsite.config.NodeId;
import org.secondsite.config.SiteId;
import org.secondsite.config.WitnessConfig;

/** The keys of a witness's file and the rules between them. */
public final class WitnessDocument {
    private static final Set<Integer> PEER_COUNTS = Set.of(1, 3, 5);

    private WitnessDocument() {}

    /** Reads a witness's file. */
    public static ConfigResult<WitnessConfig> read(Document document) {
        return document.read(WitnessDocument::config);
    }

    private static WitnessConfig config(Section root) {
        InetSocketAddress listen = root.endpoint("listen");
        WitnessConfig config = new WitnessConfig(
                listen,
                root.file("dataDirectory"),
                TlsReading.read(root),
                root.integer("ownerFreshMs", 10, 60_000, 300),
                root.integer("maximumGrantDelayMs", 10, 600_000, 2000),
                groups(root),
                quorum(root),
                MetricsReading.read(root, listen == null ? Map.of() : Map.of("listen", listen)));
        if (root.sound("ownerFreshMs", "maximumGrantDelayMs") && config.maximumGrantDelayMs() < config.ownerFreshMs()) {
            root.problem(
                    "maximumGrantDelayMs",
                    config.maximumGrantDelayMs() + " is less than ownerFreshMs " + config.ownerFreshMs()
                            + ": a standby would be granted while its owner is still fresh");
        }
        return config;
    }

    private static Optional<WitnessConfig.Quorum> quorum(Section root) {
        if (!root.has("peers")) {
            String why = "has a meaning only among peers, and there are none";
            root.forbid("node", why);
            root.forbid("electionTimeoutMs", why);
            return Optional.empty();
        }
        Unique<NodeId> names = new Unique<>();
        Unique<InetSocketAddress> addresses = new Unique<>();
        List<WitnessConfig.Peer> peers = new ArrayList<>();
        for (Section section : root.sections("peers")) {
            WitnessConfig.Peer peer =
                    new WitnessConfig.Peer(section.value("id", NodeId::new), section.endpoint("address"));
            names.add(peer.id(), section, "id");
            addresses.add(peer.address(), section, "address");
            peers.add(peer);
        }
        NodeId node = root.value("node", NodeId::new);
        if (!PEER_COUNTS.contains(peers.size()) && !peers.isEmpty()) {
            root.problem(
                    "peers",
                    "one, three or five nodes keep the records, not " + peers.size()
                            + ": an even number survives no more losses than one less");
        }
        if (root.sound("node", "peers") && peers.stream().noneMatch(peer -> node.equals(peer.id()))) {
            root.problem(
                    "node",
                    node + " is none of the peers "
                            + peers.stream().map(WitnessConfig.Peer::id).toList());
        }
        int electionTimeoutMs = root.integer("electionTimeoutMs", 50, 60_000, 100);
        return Optional.of(new WitnessConfig.Quorum(node, peers, electionTimeoutMs));
    }

    private static List<WitnessConfig.Group> groups(Section root) {
        Unique<GroupId> names = new Unique<>();
        List<WitnessConfig.Group> groups = new ArrayList<>();
        for (Section section : root.sections("groups")) {
            WitnessConfig.Group group = new WitnessConfig.Group(
                    section.value("name", GroupId::new),
                    section.list("sites", SiteId::new),
                    section.value("initialOwner", SiteId::new));
            names.add(group.id(), section, "name");
            if (section.sound("sites") && group.sites().size() != 2) {
                section.problem(
                        "sites", "a group has two sites, not " + group.sites().size());
            }
            if (section.sound("sites", "initialOwner") && !group.sites().contains(group.initialOwner())) {
                section.problem(
                        "initialOwner", group.initialOwner() + " is none of the group's sites " + group.sites());
            }
            groups.add(group);
        }
        return groups;
    }
}
