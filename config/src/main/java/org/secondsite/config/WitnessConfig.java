package org.secondsite.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The settings of one witness, frozen.
 *
 * @param listen where gateways connect to
 * @param dataDirectory where the records are kept
 * @param tls who this witness is, and whose word it takes
 * @param ownerFreshMs an owner heard within this time is preferred to a standby that asks for its group
 * @param maximumGrantDelayMs the bound on that preference, at least {@code ownerFreshMs}
 * @param groups the groups it keeps records of
 * @param quorum the nodes that keep the records together; empty: this witness alone
 * @param metrics where the figures are shown; empty: nowhere
 */
public record WitnessConfig(
        InetSocketAddress listen,
        Path dataDirectory,
        TlsFiles tls,
        int ownerFreshMs,
        int maximumGrantDelayMs,
        List<Group> groups,
        Optional<Quorum> quorum,
        Optional<MetricsConfig> metrics) {

    /** Copies the list. */
    public WitnessConfig {
        groups = List.copyOf(groups);
    }

    /**
     * One protection group.
     *
     * @param id its name
     * @param sites its two sites
     * @param initialOwner the owner of its first record
     */
    public record Group(GroupId id, List<SiteId> sites, SiteId initialOwner) {
        /** Copies the list. */
        public Group {
            sites = List.copyOf(sites);
        }
    }

    /**
     * The nodes of one witness.
     *
     * @param node this node's name, one of the peers'
     * @param peers one, three or five nodes, this one among them
     * @param electionTimeoutMs the silence of the leader after which another node stands for election, at least
     */
    public record Quorum(NodeId node, List<Peer> peers, int electionTimeoutMs) {
        /** Copies the list. */
        public Quorum {
            peers = List.copyOf(peers);
        }
    }

    /**
     * One node of a witness.
     *
     * @param id its name; belongs to what it remembers
     * @param address where nodes and gateways connect to
     */
    public record Peer(NodeId id, InetSocketAddress address) {}
}
