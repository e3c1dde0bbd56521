package org.secondsite.gateway.ownership;

/** What must hold for a row of {@link OwnershipTable} to be the one that is taken. */
enum Guard {
    /** The last row of a pair: none before it was taken. */
    ELSE(""),
    NO_VM_HERE("no VM runs here"),
    NOT_GRANTED("it was not granted the group"),
    IMAGE_HELD("an image is held"),
    OUTPUT_HELD("output is held"),
    NOTHING_ASKED("nothing was asked"),
    RENEWAL_ASKED("a newer term was asked for, with the standby in sync as before"),
    OWNED_HERE("the record names this site"),
    OWNED_THERE("the record names the other site"),
    VMS_KEPT("VMs are kept for the other site"),
    NOT_IN_SYNC("by the record this site is not in sync"),
    IN_SYNC_AND_OWNER_LOST("in sync, with an image, and the owner is still lost"),
    /**
     * A chain of epochs begins only under a term that was granted to this very process, and in which it has begun none before:
     * otherwise numbers could be used twice, and an old acknowledgement could pass for a new one.
     */
    CHAIN_MAY_BEGIN("peer, standby and VM are ready, no chain was begun in this term, and no output waits for disks"),
    NO_VM_APPEARED("by the record this site owns the group with a standby in sync, and no VM has appeared for 3 s"),
    SWITCHOVER_POSSIBLE("peer, standby and VM are ready, the standby knows the record, and nothing was asked"),
    TOO_LATE("the VMs have been paused for 5 s");

    private final String words;

    Guard(String words) {
        this.words = words;
    }

    /** For people. */
    String words() {
        return words;
    }

    boolean holds(OwnershipSteps group) {
        return switch (this) {
            case ELSE -> true;
            case NO_VM_HERE -> group.facts().vmsStopped();
            case NOT_GRANTED -> !group.promoted();
            case IMAGE_HELD -> group.facts().imageHeld();
            case OUTPUT_HELD -> group.gated();
            case NOTHING_ASKED -> !group.requests().open();
            case RENEWAL_ASKED -> group.requests().keepsStandby();
            case OWNED_HERE -> group.owns();
            case OWNED_THERE -> !group.owns();
            case VMS_KEPT -> group.keepsVms();
            case NOT_IN_SYNC -> !group.inSync();
            case IN_SYNC_AND_OWNER_LOST ->
                group.facts().peerLost()
                        && group.facts().imageHeld()
                        && group.inSync()
                        && group.requests().mayAsk(group.nowNanos());
            case CHAIN_MAY_BEGIN ->
                group.facts().pairReady() && group.freshTerm() && !group.disks().keepsOutput();
            case NO_VM_APPEARED ->
                group.owns()
                        && !group.record().orElseThrow().solo()
                        && !group.facts().sourceReady()
                        && !group.requests().open()
                        && group.sourceStaysAway();
            case SWITCHOVER_POSSIBLE -> group.obstacle() == null;
            case TOO_LATE -> group.handsOverTooLong();
        };
    }
}
