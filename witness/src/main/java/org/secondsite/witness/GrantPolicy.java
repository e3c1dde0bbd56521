package org.secondsite.witness;

import java.util.OptionalLong;
import org.secondsite.config.OwnershipRecord;

/**
 * When a request may be decided: a standby's wish to become owner waits while the owner is still heard, for a bounded
 * time.
 *
 * <p>A standby that lost the link to its owner cannot tell a dead owner from a cut link. The witness hears both: if the
 * owner is alive it will soon ask to go solo, and then the service stays where it is. So the standby's request is held
 * back until the owner has been silent for {@code ownerFresh}, or asks itself (the terms then refuse the standby), or
 * {@code maximumDelay} is over: an owner that heartbeats but does not act must not block its standby for ever.
 *
 * <p>This is a preference only. Whatever it returns, {@link RecordBook} keeps the records right.
 *
 * @param ownerFreshNanos how long after its last heartbeat a site counts as heard
 * @param maximumDelayNanos the longest time that a request is held back, from its arrival
 */
public record GrantPolicy(long ownerFreshNanos, long maximumDelayNanos) {
    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if a time is negative
     */
    public GrantPolicy {
        if (ownerFreshNanos < 0 || maximumDelayNanos < 0) {
            throw new IllegalArgumentException("times must not be negative");
        }
    }

    /**
     * How long to wait before looking again.
     *
     * @param change the request
     * @param current the group's record now
     * @param arrivedNanos when the request arrived
     * @param ownerHeardNanos when the current owner was last heard; empty if never
     * @param nowNanos the time now, on the same clock
     * @return 0 to decide now, else nanoseconds
     */
    public long waitNanos(
            Request.Change change,
            OwnershipRecord current,
            long arrivedNanos,
            OptionalLong ownerHeardNanos,
            long nowNanos) {
        boolean takesOver =
                !change.asker().equals(current.owner()) && change.owner().equals(change.asker());
        boolean canSucceed =
                change.expectedTerm() == current.term() && current.inSync().contains(change.asker());
        if (!takesOver || !canSucceed || ownerHeardNanos.isEmpty()) {
            return 0;
        }
        long fresh = ownerHeardNanos.getAsLong() + ownerFreshNanos - nowNanos;
        long patience = arrivedNanos + maximumDelayNanos - nowNanos;
        return Math.max(0, Math.min(fresh, patience));
    }
}
