package org.secondsite.gateway.ownership;

import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * What an event amounts to at a gateway: the columns of {@link OwnershipTable}. Most events are one each; a record, whoever tells
 * it, is what it says beside the one that is known.
 */
enum Occurrence {
    NO_NEWS("A record that is not newer than the known one, or an answer to a request of no interest."),
    HEARSAY(
            "The other site passes on a newer record. Only the witness can say whether it is in force: nothing is believed of it, but"
                    + " where output may leave it waits until there is evidence."),
    OTHERS("A newer record names the other site."),
    OWN_GRANTED("A newer record names this site alone, and was asked for by this process."),
    OWN_ALONE(
            "A newer record names this site alone, and was asked for by nobody here: by an operator, or in a former life."),
    OWN_IN_SYNC("A newer record names this site, with the other one in sync."),
    OWN_SKIPPED("A newer record names this site, after a term of which nothing is known here."),
    REFUSED(
            "The witness refuses the open request, and knows no newer record: a rule of its own, or this site's configuration."),
    UNANSWERED("Nobody knows what became of a request: it may still be granted."),
    PEER_LOST("The other gateway was not heard for longer than the failure detector allows."),
    PEER_BACK("The other gateway is heard, and the tunnel to it is up."),
    STANDBY_READY("The standby can take a full image and what follows."),
    STANDBY_BROKEN("The standby does not hold, or will no longer acknowledge, what it was sent."),
    SOURCE_READY("Every VM of the group runs here and can be checkpointed."),
    SOURCE_LOST("A VM of the group died here, or cannot be checkpointed any more."),
    IMAGE_COMPLETE("As a standby: a complete image of every VM is held."),
    IMAGE_LOST("As a standby: that image is gone or has a gap."),
    IMAGE_ACKNOWLEDGED("As an owner: the standby has acknowledged a full image of every VM."),
    CAUGHT_UP("As an owner whose output is held: the standby has acknowledged everything that was ever released."),
    ACTIVATED("Every VM of the group was started here from its last complete epoch."),
    ACTIVATION_FAILED("A VM of the group could not be started here."),
    VMS_STOPPED("No VM of the group runs here."),
    DISKS_CARRIED("A VM of the group has disks that go with its epochs."),
    DISKS_SYNCED("Every flush that the VMs were ever answered is on the disk, and so it will be with those to come."),
    SWITCHOVER_ORDERED("An operator wants the standby to become the owner."),
    LAST_COMMITTED("As an owner that hands over: every VM is paused, and the standby has acknowledged its last epoch."),
    PEER_ACTIVE("The other site says that every VM of the group runs there, under a term of its own."),
    TERM_CONTESTED(
            "A switch obeys somebody else, under this term or a later one, although the record names this site: only a newer term"
                    + " brings it back."),
    TICK("Time passes.");

    private final String words;

    Occurrence(String words) {
        this.words = words;
    }

    /** Whether it is a newer record. */
    boolean bringsRecord() {
        return switch (this) {
            case OTHERS, OWN_GRANTED, OWN_ALONE, OWN_IN_SYNC, OWN_SKIPPED -> true;
            default -> false;
        };
    }

    /** For people. */
    String words() {
        return words;
    }

    /** What an event amounts to for a group, before anything of it is taken in. */
    static Occurrence of(OwnershipEvent event, OwnershipSteps group) {
        return switch (event) {
            case OwnershipEvent.RecordLearnt learnt -> ofRecord(learnt.record(), group);
            case OwnershipEvent.RecordPassedOn passedOn -> passedOn.record().term() <= group.term() ? NO_NEWS : HEARSAY;
            case OwnershipEvent.Granted granted -> ofRecord(granted.record(), group);
            case OwnershipEvent.Refused refused -> {
                Occurrence record = ofRecord(refused.current(), group);
                yield record == NO_NEWS && group.requests().isOpen(refused.attempt()) ? REFUSED : record;
            }
            case OwnershipEvent.Unanswered unanswered ->
                group.requests().isOpen(unanswered.attempt()) ? UNANSWERED : NO_NEWS;
            case OwnershipEvent.PeerLost _ -> PEER_LOST;
            case OwnershipEvent.PeerBack _ -> PEER_BACK;
            case OwnershipEvent.StandbyReady _ -> STANDBY_READY;
            case OwnershipEvent.StandbyBroken _ -> STANDBY_BROKEN;
            case OwnershipEvent.SourceReady _ -> SOURCE_READY;
            case OwnershipEvent.SourceLost _ -> SOURCE_LOST;
            case OwnershipEvent.ImageHeld _ -> IMAGE_COMPLETE;
            case OwnershipEvent.ImageLost _ -> IMAGE_LOST;
            case OwnershipEvent.ImageAcknowledged _ -> IMAGE_ACKNOWLEDGED;
            case OwnershipEvent.CaughtUp _ -> CAUGHT_UP;
            case OwnershipEvent.Activated _ -> ACTIVATED;
            case OwnershipEvent.ActivationFailed _ -> ACTIVATION_FAILED;
            case OwnershipEvent.VmsStopped _ -> VMS_STOPPED;
            case OwnershipEvent.DisksCarried _ -> DISKS_CARRIED;
            case OwnershipEvent.DisksSynced _ -> DISKS_SYNCED;
            case OwnershipEvent.SwitchoverOrdered _ -> SWITCHOVER_ORDERED;
            case OwnershipEvent.LastCommitted _ -> LAST_COMMITTED;
            case OwnershipEvent.PeerActive _ -> PEER_ACTIVE;
            case OwnershipEvent.TermContested _ -> TERM_CONTESTED;
            case OwnershipEvent.Tick _ -> TICK;
        };
    }

    /** The record that an event brings. */
    static OwnershipRecord record(OwnershipEvent event) {
        return switch (event) {
            case OwnershipEvent.RecordLearnt learnt -> learnt.record();
            case OwnershipEvent.Granted granted -> granted.record();
            case OwnershipEvent.Refused refused -> refused.current();
            default -> throw new IllegalArgumentException(event + " brings no record");
        };
    }

    /** Where the record of an event comes from, for people. */
    static String source(OwnershipEvent event, SiteId self, Requests requests) {
        OwnershipRecord record = record(event);
        return switch (event) {
            case OwnershipEvent.Granted granted ->
                record.owner().equals(self)
                        ? "granted: " + requests.why(granted.attempt())
                        : "handed over to " + record.owner();
            case OwnershipEvent.Refused refused -> "refused: " + refused.reason();
            default -> "record of term " + record.term();
        };
    }

    private static Occurrence ofRecord(OwnershipRecord newer, OwnershipSteps group) {
        if (newer.term() <= group.term()) {
            return NO_NEWS;
        }
        if (!newer.owner().equals(group.self())) {
            return OTHERS;
        }
        // Records of a group follow one another; who missed one cannot know what happened in it.
        if (group.record().isPresent() && newer.previousTerm() != group.term()) {
            return OWN_SKIPPED;
        }
        if (!newer.solo()) {
            return OWN_IN_SYNC;
        }
        return group.requests().made(newer, group.self()) ? OWN_GRANTED : OWN_ALONE;
    }
}
