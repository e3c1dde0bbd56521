package org.secondsite.witness;

/**
 * How a node stands among the nodes that keep the records.
 *
 * @param node its name; of a witness of one node without peers {@code witness}
 * @param role what it does now
 * @param leader the name of the node that leads; empty if none is known
 * @param election the number of the election that made the leader (the term of Raft, none of ours); 0 without peers
 * @param applied how many entries of the common log are in its records; 0 without peers
 */
public record StoreStanding(String node, Role role, String leader, long election, long applied) {
    /** What a node does. */
    public enum Role {
        /** It decides: alone, or for a majority. */
        LEADER,
        /** It remembers, and another node decides. */
        FOLLOWER,
        /** It stands for election: no leader is known. */
        CANDIDATE
    }
}
