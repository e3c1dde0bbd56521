package org.secondsite.gateway.group;

import java.util.Map;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** What an owner waits for that stood still, before anything leaves again: a sign, newer than that, that it is the owner. */
final class Reassurance {
    /** How often the witness is asked at most. */
    private static final long REPEAT_NANOS = 250_000_000L;

    private final long standstill;
    private final Map<VmId, EpochId> sentBefore;
    private long nextNanos;
    private boolean asking;

    /**
     * Nobody was asked yet.
     *
     * @param standstill the data plane's number of it
     * @param sentBefore of each VM, the last epoch that was sent before this was noticed
     */
    Reassurance(long standstill, Map<VmId, EpochId> sentBefore, long nowNanos) {
        this.standstill = standstill;
        this.sentBefore = Map.copyOf(sentBefore);
        nextNanos = nowNanos;
    }

    long standstill() {
        return standstill;
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

    /** Whether this acknowledgement was given after the standstill: the epoch was not sent before. */
    boolean provedBy(VmId vm, EpochId committed) {
        return committed.compareTo(sentBefore.getOrDefault(vm, committed)) > 0;
    }
}
