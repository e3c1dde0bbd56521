package org.secondsite.gateway.group;

import java.util.Map;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** What an owner waits for that is in doubt, before anything leaves again: a sign, newer than that, that it is the owner. */
final class Reassurance {
    /** How often the witness is asked at most. */
    private static final long REPEAT_NANOS = 250_000_000L;

    private final Doubt doubt;
    private final Map<VmId, EpochId> sentBefore;
    private long nextNanos;
    private boolean asking;

    /**
     * Nobody was asked yet.
     *
     * @param doubt why
     * @param sentBefore of each VM, the last epoch that was sent before this was noticed
     */
    Reassurance(Doubt doubt, Map<VmId, EpochId> sentBefore, long nowNanos) {
        this.doubt = doubt;
        this.sentBefore = Map.copyOf(sentBefore);
        nextNanos = nowNanos;
    }

    Doubt doubt() {
        return doubt;
    }

    /** Whether to ask now: no question is open, and the last was put long enough ago. If so, it counts as put. */
    boolean due(long nowNanos) {
        if (asking || nowNanos - nextNanos < 0) {
            return false;
        }
        asking = true;
        nextNanos = nowNanos + REPEAT_NANOS;
        return true;
    }

    /** The open question was answered, or never will be. */
    void answered() {
        asking = false;
    }

    /** Whether this acknowledgement was given after the doubt came up: the epoch was not sent before. */
    boolean provedBy(VmId vm, EpochId committed) {
        return committed.compareTo(sentBefore.getOrDefault(vm, committed)) > 0;
    }
}
