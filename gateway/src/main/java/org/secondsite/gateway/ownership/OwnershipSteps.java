package org.secondsite.gateway.ownership;

import java.util.EnumSet;
import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.ownership.OwnershipAction.*;

/**
 * The steps that the rows of {@link OwnershipTable} take, and nothing else changes a group's state. What they mean together stands in
 * {@link Ownership}.
 */
final class OwnershipSteps extends GroupState {
    /** How long a restarted owner waits for its VM to appear before it hands over to the standby that is in sync. */
    static final long SOURCE_PATIENCE_NANOS = 3_000_000_000L;
    /** How long VMs may stay paused for a hand-over that does not come about. */
    static final long HAND_OVER_PATIENCE_NANOS = 5_000_000_000L;

    private static final Set<OwnershipState> CHECKPOINTING =
            EnumSet.of(OwnershipState.SYNCING, OwnershipState.PROTECTED, OwnershipState.HANDING_OVER);

    OwnershipSteps(SiteId self, SiteId peer, long attempts) {
        super(self, peer, attempts);
    }

    // ---- records ------------------------------------------------------------------------------------------------

    /** A newer record is the one that counts, and decides whatever was asked. */
    void takeIn(OwnershipEvent event) {
        OwnershipRecord newer = Occurrence.record(event);
        how = Occurrence.source(event, self, requests);
        freshTerm = requests.made(newer, self);
        foundAtStart = record == null;
        record = newer;
        heard = heard == null || heard.term() <= newer.term() ? null : heard;
        handOverWaiting = null;
        requests.settled();
    }

    /** The peer speaks of a newer record. */
    void doubt(OwnershipEvent.RecordPassedOn event) {
        heard = event.record();
        add(new Doubt(heard.term()));
    }

    /**
     * Up to which term a standby keeps what the owner sends. It need not have been told by the witness that the owner's term has
     * grown: what it acknowledges binds the owner alone, and to take over it must ask under the term that is in force.
     */
    long keptTerm() {
        return heard != null
                        && record != null
                        && heard.owner().equals(peer)
                        && record.owner().equals(peer)
                ? heard.term()
                : term();
    }

    /**
     * An owner that was only told so acts under a term of its own asking, and under no other: a request of its former
     * life may still be granted and make the standby in sync, also when the record reads "alone"; and the epochs that
     * were in flight died with it, so what the standby holds cannot be matched with what comes next.
     */
    void ownAfterRestart() {
        sourceDeadlineNanos = now + SOURCE_PATIENCE_NANOS;
        reason = "restarted as the owner of term " + term() + "; must stand alone under a term of its own asking";
        askSoloAfterRestart();
    }

    /** Owner again, after a term in which somebody else may have acted, or under a record that nobody here has asked for. */
    void startOver(String why) {
        boolean checkpointing = CHECKPOINTING.contains(state);
        add(new Fence(term()));
        transition(OwnershipState.UNKNOWN, how + why);
        gated = false;
        promoted = false;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        add(new Announce(RouteRole.NONE));
        ownAfterRestart();
    }

    /**
     * Output of a restarted owner stays closed until this is granted. Without a VM, a standby in sync comes first. The record that was
     * found says "alone" only if this site has asked for that with every flush on the disk; one that comes later, and that nobody here
     * has asked for, is an operator's, and says nothing of disks: so the VMs' agents have to be here, which have synced them by then.
     */
    void askSoloAfterRestart() {
        if (owns() && (facts.sourceReady() || (record.solo() && foundAtStart)) && requests.mayAsk(now)) {
            askSolo("restarted owner stands alone");
        }
    }

    /** A standby becomes the owner: the VMs are started from what it holds. */
    void promote() {
        if (state == OwnershipState.STANDBY) {
            add(new RefuseEpochs(record.previousTerm()));
        }
        transition(OwnershipState.PROMOTING, how);
        promoted = true;
        facts.activating();
        add(new Activate(term()));
        add(new Announce(RouteRole.PROMOTED));
        add(new TakeSwitches(term(), SwitchRole.OWNER));
        add(new Pass(term()));
    }

    /** A standby becomes the owner of nothing. */
    void ownWithoutImage() {
        enterSolo(how + ", without an image");
        add(new Alarm("owner of term " + term() + " but no image of its state is held; an operator must start the VM"));
    }

    void protect() {
        promoted = false;
        transition(OwnershipState.PROTECTED, how);
        add(new Retitle(term()));
        add(new Announce(RouteRole.OWNER));
        add(new TakeSwitches(term(), SwitchRole.OWNER));
        if (!facts.peerUp() || !facts.standbyReady()) {
            askSolo("the standby went away while it was being admitted");
        } else if (facts.disksCarried()) {
            facts.flushAtOnce();
            add(new FlushAtOnce());
        }
    }

    /** Only a request of this class can bring such a record, and it is never made ungated. */
    void protectUnasked() {
        add(new Hold(term()));
        transition(OwnershipState.PROTECTED, how + ", unexpectedly");
        askSolo("protected without having asked");
    }

    /** The other site owns the group; VMs may run here. */
    void fence() {
        add(new Fence(term()));
        enterFenced(how);
    }

    /** The other site owns the group, and this one has been fenced before. */
    void fenceAgain() {
        add(new Fence(term()));
        reason = how;
    }

    /** The other site owns the group, and no VM runs here: shut off, and ready to stand by. */
    void fenceAndStandBy() {
        add(new Fence(term()));
        enterStandby(how);
    }

    // ---- states -------------------------------------------------------------------------------------------------

    void enterSolo(String why) {
        boolean checkpointing = CHECKPOINTING.contains(state);
        if (state != OwnershipState.SOLO) {
            transition(OwnershipState.SOLO, why);
        }
        gated = false;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        if (keepsVms()) {
            keptForTerm = 0;
            add(new ResumeVms());
        }
        switchoverFailed(why);
        if (disks.isOpen()) {
            add(new Pass(term()));
        } else {
            disks.keepOutput();
            add(new SyncDisks());
        }
        add(new Announce(promoted ? RouteRole.PROMOTED : RouteRole.OWNER));
        add(new TakeSwitches(term(), SwitchRole.OWNER));
    }

    /** A lone owner takes the standby in. */
    void beginSync() {
        freshTerm = false;
        transition(OwnershipState.SYNCING, "standby " + peer + " is ready");
        add(new StartCheckpoints(term()));
    }

    /** A lone owner that could take the standby in, but for a term that is used up, asks for another one. */
    void renewForSync() {
        if (facts.pairReady() && requests.mayAsk(now)) {
            askSolo("a term of its own to number epochs in");
        }
    }

    /** SYNCING, the full image is there: from now on output waits, so that "everything released" stops growing. */
    void gate() {
        gated = true;
        add(new Hold(term()));
    }

    void admitStandby() {
        if (gated && !requests.open()) {
            ask(self, Set.of(self, peer), "standby " + peer + " holds everything that was released");
        }
    }

    void askSolo(String why) {
        if (disks.isOpen()) {
            ask(self, Set.of(self), why);
        } else if (disks.begins(why)) {
            add(new SyncDisks());
        }
    }

    /** A lone owner has every flush on the disk. */
    void passIfSynced() {
        if (disks.takeOutput()) {
            add(new Pass(term()));
        }
    }

    /** A standby that has lost the owner asks to take over: it has something to offer. */
    void askPromotion(String why) {
        add(new RefuseEpochs(term()));
        transition(OwnershipState.PROMOTING, why);
        ask(self, Set.of(self), why);
    }

    void declineNotInSync(String why) {
        decline(why + "; cannot take over: by the record of term " + term() + " owner " + record.owner()
                + " stands alone, this site is not in sync");
    }

    void decline(String why) {
        reason = why;
        add(new Alarm(why));
    }

    /** Gives the group to the standby, which is in sync by the record. Fenced first: no two sites ever both emit. */
    void handOver(String why) {
        add(new Fence(term() + 1));
        enterFenced(why);
        handOverWaiting = why;
        askWaitingHandOver();
    }

    /**
     * A standby that is given the group by a record must know the one before, for by that one it is in sync: one that missed it would
     * start nothing. So one that is heard, and has not said yet that it knows it, is waited for.
     */
    void askWaitingHandOver() {
        if (handOverWaiting != null && (!facts.peerUp() || facts.peerKnows(term()))) {
            String why = handOverWaiting;
            handOverWaiting = null;
            ask(peer, Set.of(peer), why);
        }
    }

    void enterFenced(String why) {
        boolean checkpointing = CHECKPOINTING.contains(state);
        keptForTerm = owns() ? 0 : term();
        transition(OwnershipState.FENCED, why);
        gated = false;
        promoted = false;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        add(new Announce(switchingOver ? RouteRole.RETIRING : RouteRole.STANDBY));
        if (!owns()) {
            add(new TakeSwitches(term(), SwitchRole.STANDBY));
        }
        if (keepsVms()) {
            reason = why + "; the VMs here are shut off, and kept until site " + peer + " runs them";
        } else {
            add(new StopVms(why));
        }
    }

    void enterStandby(String why) {
        boolean checkpointing = CHECKPOINTING.contains(state);
        if (state != OwnershipState.STANDBY) {
            transition(OwnershipState.STANDBY, why);
        } else {
            reason = why;
        }
        gated = false;
        promoted = false;
        keptForTerm = 0;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        switchoverDone("handed over to site " + peer + "; the VMs here are gone");
        add(new Announce(RouteRole.STANDBY));
        add(new TakeSwitches(term(), SwitchRole.STANDBY));
        if (facts.peerLost() && !inSync()) {
            declineNotInSync(why);
        }
    }

    // ---- a planned switchover -----------------------------------------------------------------------------------

    /** Why a switchover cannot begin at a protected owner; null if it can. */
    String obstacle() {
        if (requests.open()) {
            return "a request is open";
        }
        String missing = facts.obstacle("site " + peer);
        return missing == null && standbyMustLearn()
                ? "site " + peer + " has not said that the witness told it of term " + term()
                : missing;
    }

    /** Whether this is a protected owner whose standby has not said yet that it knows the record that made it one. */
    boolean standbyMustLearn() {
        return state == OwnershipState.PROTECTED && !facts.peerKnows(term());
    }

    void beginHandOver(String why) {
        transition(OwnershipState.HANDING_OVER, "switchover: " + why);
        switchingOver = true;
        handOverDeadlineNanos = now + HAND_OVER_PATIENCE_NANOS;
        add(new PauseVms());
        add(new Announce(RouteRole.RETIRING));
    }

    void refuseSwitchover() {
        String elsewhere = "this site is " + state + " in term " + term()
                + (record == null || owns() ? "" : "; the owner is " + record.owner())
                + "; a switchover begins at a PROTECTED owner";
        add(new SwitchoverEnded(false, state == OwnershipState.PROTECTED ? obstacle() : elsewhere));
    }

    /** Everything is at the standby, and nothing more will come. */
    void askHandOver() {
        if (!requests.open()) {
            ask(peer, Set.of(peer), reason);
        }
    }

    /** The VMs run on where they are. A request that may still be granted is settled by asking to stand alone. */
    void abandonHandOver(String why) {
        boolean settle = requests.open();
        transition(OwnershipState.PROTECTED, "switchover abandoned: " + why);
        if (settle) {
            askSolo("settles a hand-over of unknown outcome");
        }
    }

    void abandonLateHandOver() {
        abandonHandOver(
                requests.open()
                        ? "no answer of the witness"
                        : "the last epochs were not committed within " + HAND_OVER_PATIENCE_NANOS / 1_000_000 + " ms");
    }

    /** HANDING_OVER is left: only a fence leaves the VMs as they are, and the routes. */
    private void endHandOver(OwnershipState next, String why) {
        if (next == OwnershipState.PROTECTED) {
            add(new Announce(RouteRole.OWNER));
        }
        if (next != OwnershipState.FENCED && next != OwnershipState.STANDBY) {
            add(new ResumeVms());
            switchoverFailed(why);
        } else if (!keepsVms()) {
            switchoverFailed(why);
        }
    }

    private void switchoverDone(String why) {
        endSwitchover(new SwitchoverEnded(true, why));
    }

    private void switchoverFailed(String why) {
        endSwitchover(new SwitchoverEnded(false, why));
    }

    private void endSwitchover(SwitchoverEnded end) {
        if (switchingOver) {
            switchingOver = false;
            add(end);
        }
    }

    /** The other site runs the VMs: those that were kept here are of no more use. */
    void peerActive(long term) {
        if (keepsVms() && term >= keptForTerm) {
            keptForTerm = 0;
            switchoverDone("site " + peer + " runs the VMs in term " + term);
            add(new StopVms("site " + peer + " runs them in term " + term));
        }
    }

    // ---- requests -----------------------------------------------------------------------------------------------

    private void ask(SiteId owner, Set<SiteId> inSync, String why) {
        add(requests.put(term(), owner, inSync, why));
    }

    /** A protected owner without its standby asks to stand alone (again), whatever came between. */
    void pursueSolo() {
        if ((!facts.peerUp() || !facts.standbyReady()) && requests.mayAsk(now)) {
            askSolo("standby still missing");
        }
    }

    /**
     * A protected owner asks for a newer term, and to stay what it is. The record does not change beside, so what the standby has
     * acknowledged counts on: it has stopped to acknowledge if it asked for promotion meanwhile, and holds all that was let out.
     */
    void renewProtected(String why) {
        if (requests.mayAsk(now)) {
            ask(self, Set.of(self, peer), why);
        }
    }

    /** An owner by a record that has nobody else in sync asks for a newer term, unless output is held: an admission brings one. */
    void renewAlone(String why) {
        if (!gated && requests.mayAsk(now)) {
            askSolo(why);
        }
    }

    /** A protected owner as before, under a newer term. */
    void renewed() {
        reason = how;
        add(new Retitle(term()));
        add(new TakeSwitches(term(), SwitchRole.OWNER));
        pursueSolo();
    }

    void askSoloUnlessAsking(String why) {
        if (!requests.open()) {
            askSolo(why);
        }
    }

    /** The witness knows no newer record and still says no. */
    String noteRefusal(String why) {
        requests.refused(now);
        reason = "the witness refused: " + why;
        add(new Alarm(reason));
        return reason;
    }

    void lostSight(OwnershipEvent.Unanswered event) {
        requests.lostSight(now);
        Ask asked = requests.asked();
        reason = "unanswered: " + asked.reason() + " (" + event.reason() + ")";
        if (requests.silenceIsNews(term())) {
            add(new Alarm("the witness does not answer: " + asked.reason() + " (" + event.reason() + ")"
                    + (state == OwnershipState.SOLO ? "" : "; the VMs' output waits until it does")));
        }
    }

    /** Repeats a request that was lost sight of; a sync that was asked for is settled by asking to stand alone. */
    void repeatUnanswered() {
        if (requests.dueAgain(now)) {
            Ask asked = requests.asked();
            ask(asked.owner(), requests.keepsStandby() ? Set.of(self) : asked.inSync(), asked.reason());
        }
    }

    // ---- output -------------------------------------------------------------------------------------------------

    /** The one way to change state. */
    void transition(OwnershipState next, String why) {
        OwnershipState before = state;
        add(new Transition(state, next, why));
        state = next;
        reason = why;
        disks.forget();
        if (before == OwnershipState.HANDING_OVER) {
            endHandOver(next, why);
        }
    }
}
