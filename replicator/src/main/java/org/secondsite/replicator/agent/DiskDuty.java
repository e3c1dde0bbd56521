package org.secondsite.replicator.agent;

import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * The part of {@link VmAgent} that has to do with disks: they go with the epochs if the gateway can do that, and flushes are answered
 * at once only on its word, never longer than its connection lasts.
 */
final class DiskDuty {
    private final AgentOutbox out;
    private final boolean serves;
    private boolean carried;

    DiskDuty(AgentOutbox out, boolean serves) {
        this.out = out;
        this.serves = serves;
    }

    /** Whether the VM has disks that are served: a chain of epochs begins with a copy of them, whatever is known of the RAM. */
    boolean serves() {
        return serves;
    }

    void welcomed(CheckpointMessage.Welcome welcome) {
        carried = welcome.dialect().has(Capability.DISKS);
        if (serves && carried) {
            out.want(new AgentEffect.TellDisks());
        }
    }

    /** The connection is gone, and nobody holds the VM's output to what is at the other site. */
    void gatewayGone() {
        carried = false;
        if (serves) {
            out.want(new AgentEffect.EndImage());
            out.want(new AgentEffect.SyncDisks());
        }
    }

    /** No checkpoint follows the last one. */
    void chainEnds() {
        if (serves) {
            out.want(new AgentEffect.EndImage());
        }
    }

    /** What is against checkpoints, if nothing else is. */
    Optional<String> objection(Optional<String> other) {
        return serves && !carried && other.isEmpty()
                ? Optional.of("the gateway's version does not carry disks: upgrade it")
                : other;
    }

    void obey(CheckpointMessage.DiskOrder order) {
        out.want(
                switch (order) {
                    case CheckpointMessage.FlushAtOnce atOnce -> new AgentEffect.FlushAtOnce();
                    case CheckpointMessage.SyncDisks sync -> new AgentEffect.SyncDisks();
                });
    }

    void answered(AgentEvent.OfDisks answer) {
        switch (answer) {
            case AgentEvent.DisksSynced synced -> out.say(new CheckpointMessage.DisksSynced());
            case AgentEvent.DisksFailed failed -> out.failed(FailureKind.DISK, EpochId.NONE, failed.reason());
        }
    }
}
