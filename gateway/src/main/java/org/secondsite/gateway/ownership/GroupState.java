package org.secondsite.gateway.ownership;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** What a gateway knows of a group, and what it wants done about it: what the rows of {@link OwnershipTable} look at. */
abstract class GroupState {
    final SiteId self;
    final SiteId peer;

    OwnershipState state = OwnershipState.UNKNOWN;
    String reason = "started";
    OwnershipRecord record;
    /** What the peer has passed on and the witness has not told; null if nothing. */
    OwnershipRecord heard;

    boolean promoted;
    /** Whether the record is the one that this process found, when it knew none. */
    boolean foundAtStart;
    /** Whether the record's term was granted to a request of this process, and no chain of epochs was begun in it. */
    boolean freshTerm;

    final Facts facts = new Facts();
    final Requests requests;
    final DiskBarrier disks = new DiskBarrier(facts);

    long sourceDeadlineNanos;
    boolean gated;

    /** Why the standby is to be asked for once it knows the present record; null if nothing waits for that. */
    String handOverWaiting;

    long handOverDeadlineNanos;
    boolean switchingOver;
    /** The term that named the other site, while the VMs here wait for it to say that they run there; else 0. */
    long keptForTerm;

    /** Where the record that is taken in comes from, for people. */
    String how = "";

    long now;
    List<OwnershipAction> actions = new ArrayList<>();

    GroupState(SiteId self, SiteId peer, long attempts) {
        requests = new Requests(attempts);
        this.self = self;
        this.peer = peer;
    }

    /** The time of the event whose steps follow. */
    void begin(long nowNanos) {
        now = nowNanos;
        actions = new ArrayList<>();
    }

    /** What is to be done, in order. */
    List<OwnershipAction> actions() {
        return List.copyOf(actions);
    }

    OwnershipState state() {
        return state;
    }

    /** Where the newest record came from, for people. */
    String how() {
        return how;
    }

    String reason() {
        return reason;
    }

    Optional<OwnershipRecord> record() {
        return Optional.ofNullable(record);
    }

    long term() {
        return record == null ? 0 : record.term();
    }

    boolean keepsVms() {
        return keptForTerm != 0;
    }

    // ---- what the rows of the table look at ---------------------------------------------------------------------

    SiteId self() {
        return self;
    }

    Facts facts() {
        return facts;
    }

    Requests requests() {
        return requests;
    }

    boolean owns() {
        return record != null && record.owner().equals(self);
    }

    boolean inSync() {
        return record.inSync().contains(self);
    }

    /** Whether it was granted the group since it stood by, so that the VMs may be starting. */
    boolean promoted() {
        return promoted;
    }

    /** Whether output is held, in SYNCING. */
    boolean gated() {
        return gated;
    }

    /** Whether the term was granted to this very process, and no chain of epochs was begun in it. */
    boolean freshTerm() {
        return freshTerm;
    }

    DiskBarrier disks() {
        return disks;
    }

    /** Whether a restarted owner has waited for its VM for long enough. */
    boolean sourceStaysAway() {
        return now - sourceDeadlineNanos >= 0;
    }

    /** Whether the VMs have been paused for too long for a hand-over. */
    boolean handsOverTooLong() {
        return now - handOverDeadlineNanos >= 0;
    }

    long nowNanos() {
        return now;
    }

    /** Has something done, after what was wanted before. */
    void add(OwnershipAction action) {
        actions.add(action);
    }
}
