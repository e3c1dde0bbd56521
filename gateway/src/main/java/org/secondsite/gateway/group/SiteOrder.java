package org.secondsite.gateway.group;

import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.ownership.SwitchRole;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * What a {@link SiteCore} wants done, in the order of the list that it returns. None of them waits. A list is carried out as a
 * whole or the process ends: half of one is no state that anything was decided for.
 */
public sealed interface SiteOrder {
    /** To the data plane. */
    sealed interface ToPlane extends SiteOrder {}

    /** To another gateway, or to the tunnel that leads there. */
    sealed interface ToPeer {}

    /** To the gateway of this site. */
    record Towards(SiteId peer, ToPeer order) implements SiteOrder {}

    /** To the witness. */
    sealed interface ToWitness extends SiteOrder {}

    /** To the agent beside a VM. */
    sealed interface ToAgent extends SiteOrder {
        /** Which agent. */
        AgentSession session();
    }

    // ---- the data plane -----------------------------------------------------------------------------------------

    /** Hold the VM's output from now on. */
    record Hold(VmId vm, long term) implements ToPlane {}

    /** Release what is held, and let the VM's output pass unheld. */
    record Pass(VmId vm, long term) implements ToPlane {}

    /** Discard what is held, and release nothing under a lower term ever again. */
    record Fence(VmId vm, long term) implements ToPlane {}

    /** Close the open epoch of the session's VM, and tell the agent then: the VM runs on. */
    record Seal(AgentSession session, EpochId epoch) implements ToPlane {}

    /** Close the open epoch of the session's VM; the agent is told at {@link EndPause}, and not before it is closed. */
    record SealAndKeepPaused(AgentSession session, EpochId epoch) implements ToPlane {}

    /** The VM that was kept paused is kept so no longer: its agent is told that its packets are sealed. */
    record EndPause(VmId vm) implements ToPlane {}

    /** Release every epoch up to this one. */
    record Release(VmId vm, EpochId upTo) implements ToPlane {}

    /** Release nothing until {@link ReleaseAgain} says so, for this doubt or a later one of its kind. */
    record Suspend(VmId vm, Doubt doubt) implements ToPlane {}

    /** The owner still owns the group, or nothing is left to hold back. */
    record ReleaseAgain(VmId vm, Doubt doubt) implements ToPlane {}

    // ---- the peer -----------------------------------------------------------------------------------------------

    /** Take over the epoch, and send it until it is acknowledged, refused or discarded. */
    record SendEpoch(Epoch epoch) implements ToPeer {}

    /** Send a message; lost when the tunnel is down. */
    record Say(PeerMessage message) implements ToPeer {}

    /** This site holds the epoch. */
    record Acknowledge(VmId vm, EpochId epoch) implements ToPeer {}

    /** Take back every acknowledgement of the VM that the peer has not heard yet. */
    record Withdraw(VmId vm) implements ToPeer {}

    /** This site does not keep the epoch. */
    record Refuse(VmId vm, EpochId epoch, String reason) implements ToPeer {}

    /** Forget every epoch of the VM that was sent and not acknowledged. */
    record Discard(VmId vm) implements ToPeer {}

    /** Give up the connection, for a peer that is believed to be dead. */
    record AbandonTunnel(String reason) implements ToPeer {}

    // ---- the witness --------------------------------------------------------------------------------------------

    /** Ask for a compare-and-set on {@code expectedTerm}. */
    record Ask(GroupId group, long attempt, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason)
            implements ToWitness {}

    /** Ask for the record as it is now, because of this doubt. */
    record Read(GroupId group, Doubt doubt) implements ToWitness {}

    /** Tell the witness that this term was acted under, as an agent remembers. */
    record TellTerm(GroupId group, long term) implements ToWitness {}

    // ---- the agents ---------------------------------------------------------------------------------------------

    /** Begin to checkpoint with a full image, numbered from here. */
    record StartCheckpoints(AgentSession session, EpochId first, int intervalMs) implements ToAgent {}

    /** Checkpoint so often. */
    record Interval(AgentSession session, int intervalMs) implements ToAgent {}

    /** Take the next checkpoint at once. */
    record CheckpointNow(AgentSession session) implements ToAgent {}

    /** Number the epochs that follow from here; the chain goes on. */
    record Retitle(AgentSession session, EpochId next) implements ToAgent {}

    /** Everything up to this epoch is done with. */
    record Credit(AgentSession session, EpochId committed) implements ToAgent {}

    /** No more checkpoints; the VM runs on. */
    record StopCheckpoints(AgentSession session) implements ToAgent {}

    /** Checkpoint the VM to its end, and leave it paused. */
    record PauseVm(AgentSession session) implements ToAgent {}

    /** Let the VM run on that was paused so. */
    record ResumeVm(AgentSession session) implements ToAgent {}

    /** The VM's flushes may be answered at once. */
    record FlushAtOnce(AgentSession session) implements ToAgent {}

    /** Have every flush of the VM that was ever answered on the disk, and wait for it with those to come. */
    record SyncDisks(AgentSession session) implements ToAgent {}

    /** Tell the agent what the one at the other site says of its disks. */
    record TellOfDisks(AgentSession session, DiskTalk talk) implements ToAgent {}

    /** Tell the agent that this term is in force. */
    record InForce(AgentSession session, long term) implements ToAgent {}

    /** Kill the VM. */
    record StopVm(AgentSession session, String reason) implements ToAgent {}

    /** Take over the epoch, and ship it to the replica. */
    record Apply(AgentSession session, Epoch epoch) implements ToAgent {}

    /** Start the VM from its replica, which must be at this epoch. */
    record Activate(AgentSession session, EpochId expected) implements ToAgent {}

    // ---- routers, switches, people ------------------------------------------------------------------------------

    /** Announce the group's prefixes in this role, and no longer in any other. */
    record Announce(GroupId group, RouteRole role) implements SiteOrder {}

    /** Program the group's VMs in this role. */
    record Program(GroupId group, long term, SwitchRole role) implements SiteOrder {}

    // ---- the file -----------------------------------------------------------------------------------------------

    /** What a file says of a VM. */
    enum Tick {
        TICKED,
        UNTICKED
    }

    /** Have this site's file say that of the VM, because the file of the site that owns the group does. */
    record FollowTick(GroupId group, VmId vm, Tick tick, SiteId owner) implements SiteOrder {}

    /** Have this on the disk, and say when it is there: {@link SiteEvent.Written}, {@link SiteEvent.Unwritten}. */
    record Remember(long number, Recollection.Known all) implements SiteOrder {}

    /** Remember in the timeline what happens now. */
    record Note(String subject, String kind, String text) implements SiteOrder {}

    /** Remember in the timeline what happened at a monotonic time. */
    record NoteAt(long nanoTime, String subject, String kind, String text) implements SiteOrder {}

    /** Tell whoever wants to change the members of a group what stands against it; empty: nothing. */
    record Answer(Consumer<Optional<String>> asker, Optional<String> obstacle) implements SiteOrder {}

    /** Tell the operator who ordered a switchover what came of it. */
    record Report(Consumer<SwitchoverResult> operator, SwitchoverResult result) implements SiteOrder {}
}
