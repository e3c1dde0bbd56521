package org.secondsite.gateway.change;

import java.util.List;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.change.Change;
import org.secondsite.config.change.ConfigDiff;

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
        return ConfigDiff.of(running, candidate).stream().map(Impact::of).toList();
    }

    private static Impact of(Change change) {
        Effect effect = Effect.of(change.kind());
        return new Impact(change, effect.when() == Effect.When.AT_RESTART, effect.words());
    }

    /** {@code 10.1.0.1: a session with this neighbour begins}. */
    @Override
    public String toString() {
        return change.subject() + ": " + (needsRestart ? "needs a restart: " : "") + words;
    }
}
