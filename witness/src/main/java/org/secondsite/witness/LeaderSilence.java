package org.secondsite.witness;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Decides when a witness node that follows should ask the others whether they still hear the leader. Time is passed in.
 *
 * <p>Raft leaves it to a random time who stands for election first, so that two seldom stand at once, and then both lose. Here
 * the nodes take turns in the order of their names: the first after one and a half election timeouts, which is three
 * heartbeats, each further one half a timeout later, by when it has heard of the first if that one lives. The answers of the
 * others, not this clock, decide whether the leader is replaced (the pre-vote of Raft, thesis §9.6), so a node that hears
 * badly replaces nobody.
 *
 * <p>Only watched silence counts: a node that was itself stopped has its leader's messages waiting unread, and begins to count
 * anew.
 *
 * <p>Not thread-safe.
 */
public final class LeaderSilence {
    /** How often to look. */
    public static final int LOOK_MS = 10;

    private static final long LATE_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(3 * LOOK_MS);
    private static final long ASK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(2 * LOOK_MS);

    private final String self;
    private final List<String> nodes;
    private final long electionTimeoutNanos;

    private long lookedNanos;
    private long watchedSinceNanos;
    private long askedNanos;

    /**
     * A node that has just begun to look.
     *
     * @param self this node, one of them
     * @param nodes every node
     * @param electionTimeoutMs two heartbeats of the leader
     */
    public LeaderSilence(String self, Collection<String> nodes, int electionTimeoutMs, long nowNanos) {
        this.self = self;
        this.nodes = nodes.stream().sorted().toList();
        electionTimeoutNanos = TimeUnit.MILLISECONDS.toNanos(electionTimeoutMs);
        lookedNanos = nowNanos;
        watchedSinceNanos = nowNanos;
        askedNanos = nowNanos - ASK_AGAIN_NANOS;
    }

    /**
     * Looks once per {@link #LOOK_MS}.
     *
     * @param leader the node that this one follows
     * @param silentMs how long ago it was heard
     * @return whether to ask the others now
     */
    public boolean askOthers(long nowNanos, String leader, long silentMs) {
        if (nowNanos - lookedNanos > LATE_LOOK_NANOS) {
            watchedSinceNanos = nowNanos;
        }
        lookedNanos = nowNanos;
        long silentNanos = Math.min(TimeUnit.MILLISECONDS.toNanos(silentMs), nowNanos - watchedSinceNanos);
        if (silentNanos < limitNanos(leader) || nowNanos - askedNanos < ASK_AGAIN_NANOS) {
            return false;
        }
        askedNanos = nowNanos;
        return true;
    }

    private long limitNanos(String leader) {
        long before = nodes.stream()
                .filter(node -> !node.equals(leader) && node.compareTo(self) < 0)
                .count();
        return (3 + before) * electionTimeoutNanos / 2;
    }
}
