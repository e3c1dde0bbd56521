package org.secondsite.bgp.fsm;

/**
 * Initial values of the timers (RFC 4271 §8.1.1, §10). Retry and keepalive times are jittered to 75–100% when they start.
 *
 * @param connectRetryMs how long one attempt to connect may take
 * @param idleHoldMs the pause before a lost connection is tried again; doubled each time the peer oscillates
 * @param idleHoldMaximumMs where the doubling ends
 * @param stableMs a session that stood this long clears the damping
 * @param openHoldSeconds how long a peer may take for its OPEN; the document suggests four minutes
 * @param sendHoldSeconds how long a peer may leave what we send unread (RFC 9687); at least twice the hold time counts
 */
public record FsmTimers(
        int connectRetryMs,
        int idleHoldMs,
        int idleHoldMaximumMs,
        int stableMs,
        int openHoldSeconds,
        int sendHoldSeconds) {
    /** Quick to come up, as a failover wants it. */
    public static final FsmTimers DEFAULT = new FsmTimers(1000, 1000, 30_000, 10_000, 240, 480);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a time is not positive or the idle hold time exceeds its maximum
     */
    public FsmTimers {
        if (connectRetryMs <= 0 || idleHoldMs <= 0 || stableMs <= 0 || openHoldSeconds <= 0 || sendHoldSeconds <= 0) {
            throw new IllegalArgumentException("times must be positive");
        }
        if (idleHoldMaximumMs < idleHoldMs) {
            throw new IllegalArgumentException("idleHoldMaximumMs is less than idleHoldMs");
        }
    }
}
