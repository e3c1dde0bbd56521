package org.secondsite.gateway.group;

import java.util.concurrent.TimeUnit;
import org.secondsite.config.GatewayConfig;

/**
 * Notices when the tunnel does not carry what a group's VMs change, and says what gives way.
 *
 * <p>A group that gave up its protection is not brought in sync again at once, or it would be a full image every few seconds:
 * the wait doubles with each further overload, and is the shortest again when there was none for as long as the longest.
 *
 * <p>Pure: times are passed in, in nanoseconds of any monotonic clock.
 */
final class OverloadWatch {
    private static final long MIN_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long MAX_WAIT_NANOS = TimeUnit.MINUTES.toNanos(5);

    /** What an observation amounts to. */
    enum Verdict {
        /** Nothing new. */
        NONE,
        /** An overload begins; whatever gives way does so elsewhere. */
        NOTE,
        /** An overload begins, and the protection gives way. */
        GIVE_UP
    }

    private GatewayConfig.Overload policy;
    private long limitNanos;
    private boolean overloaded;
    private boolean gaveUp;
    private long waitNanos = MIN_WAIT_NANOS;
    private long gaveUpNanos;

    OverloadWatch(GatewayConfig.Overload policy, int limitMs) {
        this.policy = policy;
        this.limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMs);
    }

    /**
     * Another policy and another limit from now on. What another policy does about an overload it does about a present one, too; one by which
     * protection never gives way does not keep a group waiting that gave it up by the one before.
     */
    void set(GatewayConfig.Overload newPolicy, int newLimitMs) {
        overloaded &= policy == newPolicy;
        gaveUp &= newPolicy == GatewayConfig.Overload.SOLO;
        policy = newPolicy;
        limitNanos = TimeUnit.MILLISECONDS.toNanos(newLimitMs);
    }

    /** The oldest held output has waited so long for its commit. */
    Verdict look(long lagNanos, long now) {
        boolean before = overloaded;
        overloaded = lagNanos > limitNanos;
        if (!overloaded || before) {
            return Verdict.NONE;
        }
        if (policy == GatewayConfig.Overload.SLOW) {
            return Verdict.NOTE;
        }
        waitNanos = !gaveUp || now - gaveUpNanos > 2 * MAX_WAIT_NANOS
                ? MIN_WAIT_NANOS
                : Math.min(MAX_WAIT_NANOS, 2 * waitNanos);
        gaveUp = true;
        gaveUpNanos = now;
        return Verdict.GIVE_UP;
    }

    /** Whether the group must not be brought in sync yet. */
    boolean forbidsSync(long now) {
        return gaveUp && now - gaveUpNanos < waitNanos;
    }
}
