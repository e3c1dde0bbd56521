package org.secondsite.gateway.ownership;

/** What a group's surroundings are like, by the last word about each. Facts hold in every state, and are noted before it is asked. */
final class Facts {
    private boolean peerUp;
    /** Not the opposite of {@code peerUp}: at first the peer is neither. */
    private boolean peerLost;
    /** The newest term of which the peer has said that the witness told it. Silence of the peer takes nothing of that back. */
    private long peerTerm;

    private boolean standbyReady;
    private boolean sourceReady;
    private boolean imageHeld;
    /** Unknown counts as running: a fence is complete only when the agents say that nothing runs. */
    private boolean vmsStopped;

    private boolean disksCarried;
    /** Whether flushes may have been answered that no disk has. */
    private boolean flushesAtOnce;

    /** Notes what an event says about the surroundings, if anything. */
    void note(OwnershipEvent event) {
        switch (event) {
            case OwnershipEvent.PeerLost _ -> {
                peerUp = false;
                peerLost = true;
                standbyReady = false;
            }
            case OwnershipEvent.PeerBack _ -> {
                peerUp = true;
                peerLost = false;
            }
            case OwnershipEvent.RecordPassedOn passedOn ->
                peerTerm = passedOn.record().term();
            case OwnershipEvent.StandbyReady _ -> standbyReady = true;
            case OwnershipEvent.StandbyBroken _ -> standbyReady = false;
            case OwnershipEvent.SourceReady _ -> vmsRunHere();
            case OwnershipEvent.SourceLost _ -> sourceReady = false;
            case OwnershipEvent.VmsStopped _ -> {
                vmsStopped = true;
                sourceReady = false;
                flushesAtOnce = false;
            }
            case OwnershipEvent.ImageHeld _ -> imageHeld = true;
            case OwnershipEvent.ImageLost _ -> imageHeld = false;
            case OwnershipEvent.DisksCarried _ -> disksCarried = true;
            case OwnershipEvent.DisksSynced _ -> flushesAtOnce = false;
            default -> {}
        }
    }

    private void vmsRunHere() {
        sourceReady = true;
        vmsStopped = false;
    }

    /** The VMs are about to be started: from now on they may run. */
    void activating() {
        vmsStopped = false;
    }

    /** The VMs run, and the image that they were started from is used up. */
    void activated() {
        vmsRunHere();
        imageHeld = false;
    }

    /** From now on flushes may be answered that no disk has. */
    void flushAtOnce() {
        flushesAtOnce = true;
    }

    /** Whether flushes may have been answered that no disk has. */
    boolean flushesAtOnce() {
        return flushesAtOnce;
    }

    /** Whether a VM has disks that go with its epochs. */
    boolean disksCarried() {
        return disksCarried;
    }

    boolean peerUp() {
        return peerUp;
    }

    boolean peerLost() {
        return peerLost;
    }

    /** Whether the peer has said that the witness told it of this term. */
    boolean peerKnows(long term) {
        return peerTerm == term;
    }

    boolean standbyReady() {
        return standbyReady;
    }

    boolean sourceReady() {
        return sourceReady;
    }

    boolean imageHeld() {
        return imageHeld;
    }

    boolean vmsStopped() {
        return vmsStopped;
    }

    /** Why a switchover would not be lossless, in words; null if nothing speaks against it. */
    String obstacle(String peer) {
        if (!peerUp) {
            return peer + " is not heard";
        }
        if (!standbyReady) {
            return "the standby is not ready";
        }
        return sourceReady ? null : "not every VM can be checkpointed";
    }

    /** Whether there is a VM to checkpoint and somebody to keep it. */
    boolean pairReady() {
        return peerUp && standbyReady && sourceReady;
    }
}
