package org.secondsite.openflow.session;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which step is under way, and since when; every change of it bears a reason. */
final class Progress {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

    private final String name;
    private Step step = Step.IDLE;
    private long sinceNanos;
    private boolean slowTold;

    /**
     * Begins with {@link Step#IDLE}.
     *
     * @param name of the switch, for the log
     */
    Progress(String name) {
        this.name = name;
    }

    Step step() {
        return step;
    }

    /** The one place where the step changes. */
    void on(Occasion occasion, String reason, long nowNanos) {
        assert occasion.in().contains(step) : occasion + " in " + step;
        LOG.debug("{}: {} -> {}: {} ({})", name, step, occasion.next(), reason, occasion);
        step = occasion.next();
        sinceNanos = nowNanos;
        slowTold = false;
    }

    /** A part of the answer has come: the wait begins anew. */
    void answeredInPart(long nowNanos) {
        sinceNanos = nowNanos;
    }

    /** How long the step waits, or rests. */
    long waitedNanos(long nowNanos) {
        return nowNanos - sinceNanos;
    }

    /** Tells, once for each step, that an answer takes long. */
    void tellSlow(Outbox outbox, long nowNanos) {
        if (!slowTold) {
            slowTold = true;
            outbox.add(new Effect.Noticed(
                    "slow: no answer in step " + step + " for " + waitedNanos(nowNanos) / 1_000_000 + " ms"));
        }
    }
}
