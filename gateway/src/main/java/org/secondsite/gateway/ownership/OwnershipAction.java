package org.secondsite.gateway.ownership;

import java.util.Set;
import org.secondsite.config.SiteId;

/** What an ownership table wants done, in the order of the list it returns. */
public sealed interface OwnershipAction {
    /** The state changed. For log, metric and timeline. */
    record Transition(OwnershipState from, OwnershipState to, String reason) implements OwnershipAction {}

    /** Hold the output of every VM of the group from now on. */
    record Hold(long term) implements OwnershipAction {}

    /** Release what is held, and let output pass unheld. */
    record Pass(long term) implements OwnershipAction {}

    /** Discard what is held, and release nothing under a lower term ever again. */
    record Fence(long term) implements OwnershipAction {}

    /** Output is held: flushes of every VM may be answered at once. */
    record FlushAtOnce() implements OwnershipAction {}

    /** Have every flush that was ever answered on the disk, and let those to come wait for it; {@link OwnershipEvent.DisksSynced} tells. */
    record SyncDisks() implements OwnershipAction {}

    /** Let nothing out until there is evidence of who owns the group, and ask the witness: the peer speaks of this term. */
    record Doubt(long term) implements OwnershipAction {}

    /** Begin checkpoints with a full image, numbered from 1 of this term. */
    record StartCheckpoints(long term) implements OwnershipAction {}

    /** Number the epochs that follow from 1 of this term; the chain of deltas goes on. */
    record Retitle(long term) implements OwnershipAction {}

    /** No more checkpoints; forget the epochs that the standby has not acknowledged. */
    record StopCheckpoints() implements OwnershipAction {}

    /** As a standby: never again acknowledge an epoch of this or a lower term. */
    record RefuseEpochs(long term) implements OwnershipAction {}

    /** Ask the witness for a compare-and-set on {@code expectedTerm}. */
    record Ask(long attempt, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason)
            implements OwnershipAction {}

    /** Start every VM of the group from its last complete epoch. */
    record Activate(long term) implements OwnershipAction {}

    /** Stop every VM of the group that runs at this site. */
    record StopVms(String reason) implements OwnershipAction {}

    /** Checkpoint every VM of the group to its end, and leave it paused. */
    record PauseVms() implements OwnershipAction {}

    /** Let the VMs run on that were paused, or are about to be. */
    record ResumeVms() implements OwnershipAction {}

    /** Tell the operator who ordered a switchover what came of it. */
    record SwitchoverEnded(boolean done, String reason) implements OwnershipAction {}

    /** Announce the group's prefixes in this role. */
    record Announce(RouteRole role) implements OwnershipAction {}

    /** Program the switches with the group in this role, under this term. */
    record TakeSwitches(long term, SwitchRole role) implements OwnershipAction {}

    /** Tell an operator, loudly. */
    record Alarm(String text) implements OwnershipAction {}
}
