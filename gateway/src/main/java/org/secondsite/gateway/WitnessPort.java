package org.secondsite.gateway;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.witness.Answer;
import org.secondsite.witness.io.client.WitnessClient;

/**
 * The witness, as groups use it. The client is opened last, because what it tells starts everything; a request made before
 * that cannot happen, as no group knows a record then, and would count as unanswered. Used by the conductor's thread, but for what says
 * otherwise.
 */
final class WitnessPort implements Surroundings.WitnessLink {
    private final CompletableFuture<WitnessClient> client = new CompletableFuture<>();
    private final Map<GroupId, Long> known = new ConcurrentHashMap<>();

    /** Connects. Any thread, once. */
    void connect(WitnessClient opened) {
        client.complete(opened);
    }

    /** Another time between two heartbeats, in milliseconds. Any thread. */
    void heartbeat(int everyMs) {
        var _ = client.thenAccept(c -> c.heartbeat(everyMs));
    }

    /** By group: the highest term that agents remember. Any thread. What is known before the client is opened, it has to tell first of all. */
    Map<GroupId, Long> known() {
        return Map.copyOf(known);
    }

    @Override
    public void know(GroupId group, long term) {
        known.merge(group, term, Math::max);
        // Not into this gateway's memory: what that has, the witness has told it, so that it vouches for the witness's
        // disk.
        var _ = client.thenAccept(c -> c.know(group, term));
    }

    @Override
    public CompletableFuture<OwnershipRecord> read(GroupId group) {
        return client.thenCompose(c -> c.read(group));
    }

    @Override
    public CompletableFuture<Answer> ask(
            GroupId group, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
        return client.thenCompose(c -> c.ask(group, expectedTerm, owner, inSync, reason));
    }
}
