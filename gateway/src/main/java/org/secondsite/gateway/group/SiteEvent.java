package org.secondsite.gateway.group;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;

/** What a {@link SiteCore} is told. Each is a fact about what surrounds the gateway, at the time given beside it. */
public sealed interface SiteEvent {
    /** What came by a tunnel, or became of it. */
    sealed interface OfTunnel {}

    /** The tunnel to the gateway of this site has news. */
    record FromPeer(SiteId peer, OfTunnel news) implements SiteEvent {}

    /** What an agent said, or became of it. */
    sealed interface OfAgent extends SiteEvent {
        /** Which agent; a session has no other identity. */
        AgentSession session();
    }

    /** What the data plane said of itself. */
    sealed interface OfPlane extends SiteEvent {}

    /** What the witness said, or did not. */
    sealed interface OfWitness extends SiteEvent {}

    /**
     * Time passes: a few milliseconds since the last one.
     *
     * @param roundTripNanos the round-trip time to each peer as it is measured now, 0 or no entry if it is not known
     */
    record Tick(Map<SiteId, Long> roundTripNanos) implements SiteEvent {}

    /** Checkpoints are to be taken by other settings from now on. */
    record CheckpointsAltered(GatewayConfig after) implements SiteEvent {}

    /** Peers are to be suspected by other settings from now on. */
    record DetectionAltered(GatewayConfig after) implements SiteEvent {}

    /** Sites of which this gateway knew nothing are peers from now on; they have no groups yet. */
    record PeersCome(GatewayConfig after) implements SiteEvent {}

    /** All others are peers no more; their groups have gone before. */
    record PeersGo(Set<SiteId> stay) implements SiteEvent {}

    /**
     * VMs are to leave a group: their output is held until {@link MembersAltered} or {@link LeaveAbandoned}.
     *
     * @param done is told once: that they may leave, or what stands against it
     */
    record VmsLeave(GroupId group, Set<VmId> vms, Consumer<Optional<String>> done) implements SiteEvent {}

    /** No VM is to leave the group after all. */
    record LeaveAbandoned(GroupId group) implements SiteEvent {}

    /**
     * Other VMs are ticked from now on.
     *
     * @param done is told once: that it is so, or what stands against it, and then nothing is changed
     */
    record MembersAltered(GatewayConfig after, Consumer<Optional<String>> done) implements SiteEvent {}

    /**
     * An operator vouches that no other site has gone on from a VM that runs here.
     *
     * @param done is told once: that it is taken so, or what stands against it
     */
    record Vouched(VmId vm, String reason, Consumer<Optional<String>> done) implements SiteEvent {}

    /** This site's file was to follow the other one's, and does, or something stands against that. */
    record TickFollowed(VmId vm, Optional<String> obstacle) implements SiteEvent {}

    /** The disk has what was to be remembered under this number, and so nothing older. */
    record Written(long number) implements SiteEvent {}

    /** The disk does not take what is to be remembered, which is tried again. */
    record Unwritten(String reason) implements SiteEvent {}

    // ---- the tunnel ---------------------------------------------------------------------------------------------

    /** The other gateway speaks this; told before the tunnel is up. */
    record PeerSpeaks(Dialect dialect) implements OfTunnel {}

    /** The tunnel is up. */
    record TunnelUp() implements OfTunnel {}

    /** The tunnel is down, in this way. */
    record TunnelDown(PeerWatch.Tunnel how, String reason) implements OfTunnel {}

    /** Somebody was turned away. */
    record TunnelRejected(String reason) implements OfTunnel {}

    /** The other gateway said something. */
    record PeerSaid(PeerMessage message) implements OfTunnel {}

    /** A whole epoch came through the tunnel; it is the core's to close now. */
    record EpochFromPeer(Epoch epoch) implements OfTunnel {}

    /** The standby holds an epoch. */
    record EpochAcknowledged(VmId vm, EpochId epoch) implements OfTunnel {}

    /** The standby will not hold an epoch, or it could not be sent. */
    record EpochRefused(VmId vm, EpochId epoch, String reason) implements OfTunnel {}

    // ---- the agents ---------------------------------------------------------------------------------------------

    /** An agent is there, beside a VM that it has itself, or not. */
    record Attached(AgentSession session, boolean vmRunning) implements OfAgent {}

    /** An agent is gone. */
    record Detached(AgentSession session, String reason) implements OfAgent {}

    /** A VM is paused and waits for its packets to be sealed. */
    record SealRequested(AgentSession session, EpochId epoch) implements OfAgent {}

    /** A whole epoch came from the hypervisor; it is the core's to close now. */
    record EpochFromAgent(AgentSession session, Epoch epoch, long pauseNanos) implements OfAgent {}

    /** The replica of a VM is at an epoch. */
    record Applied(AgentSession session, EpochId epoch) implements OfAgent {}

    /** A VM runs here, from an epoch. */
    record Activated(AgentSession session, EpochId epoch) implements OfAgent {}

    /** A VM is paused, and this epoch is all of it. */
    record VmPaused(AgentSession session, EpochId last) implements OfAgent {}

    /** An agent could not do something. */
    record AgentFailed(AgentSession session, FailureKind what, String reason) implements OfAgent {}

    /** Every flush of a VM that was ever answered is on the disk. */
    record DisksSynced(AgentSession session) implements OfAgent {}

    /** An agent says something of its disks, for the one at the other site. */
    record AgentOfDisks(AgentSession session, DiskTalk talk) implements OfAgent {}

    /** How far the copy of a VM's disks is. */
    record CopyAt(AgentSession session, CopyProgress progress) implements OfAgent {}

    /** A VM is verified to be gone. */
    record VmStopped(AgentSession session) implements OfAgent {}

    // ---- the data plane -----------------------------------------------------------------------------------------

    /**
     * A VM's buffer fills or empties.
     *
     * @param heldBytes what is used of its quota
     * @param oldestNanos the age of the oldest packet that has not left
     */
    record PressureChanged(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) implements OfPlane {}

    /** This process stood still, for so long; the data plane releases nothing until it may. */
    record StoodStill(long standstill, long nanos) implements OfPlane {}

    /** A port is down or gone. */
    record PortDown(String name, String reason) implements OfPlane {}

    /** A port is as it should be again. */
    record PortUp(String name) implements OfPlane {}

    /** The data plane has ended by a fault of its own. */
    record PlaneFailed(String reason) implements OfPlane {}

    // ---- the witness --------------------------------------------------------------------------------------------

    /** The witness told a record. */
    record RecordTold(OwnershipRecord record) implements OfWitness {}

    /** The witness answered a request for a change. */
    record Answered(SiteOrder.Ask request, Answer answer) implements OfWitness {}

    /** Nobody knows what became of a request for a change. */
    record Unanswered(SiteOrder.Ask request, String reason) implements OfWitness {}

    /** The witness was asked for the record of a group, and this is it. */
    record RecordRead(SiteOrder.Read question, OwnershipRecord record) implements OfWitness {}

    /** The witness was asked for the record of a group, and did not answer. */
    record RecordUnread(SiteOrder.Read question) implements OfWitness {}

    /** Whether a node of the witness is connected. */
    record WitnessReachable(boolean up, String reason) implements OfWitness {}

    /** A node of the witness takes another process for this site's gateway, and refuses this one. */
    record WitnessDisplaced(String reason) implements OfWitness {}

    /** A node of the witness takes this process for this site's gateway. */
    record WitnessAdmitted() implements OfWitness {}

    /** The agent of a VM remembers that this term was acted under. */
    record ActedUnder(VmId vm, long term) implements SiteEvent {}

    // ---- the switches -------------------------------------------------------------------------------------------

    /**
     * A switch obeys somebody else, although this gateway has told it this term.
     *
     * @param term what was told to the switch last
     */
    record SwitchContested(SwitchId sw, long term) implements SiteEvent {}

    /** Of the ports that VMs should be plugged into, the switch has not got these, and has all others. */
    record PortsMissing(SwitchId sw, Set<String> names) implements SiteEvent {}

    // ---- the operator -------------------------------------------------------------------------------------------

    /**
     * An operator wants the standby to become the owner.
     *
     * @param ended is told once, when the other site runs the VMs, or they are to stay here
     */
    record SwitchOver(GroupId group, String reason, Consumer<SwitchoverResult> ended) implements SiteEvent {}
}
