package org.secondsite.replicator.agent;

import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/**
 * What a {@link VmAgent} wants done, in order. Where an {@link AgentEvent.Answer} is named, it is told when all effects of the
 * same event are carried out, and before any other event.
 *
 * <p>Whoever carries out makes the VM run by none of them once the gateway's STOP_VM has been read, told or not.
 */
public sealed interface AgentEffect {
    // ---- to the gateway

    /** Say this to the gateway. */
    record Send(CheckpointMessage message) implements AgentEffect {}

    /** Say this after all epochs shipped so far. */
    record SendAfterEpochs(CheckpointMessage message) implements AgentEffect {}

    /** Give the connection up; {@link AgentEvent.Closed} follows some time later. */
    record CloseConnection(String reason) implements AgentEffect {}

    /** For the log. */
    record Note(String text) implements AgentEffect {}

    /** For the log: something is wrong. */
    record Trouble(String text) implements AgentEffect {}

    // ---- the VM

    /** Look for the VM: {@link AgentEvent.Found} or {@link AgentEvent.NotFound}. */
    record Attach() implements AgentEffect {}

    /** Let go of the VM, and of what its checkpoints were built on. */
    record Detach() implements AgentEffect {}

    /** Find out whether something is against checkpoints: {@link AgentEvent.Looked}. */
    record Look() implements AgentEffect {}

    /**
     * Be ready for checkpoints, and let nobody else save or migrate the VM.
     *
     * @param forget whether the next one is a full image whatever is known of the RAM
     */
    record BeginImage(boolean forget) implements AgentEffect {}

    /** No more checkpoints: whoever wants may save or migrate the VM. */
    record Unguard() implements AgentEffect {}

    /**
     * Pause the VM for a checkpoint: {@link AgentEvent.Unprepared}, {@link AgentEvent.Paused}, {@link AgentEvent.PauseFailed} or
     * {@link AgentEvent.PauseLate}.
     */
    record PauseForCheckpoint(boolean full) implements AgentEffect {}

    /** Pause the VM until there is room: {@link AgentEvent.Paused}, {@link AgentEvent.PauseFailed} or {@link AgentEvent.PauseLate}. */
    record PauseForRoom() implements AgentEffect {}

    /** Copy what has changed of a paused VM: {@link AgentEvent.Collected} or {@link AgentEvent.CollectFailed}. */
    record Collect() implements AgentEffect {}

    /** Make sure that the VM stood still: {@link AgentEvent.Verified} or {@link AgentEvent.Spoiled}. */
    record Verify() implements AgentEffect {}

    /** Let the VM run on after a checkpoint, if it ran before: {@link AgentEvent.Resumed} or {@link AgentEvent.Lost}. */
    record Resume() implements AgentEffect {}

    /** Give a checkpoint up and let the VM run on, if it ran before; {@link AgentEvent.Lost} if that fails. */
    record Abandon() implements AgentEffect {}

    /** Make the VM run that was left paused, if it was; {@link AgentEvent.Lost} if that fails. */
    record ResumeKept() implements AgentEffect {}

    /** Make the VM run that its hypervisor has halted. */
    record Retry() implements AgentEffect {}

    /** Ship what was collected: {@link AgentEvent.Taken}, and some time later {@link AgentEvent.Shipped}. */
    record Ship(EpochId epoch, EpochId base) implements AgentEffect {}

    // ---- its disks

    /** What is to be done with the disks. */
    sealed interface OfDisks extends AgentEffect {}

    /** Say which disks go with the epochs. */
    record TellDisks() implements OfDisks {}

    /** No checkpoint follows: nothing that is written to the disks need be remembered. */
    record EndImage() implements OfDisks {}

    /** Answer the VM's flushes at once; {@link AgentEvent.DisksFailed} if that cannot be. */
    record FlushAtOnce() implements OfDisks {}

    /** Let flushes wait for the disk, and have all that were answered there: {@link AgentEvent.DisksSynced} or {@link AgentEvent.DisksFailed}. */
    record SyncDisks() implements OfDisks {}

    /** The other site has everything up to this epoch. */
    record Acknowledged(EpochId epoch) implements OfDisks {}

    /** Hear what the other site's agent says of its disks, or asks about those here: {@link AgentEvent.DisksSay}. */
    record HearOfDisks(DiskTalk talk) implements OfDisks {}

    /** End the copies of disks that the VM has of its own, and leave nothing of them in its hypervisor. */
    record EndMirrors() implements OfDisks {}

    // ---- its end

    /** Find out whether the VM that would be started here is the one of this question: {@link AgentEvent.Compared}. */
    record CompareMachine(DiskTalk.Machine question) implements AgentEffect {}

    /** Kill the VM: {@link AgentEvent.Killed} or {@link AgentEvent.NotKilled}. */
    record Kill(String reason) implements AgentEffect {}

    // ---- the replica

    /** Apply the epoch at hand: {@link AgentEvent.Applied} or {@link AgentEvent.ApplyFailed}. */
    record Apply() implements AgentEffect {}

    /** Start the VM from the replica: {@link AgentEvent.Activated}, {@link AgentEvent.ActivationFailed} or {@link AgentEvent.ReplicaSpent}. */
    record Activate() implements AgentEffect {}

    /** The replica's memory is the VM's own now, or not this agent's at least. */
    record HandOverReplica() implements AgentEffect {}

    /** Give the replica's memory back. */
    record ReleaseReplica() implements AgentEffect {}
}
