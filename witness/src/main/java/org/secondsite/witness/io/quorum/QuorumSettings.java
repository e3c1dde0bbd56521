package org.secondsite.witness.io.quorum;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a node needs to know to keep the records together with others.
 *
 * @param node its own name, one of the peers
 * @param peers every node by name, this one included, with the address at which nodes and gateways reach it; a node may move
 *     to another address, but its name belongs to what it remembers
 * @param dataDirectory where it remembers; its own alone
 * @param electionTimeoutMs how long a leader may be silent before another node stands for election, at least; at most twice
 *     as long. Several times the round trip between nodes
 */
public record QuorumSettings(
        String node, Map<String, InetSocketAddress> peers, Path dataDirectory, int electionTimeoutMs) {
    /** For nodes within a few milliseconds of each other. */
    public static final int USUAL_ELECTION_TIMEOUT_MS = 150;

    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the number of nodes is not odd, the node is none of them or the time out of range
     */
    public QuorumSettings {
        peers = Map.copyOf(peers);
        if (peers.size() % 2 == 0 || peers.size() > 5) {
            throw new IllegalArgumentException("one, three or five nodes keep the records, not " + peers.size());
        }
        if (!peers.containsKey(node)) {
            throw new IllegalArgumentException("node " + node + " is none of the peers " + peers.keySet());
        }
        if (electionTimeoutMs < 20 || electionTimeoutMs > 60_000) {
            throw new IllegalArgumentException("electionTimeoutMs " + electionTimeoutMs + " is not within 20..60000");
        }
    }

    /** Every other node. */
    Map<String, InetSocketAddress> others() {
        return peers.entrySet().stream()
                .filter(peer -> !peer.getKey().equals(node))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, TreeMap::new));
    }

    /** The address of a node as clients write it, like {@code 192.0.2.1:7500}; empty if there is no such node. */
    String addressOf(String name) {
        InetSocketAddress address = peers.get(name);
        return address == null ? "" : address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
