package org.secondsite.replicator.agent;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * The part of {@link VmAgent} that asks before checkpoints begin whether something is against them. If so, the gateway is told
 * once, and it is asked again from time to time: the order stands until it can be obeyed, or is taken back.
 */
final class StartOrder {
    private static final long LOOK_NANOS = SECONDS.toNanos(5);
    private static final long NEVER = Long.MAX_VALUE;

    private final AgentOutbox out;
    private CheckpointMessage.Start wanted;
    private boolean told;
    private long nextLookNanos;
    private Optional<String> refusal = Optional.empty();

    StartOrder(AgentOutbox out) {
        this.out = out;
    }

    void given(CheckpointMessage.Start start, long now) {
        wanted = start;
        told = false;
        look(now);
    }

    void retitle(EpochId next) {
        if (wanted != null) {
            wanted = new CheckpointMessage.Start(next, wanted.full(), wanted.intervalMs());
        }
    }

    void takenBack() {
        wanted = null;
    }

    /** How long until it is to be asked again. */
    long dueIn(long now) {
        return wanted == null ? NEVER : Math.max(0, nextLookNanos - now);
    }

    void look(long now) {
        nextLookNanos = now + LOOK_NANOS;
        out.want(new AgentEffect.Look());
    }

    /** What is against checkpoints; whether an order stands that must not be obeyed for that. */
    boolean refused(Optional<String> against) {
        refusal = against;
        if (wanted == null || against.isEmpty()) {
            return false;
        }
        if (!told) {
            told = true;
            out.failed(FailureKind.CHECKPOINT, EpochId.NONE, against.get());
        }
        return true;
    }

    /** The order that can be obeyed now, which stands no more; empty if there is none. */
    Optional<CheckpointMessage.Start> take() {
        Optional<CheckpointMessage.Start> taken = Optional.ofNullable(wanted);
        wanted = null;
        return taken;
    }

    /** What is against checkpoints, by the last look. */
    Optional<String> refusal() {
        return refusal;
    }

    /** Another VM, of which nothing is known yet. */
    void forget() {
        wanted = null;
        refusal = Optional.empty();
    }
}
