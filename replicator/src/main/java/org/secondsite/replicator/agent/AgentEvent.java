package org.secondsite.replicator.agent;

import java.util.List;
import java.util.Optional;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.disk.BlockMemory;

/** What a {@link VmAgent} is told. */
public sealed interface AgentEvent {
    /** Time passes, and nothing else waits to be told. */
    record Tick() implements AgentEvent {}

    /** A connection to the gateway stands. */
    record Opened() implements AgentEvent {}

    /** The connection is gone. */
    record Closed(String reason) implements AgentEvent {}

    /** The gateway says something. Epochs come whole, as {@link EpochArrived}. */
    record Received(CheckpointMessage message) implements AgentEvent {}

    /** A whole epoch for the replica is at hand until this event is dealt with. */
    record EpochArrived(EpochHeader header) implements AgentEvent {}

    /** The gateway has read all of the epoch that was shipped last. */
    record Shipped() implements AgentEvent {}

    /** So much of the memory is taken in which what the VM writes to its disks waits to be shipped. */
    record DisksFill(BlockMemory.Level level) implements AgentEvent {}

    /** Something happened to the VM by itself. */
    record News(VmNews news) implements AgentEvent {}

    /** The agent ends. */
    record End() implements AgentEvent {}

    /** What came of an effect. Told before anything else. */
    sealed interface Answer extends AgentEvent {}

    /** To {@link AgentEffect.Attach}: the VM is here, with what is against its checkpoints. */
    record Found(String description, Optional<String> refusal) implements Answer {}

    /** To {@link AgentEffect.Attach}: the VM is not here, or, if {@code trouble} is not empty, cannot be driven. */
    record NotFound(String trouble) implements Answer {}

    /**
     * To {@link AgentEffect.Look}.
     *
     * @param refusal what is against checkpoints
     * @param machine what the VM is made of, as far as that is known
     */
    record Looked(Optional<String> refusal, Optional<MachineParts> machine) implements Answer {
        /** Of a VM of which it is not known what it is made of. */
        public Looked(Optional<String> refusal) {
            this(refusal, Optional.empty());
        }
    }

    /** To {@link AgentEffect.CompareMachine}: what is to be said to the other site's agent. */
    record Compared(DiskTalk.Compared answer) implements Answer {}

    /** The checkpoint cannot be prepared; the VM was not touched. */
    record Unprepared(String reason) implements Answer {}

    /** The VM is paused. */
    record Paused() implements Answer {}

    /** The VM could not be paused. */
    record PauseFailed(String reason) implements Answer {}

    /** The hypervisor has not answered; it serves nothing else until {@link VmNews.PausedLate}. */
    record PauseLate(String reason) implements Answer {}

    /** Changed pages and device state are copied. */
    record Collected() implements Answer {}

    /** They are not. */
    record CollectFailed(String reason) implements Answer {}

    /** The VM stood still all the time. */
    record Verified() implements Answer {}

    /** It did not, or that cannot be known. */
    record Spoiled(String reason) implements Answer {}

    /** The VM was made to run, unless it is not to. */
    record Resumed() implements Answer {}

    /** The VM is not in a known state: it must be given up, and looked for anew. */
    record Lost(String reason) implements Answer {}

    /**
     * The epoch is on its way; it has so many bytes in plain form.
     *
     * @param copy how far the copy of the VM's disks is with it; empty if it has none that are carried
     * @param questions what is to be asked of the other site's agent, now that the copy has come so far
     */
    record Taken(long plainBytes, Optional<CopyProgress> copy, List<DiskTalk> questions) implements Answer {
        /** Copies the list. */
        public Taken {
            questions = List.copyOf(questions);
        }

        /** The epoch of a VM without disks. */
        public Taken(long plainBytes) {
            this(plainBytes, Optional.empty(), List.of());
        }
    }

    /** The replica is at the epoch that arrived. */
    record Applied() implements Answer {}

    /** The epoch could not be applied. */
    record ApplyFailed(String reason) implements Answer {}

    /** The VM runs from the replica. */
    record Activated(String description) implements Answer {}

    /** The VM could not be started. */
    record ActivationFailed(String reason) implements Answer {}

    /** The VM may have run for a moment, and is gone: RAM and disks are those of no epoch any more. */
    record ReplicaSpent(String reason) implements Answer {}

    /** What came of what was to be done with the disks. */
    sealed interface OfDisks extends Answer {}

    /** Every flush that was ever answered is on the disk. */
    record DisksSynced() implements OfDisks {}

    /** To {@link AgentEffect.HearOfDisks}: what is to be said to the other site's agent, in order. */
    record DisksSay(List<DiskTalk> talks) implements OfDisks {
        /** Copies the list. */
        public DisksSay {
            talks = List.copyOf(talks);
        }
    }

    /** A disk refuses. */
    record DisksFailed(String reason) implements OfDisks {}

    /** Nothing of the VM runs here; that is verified. */
    record Killed() implements Answer {}

    /** It could not be verified that nothing of the VM runs here. */
    record NotKilled(String reason) implements Answer {}
}
