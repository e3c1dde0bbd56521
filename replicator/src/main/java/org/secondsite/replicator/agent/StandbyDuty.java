package org.secondsite.replicator.agent;

import org.secondsite.config.EpochId;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/** The part of {@link VmAgent} that keeps a replica: which epoch follows, and from which the VM may be started. */
final class StandbyDuty {
    private final AgentOutbox out;
    private final DiskDuty disks;
    private EpochId applied = EpochId.NONE;
    private EpochId inHand = EpochId.NONE;

    StandbyDuty(AgentOutbox out, DiskDuty disks) {
        this.out = out;
        this.disks = disks;
    }

    /** The epoch that the replica is at, NONE if there is none. */
    EpochId applied() {
        return applied;
    }

    /** The epoch that the VM is started from. */
    EpochId inHand() {
        return inHand;
    }

    void arrived(EpochHeader header, boolean vmIsHere) {
        inHand = header.epoch();
        if (vmIsHere) {
            refuse("the VM itself is here");
        } else if (!header.isFull() && !header.base().equals(applied)) {
            refuse("it is a delta on " + header.base() + ", the replica is at " + applied);
        } else {
            // Applying a full image ends the replica of before, whatever comes of it.
            applied = header.isFull() ? EpochId.NONE : applied;
            out.want(new AgentEffect.Apply());
        }
    }

    void refuse(String why) {
        out.failed(FailureKind.APPLY, inHand, why);
    }

    void applyDone() {
        applied = inHand;
        out.say(new CheckpointMessage.Applied(inHand));
        disks.applied(applied);
    }

    void activate(EpochId expected, boolean vmIsHere) {
        inHand = expected;
        if (vmIsHere) {
            notActivated("the VM itself is here");
        } else if (applied.equals(EpochId.NONE) || !applied.equals(expected)) {
            notActivated("the replica is at " + applied + ", not at " + expected);
        } else {
            out.want(new AgentEffect.Activate());
        }
    }

    void notActivated(String why) {
        out.failed(FailureKind.ACTIVATION, inHand, why);
    }

    /** The VM has run, or may have, and is gone: to start it anew from what is left would be to start it from half of an epoch. */
    void spent(String why) {
        release(false);
        notActivated(why);
    }

    /** The replica's memory is the VM's own now. */
    void handOver() {
        applied = EpochId.NONE;
        out.want(new AgentEffect.HandOverReplica());
    }

    void release(boolean vmIsHere) {
        if (!vmIsHere) {
            applied = EpochId.NONE;
            out.want(new AgentEffect.ReleaseReplica());
        }
    }
}
