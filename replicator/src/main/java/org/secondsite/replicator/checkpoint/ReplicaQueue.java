package org.secondsite.replicator.checkpoint;

import java.util.ArrayDeque;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;

/**
 * What a standby's agent is given for its replica, in order: epochs a few at a time, the next one when an earlier one is applied or
 * refused, so that a slow agent makes epochs wait at its gateway and not in its memory; and the activation once nothing is
 * unapplied any more, for a message overtakes an epoch that is still on its way.
 *
 * <p>Owns the epochs that wait. Not thread-safe.
 */
public final class ReplicaQueue {
    /** How many epochs an agent has before it, and has not answered. */
    public static final int MAX_UNAPPLIED = 4;

    private final ArrayDeque<Epoch> waiting = new ArrayDeque<>();
    private int unapplied;
    private EpochId activation;

    /** A queue for an agent that has been given nothing. */
    public ReplicaQueue() {}

    /** What is to be sent. */
    public sealed interface Next {}

    /** An epoch, whose owner is from now on who sends it. */
    public record Ship(Epoch epoch) implements Next {}

    /** The VM is to be started from the replica. */
    public record Activate(EpochId expected) implements Next {}

    /** An epoch is to be applied after those before it. */
    public void apply(Epoch epoch) {
        waiting.add(epoch);
    }

    /** The VM is to be started once every epoch has been answered. */
    public void activate(EpochId expected) {
        activation = expected;
    }

    /** The agent has applied an epoch, or refused one. */
    public void answered() {
        unapplied--;
    }

    /** What is to be sent next, and counts as sent; empty if something has to be waited for. */
    public Optional<Next> next() {
        if (unapplied < MAX_UNAPPLIED && !waiting.isEmpty()) {
            unapplied++;
            return Optional.of(new Ship(waiting.remove()));
        }
        if (unapplied == 0 && activation != null) {
            Activate next = new Activate(activation);
            activation = null;
            return Optional.of(next);
        }
        return Optional.empty();
    }

    /** Closes the epochs that wait: they will not be applied. */
    public void drop() {
        waiting.forEach(Epoch::close);
        waiting.clear();
    }
}
