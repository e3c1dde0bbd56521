package org.secondsite.gateway.change;

import java.util.List;
import java.util.Optional;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.change.Change;
import org.secondsite.config.change.ConfigDiff;
import org.secondsite.gateway.router.RouterImpact;

/**
 * What one change would do, told before it is done.
 *
 * @param change the change
 * @param needsRestart whether it can only be carried out by a start
 * @param words what follows, for people
 */
public record Impact(Change change, boolean needsRestart, String words) {
    /** What follows from every difference between two configurations, in the order of the file. */
    public static List<Impact> between(GatewayConfig running, GatewayConfig candidate) {
        Optional<RouterImpact> routers = RouterImpact.between(running, candidate);
        Optional<String> window = window(running, candidate);
        return ConfigDiff.of(running, candidate).stream()
                .map(change -> of(change, routers, window))
                .toList();
    }

    /** The narrowest tunnel says what the agents of all VMs may have on the way. */
    private static Optional<String> window(GatewayConfig running, GatewayConfig candidate) {
        long before = narrowest(running);
        long after = narrowest(candidate);
        return before == after
                ? Optional.empty()
                : Optional.of("; agents of all VMs may have " + (after >> 20) + " MiB on the way then, "
                        + (after < before ? "no more " : "and not only ") + (before >> 20));
    }

    private static long narrowest(GatewayConfig config) {
        return config.peers().stream()
                .mapToLong(peer -> peer.tunnel().maxInFlightBytes())
                .min()
                .orElseThrow();
    }

    private static Impact of(Change change, Optional<RouterImpact> routers, Optional<String> window) {
        Effect effect = Effect.of(change.kind());
        String words =
                switch (change.kind()) {
                    case NEIGHBOR_ALTERED ->
                        routers.flatMap(impact -> impact.ofNeighbor(change.subject()))
                                .orElse(effect.words());
                    case PEER_ADDED, PEER_REMOVED, TUNNEL_ALTERED -> effect.words() + window.orElse("");
                    case SPEAKER_ALTERED -> routers.map(RouterImpact::ofSpeaker).orElse(effect.words());
                    default -> effect.words();
                };
        return new Impact(change, effect.when() == Effect.When.AT_RESTART, words);
    }

    /** {@code 10.1.0.1: a session with this neighbour begins}. */
    @Override
    public String toString() {
        return change.subject() + ": " + (needsRestart ? "needs a restart: " : "") + words;
    }
}
