package org.secondsite.replicator.checkpoint;

import org.secondsite.config.EpochId;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;

/**
 * What agents tell a gateway. Called on the one IO thread of the server, so calls never overlap; must not block.
 *
 * <p>For one session: {@code attached} first, {@code detached} last, and nothing after it. When a newer connection of the
 * same VM replaces an older one, the older is detached before the newer is attached.
 */
public interface CheckpointListener {
    /** An agent said HELLO for a known VM. */
    void attached(AgentSession session);

    /** The connection is gone. Whatever was asked and not answered has an unknown outcome; the next HELLO tells. */
    void detached(AgentSession session, String reason);

    /** The VM is paused and waits for {@link AgentSession#sealed}. */
    void sealRequested(AgentSession session, EpochId epoch);

    /**
     * A whole epoch of the owner's VM arrived and its checksum is right. The listener owns it now and closes it.
     *
     * @param pauseNanos how long the VM was paused for it; 0 if it was not running (an operator had paused it)
     */
    void epochReceived(AgentSession session, Epoch epoch, long pauseNanos);

    /** The agent, in this or an earlier life, was told that this term was acted under; said once, and not by every agent. */
    void actedUnder(AgentSession session, long term);

    /** The standby's replica is at this epoch. */
    void applied(AgentSession session, EpochId epoch);

    /** The VM runs, from the state of this epoch. */
    void activated(AgentSession session, EpochId epoch);

    /** The VM is paused, after {@link AgentSession#pauseVm}; {@code last} was received before and is all of it. */
    void vmPaused(AgentSession session, EpochId last);

    /** Something could not be done. */
    void failed(AgentSession session, FailureKind what, String reason);

    /** Every flush that was ever answered is on the disk, after {@link AgentSession#syncDisks}, and so it will be with those to come. */
    void disksSynced(AgentSession session);

    /** Something was said of disks, for the other site's agent. */
    void ofDisks(AgentSession session, DiskTalk talk);

    /** How far the copy of the VM's disks is. */
    void copyAt(AgentSession session, CopyProgress progress);

    /** The VM's process is verified to be gone, after {@link AgentSession#stopVm}; no epoch of it follows. */
    void vmStopped(AgentSession session);
}
