package org.secondsite.gateway.ownership;

import java.util.function.Predicate;

/** What must hold for a row of {@link OwnershipTable} to be the one that is taken. */
enum Guard {
    /** The last row of a pair: none before it was taken. */
    ELSE("", group -> true),
    NO_VM_HERE("no VM runs here", group -> group.facts().vmsStopped()),
    NOT_GRANTED("it was not granted the group", group -> !group.promoted()),
    IMAGE_HELD("an image is held", group -> group.facts().imageHeld()),
    OUTPUT_HELD("output is held", OwnershipSteps::gated),
    NOTHING_ASKED("nothing was asked", group -> !group.requests().open()),
    OWNED_HERE("the record names this site", OwnershipSteps::owns),
    OWNED_THERE("the record names the other site", group -> !group.owns()),
    VMS_KEPT("VMs are kept for the other site", OwnershipSteps::keepsVms),
    NOT_IN_SYNC("by the record this site is not in sync", group -> !group.inSync()),
    IN_SYNC_AND_OWNER_LOST(
            "in sync, with an image, and the owner is still lost",
            group -> group.facts().peerLost()
                    && group.facts().imageHeld()
                    && group.inSync()
                    && group.requests().mayAsk(group.nowNanos())),
    /**
     * A chain of epochs begins only under a term that was granted to this very process, and in which it has begun none before:
     * otherwise numbers could be used twice, and an old acknowledgement could pass for a new one.
     */
    CHAIN_MAY_BEGIN(
            "peer, standby and VM are ready, and no chain was begun in this term",
            group -> group.facts().pairReady() && group.freshTerm()),
    NO_VM_APPEARED(
            "by the record this site owns the group with a standby in sync, and no VM has appeared for 3 s",
            group -> group.owns()
                    && !group.record().orElseThrow().solo()
                    && !group.facts().sourceReady()
                    && !group.requests().open()
                    && group.sourceStaysAway()),
    SWITCHOVER_POSSIBLE("peer, standby and VM are ready, and nothing was asked", group -> group.obstacle() == null),
    TOO_LATE("the VMs have been paused for 5 s", OwnershipSteps::handsOverTooLong);

    private final String words;
    private final Predicate<OwnershipSteps> predicate;

    Guard(String words, Predicate<OwnershipSteps> predicate) {
        this.words = words;
        this.predicate = predicate;
    }

    /** For people. */
    String words() {
        return words;
    }

    boolean holds(OwnershipSteps group) {
        return predicate.test(group);
    }
}
