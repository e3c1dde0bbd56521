package org.secondsite.bgp.fsm;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Peer oscillation damping (RFC 4271 §8.1, DampPeerOscillations): each failure doubles the pause before the next start, a
 * session that stood for a while clears the account. A peer that merely was away is accepted again at once: the first
 * failure delays only our own next attempt.
 */
final class Damping {
    private static final int MAX_DOUBLINGS = 20;

    private FsmTimers timers;
    private OptionalLong establishedNanos = OptionalLong.empty();
    private int failures;

    Damping(FsmTimers timers) {
        this.timers = timers;
    }

    void use(FsmTimers changed) {
        timers = changed;
    }

    void began(long nowNanos) {
        establishedNanos = OptionalLong.of(nowNanos);
    }

    void ended(long nowNanos) {
        if (establishedNanos.isPresent()
                && nowNanos - establishedNanos.getAsLong() >= TimeUnit.MILLISECONDS.toNanos(timers.stableMs())) {
            failures = 1;
        }
        establishedNanos = OptionalLong.empty();
    }

    void oscillated() {
        failures = Math.min(failures + 1, MAX_DOUBLINGS);
    }

    void clear() {
        failures = 0;
    }

    /** How long the side stays idle, before jitter. */
    long idleHoldNanos(Side side) {
        int doublings = Math.max(0, failures - 1);
        if (side == Side.INCOMING && doublings == 0) {
            return 0;
        }
        long ms = Math.min((long) timers.idleHoldMs() << doublings, timers.idleHoldMaximumMs());
        return TimeUnit.MILLISECONDS.toNanos(ms);
    }
}
