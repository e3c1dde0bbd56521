package org.secondsite.gateway.ownership;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.ownership.OwnershipAction.Activate;
import org.secondsite.gateway.ownership.OwnershipAction.Alarm;
import org.secondsite.gateway.ownership.OwnershipAction.Announce;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.Fence;
import org.secondsite.gateway.ownership.OwnershipAction.Hold;
import org.secondsite.gateway.ownership.OwnershipAction.Pass;
import org.secondsite.gateway.ownership.OwnershipAction.PauseVms;
import org.secondsite.gateway.ownership.OwnershipAction.RefuseEpochs;
import org.secondsite.gateway.ownership.OwnershipAction.ResumeVms;
import org.secondsite.gateway.ownership.OwnershipAction.Retitle;
import org.secondsite.gateway.ownership.OwnershipAction.StartCheckpoints;
import org.secondsite.gateway.ownership.OwnershipAction.StopCheckpoints;
import org.secondsite.gateway.ownership.OwnershipAction.StopVms;
import org.secondsite.gateway.ownership.OwnershipAction.SwitchoverEnded;
import org.secondsite.gateway.ownership.OwnershipAction.TakeSwitches;
import org.secondsite.gateway.ownership.OwnershipAction.Transition;
import org.secondsite.gateway.ownership.OwnershipEvent.Unanswered;

/**
 * One protection group as one gateway sees it: who owns it, and what this gateway may therefore do.
 *
 * <p>This is primary-backup with a configuration service (PacificA, Lin et al. 2008; Vertical Paxos II, Lamport et al.
 * 2009). The witness keeps one {@link OwnershipRecord} per group, {@code (term, owner, inSync)}, and changes it only by
 * compare-and-set on the term. Everything that this class orders follows from the last record it knows. What it does for
 * each state and event stands in {@link OwnershipTable}; this class holds the state and the steps that the rows share.
 *
 * <h2>Why it cannot split</h2>
 *
 * <ul>
 *   <li>OneOwnerPerTerm: a state that acts (PROTECTED, SOLO, SYNCING, or PROMOTING with a grant) is entered only with a
 *       record whose owner is this site.
 *   <li>NoSoloWhilePeerInSync: {@link Pass} is ordered only under a record with {@code inSync = {self}}. SYNCING has such a
 *       record as well, but has ordered {@link Hold} before it asks to leave it (<i>gate before asking</i>), and orders
 *       {@link Pass} again only when no request of its own can still be granted.
 *   <li><i>An unanswered request is settled by a newer compare-and-set, never by a read</i>: a request is forgotten only when
 *       its answer came, or a record with a higher term did. Until then it is repeated, or replaced by another on the same
 *       term, of which the witness grants at most one.
 *   <li><i>Asking burns the term</i>: {@link RefuseEpochs} goes out before the {@link Ask} for promotion.
 *   <li>NothingAfterFence: a record that names the other site leads to {@link Fence} before anything else.
 *   <li>FailClosed: UNKNOWN orders nothing but requests, and believes only the witness.
 * </ul>
 *
 * <h2>A planned switchover</h2>
 *
 * <p>The VMs are paused and everything they did is committed before the record is asked for the standby; that is what makes
 * it lossless. It is not what makes it safe: until the record changes, this site is a protected owner like any other, whose
 * output the standby lets go by acknowledging, so it may let the VMs run on at any moment, also while its request is still on
 * its way. If that request was sent and is then regretted, it is settled by asking to stand alone.
 *
 * <h2>The last copy</h2>
 *
 * <p>When the record names the other site, the VMs that are here are shut off, and stopped only when that site says that it runs
 * them. If it dies before, they are the only ones, and an operator who forces this site to be the owner finds them unharmed.
 *
 * <p>None of this looks at the time. Time is used only to decide when to repeat a request.
 *
 * <p>Not thread-safe: one conductor thread feeds it.
 */
public final class Ownership {
    /** How long after an unanswered request the next one goes out. Costs service, never safety. */
    static final long RETRY_NANOS = 200_000_000L;
    /** How long a restarted owner waits for its VM to appear before it hands over to the standby that is in sync. */
    static final long SOURCE_PATIENCE_NANOS = 3_000_000_000L;
    /** How long VMs may stay paused for a hand-over that does not come about. */
    static final long HAND_OVER_PATIENCE_NANOS = 5_000_000_000L;

    private final SiteId self;
    private final SiteId peer;

    private OwnershipState state = OwnershipState.UNKNOWN;
    private String reason = "started";
    private OwnershipRecord record;
    private boolean promoted;
    /** Whether the record's term was granted to a request of this process, and no chain of epochs was begun in it. */
    private boolean freshTerm;

    /** The request whose fate is open, if any. At most one is of interest: all are on the same term. */
    private Ask asked;
    /** Whether that request was lost sight of, and when to repeat it. */
    private boolean unanswered;

    /** The term in which the witness's silence has been told of. */
    private long alarmedTerm = -1;

    /** The next request goes out no sooner; a burst would only load a witness that struggles. */
    private long repeatAtNanos = Long.MIN_VALUE / 2;

    private long attempts;
    private long sourceDeadlineNanos;

    private boolean peerUp;
    /** Not the opposite of {@code peerUp}: at first the peer is neither. */
    private boolean peerLost;

    private boolean standbyReady;
    private boolean sourceReady;
    private boolean imageHeld;
    /** Unknown counts as running: a fence is complete only when the agents say that nothing runs. */
    private boolean vmsStopped;

    private boolean gated;

    private long handOverDeadlineNanos;
    private boolean switchingOver;
    /** The term that named the other site, while the VMs here wait for it to say that they run there; else 0. */
    private long keptForTerm;

    private long now;
    private List<OwnershipAction> actions = new ArrayList<>();

    /** A table for a group of two sites, in state UNKNOWN. */
    public Ownership(SiteId self, SiteId peer) {
        if (self.equals(peer)) {
            throw new IllegalArgumentException("a group needs two sites, not " + self + " twice");
        }
        this.self = self;
        this.peer = peer;
    }

    /**
     * Takes one event.
     *
     * @param event what happened
     * @param nowNanos a monotonic time; only differences count
     * @return what is to be done, in order; empty if nothing
     */
    public List<OwnershipAction> on(OwnershipEvent event, long nowNanos) {
        now = nowNanos;
        actions = new ArrayList<>();
        OwnershipTable.row(state, event).step().take(this, event);
        return List.copyOf(actions);
    }

    /** The state now. */
    public OwnershipState state() {
        return state;
    }

    /** Why the state was entered, or why it cannot be left. */
    public String reason() {
        return reason;
    }

    /** The last record known; empty before the first. */
    public Optional<OwnershipRecord> record() {
        return Optional.ofNullable(record);
    }

    /** The term of the last record known; 0 before the first. */
    public long term() {
        return record == null ? 0 : record.term();
    }

    /** Whether VMs that are here, though the other site owns them, are left as they are until that site runs them. */
    public boolean keepsVms() {
        return keptForTerm != 0;
    }

    /** Whether epochs of the owner may be kept and acknowledged here. */
    public boolean acceptsEpochs() {
        return state == OwnershipState.STANDBY;
    }

    // ---- facts that hold in every state -------------------------------------------------------------------------

    void notePeer(boolean up) {
        peerUp = up;
        peerLost = !up;
        if (!up) {
            standbyReady = false;
        }
    }

    void noteStandby(boolean ready) {
        standbyReady = ready;
    }

    void noteSource(boolean ready) {
        sourceReady = ready;
        if (ready) {
            vmsStopped = false;
        }
    }

    void noteImage(boolean held) {
        imageHeld = held;
    }

    void noteVmsStopped() {
        vmsStopped = true;
        sourceReady = false;
    }

    boolean peerUp() {
        return peerUp;
    }

    boolean sourceReady() {
        return sourceReady;
    }

    boolean owns() {
        return record != null && record.owner().equals(self);
    }

    // ---- records ------------------------------------------------------------------------------------------------

    /** Takes in a record. One that is not newer than the known one says nothing. */
    void learn(OwnershipRecord newer, String how) {
        if (newer.term() <= term()) {
            return;
        }
        // Records of a group follow one another; who missed one cannot know what happened in it.
        boolean missedOne = record != null && newer.previousTerm() != record.term();
        record = newer;
        // No other process asks for this site: what follows on the asked term and names it was asked for here.
        freshTerm = asked != null
                && newer.previousTerm() == asked.expectedTerm()
                && newer.owner().equals(self);
        asked = null;
        unanswered = false;
        if (newer.owner().equals(self)) {
            own(how, missedOne);
        } else {
            yieldTo(how);
        }
    }

    private void own(String how, boolean missedOne) {
        switch (state) {
            case UNKNOWN, FENCED -> ownAfterRestart(how);
            case STANDBY, PROMOTING -> promote(how, missedOne);
            case PROTECTED, HANDING_OVER, SOLO, SYNCING -> {
                if (missedOne) {
                    startOver(how);
                } else {
                    settleAsOwner(how);
                }
            }
        }
    }

    /**
     * An owner that was only told so acts under a term of its own asking, and under no other: a request of its former
     * life may still be granted and make the standby in sync, also when the record reads "alone"; and the epochs that
     * were in flight died with it, so what the standby holds cannot be matched with what comes next.
     */
    private void ownAfterRestart(String how) {
        if (record.solo() && freshTerm) {
            enterSolo(how);
            return;
        }
        sourceDeadlineNanos = now + SOURCE_PATIENCE_NANOS;
        reason = "restarted as the owner of term " + term() + "; must stand alone under a term of its own asking";
        askSoloAfterRestart();
    }

    /** Owner again, after a term of which nothing is known here: somebody else may have acted in it. */
    private void startOver(String how) {
        boolean checkpointing = state != OwnershipState.SOLO;
        add(new Fence(term()));
        transition(OwnershipState.UNKNOWN, how + ", after a term that was missed");
        gated = false;
        promoted = false;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        add(new Announce(RouteRole.NONE));
        ownAfterRestart(how);
    }

    /** Output of a restarted owner stays closed until this is granted. Without a VM, a standby in sync comes first. */
    void askSoloAfterRestart() {
        if (owns() && (record.solo() || sourceReady) && asked == null && now - repeatAtNanos >= 0) {
            ask(self, Set.of(self), "restarted owner stands alone");
        }
    }

    /** A restarted owner whose VM does not appear gives the group to the standby that is in sync. */
    void handOverWhenSourceStaysAway() {
        if (state == OwnershipState.UNKNOWN
                && owns()
                && !record.solo()
                && !sourceReady
                && asked == null
                && now - sourceDeadlineNanos >= 0) {
            handOver("no running VM at the restarted owner");
        }
    }

    private void promote(String how, boolean missedOne) {
        if (!imageHeld || missedOne) {
            enterSolo(how + ", without an image");
            add(new Alarm(
                    "owner of term " + term() + " but no image of its state is held; an operator must start the VM"));
            return;
        }
        if (state == OwnershipState.STANDBY) {
            add(new RefuseEpochs(record.previousTerm()));
        }
        transition(OwnershipState.PROMOTING, how);
        promoted = true;
        vmsStopped = false;
        add(new Activate(term()));
        add(new Announce(RouteRole.PROMOTED));
        add(new TakeSwitches(term(), true));
        add(new Pass(term()));
    }

    private void settleAsOwner(String how) {
        if (record.solo()) {
            enterSolo(how);
        } else if (state == OwnershipState.SYNCING && gated) {
            promoted = false;
            transition(OwnershipState.PROTECTED, how);
            add(new Retitle(term()));
            add(new Announce(RouteRole.OWNER));
            add(new TakeSwitches(term(), true));
            if (!peerUp || !standbyReady) {
                askSolo("the standby went away while it was being admitted");
            }
        } else {
            // Only a request of this class can bring such a record, and it is never made ungated.
            add(new Hold(term()));
            transition(OwnershipState.PROTECTED, how + ", unexpectedly");
            askSolo("protected without having asked");
        }
    }

    private void yieldTo(String how) {
        boolean mayRun = !vmsStopped;
        switch (state) {
            case UNKNOWN -> {
                add(new Fence(term()));
                if (mayRun) {
                    enterFenced(how);
                } else {
                    enterStandby(how);
                }
            }
            case STANDBY -> enterStandby(how);
            case PROMOTING -> {
                if (promoted) {
                    // Granted, and overruled by an operator since: output was opened, and VMs may be starting.
                    add(new Fence(term()));
                    enterFenced(how);
                } else {
                    enterStandby(how);
                }
            }
            case PROTECTED, HANDING_OVER, SOLO, SYNCING -> {
                add(new Fence(term()));
                enterFenced(how);
            }
            case FENCED -> {
                add(new Fence(term()));
                reason = how;
                leaveFenceWhenStopped();
            }
        }
    }

    // ---- states -------------------------------------------------------------------------------------------------

    void enterSolo(String why) {
        boolean checkpointing = checkpoints();
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
        endSwitchover(false, why);
        add(new Pass(term()));
        add(new Announce(promoted ? RouteRole.PROMOTED : RouteRole.OWNER));
        add(new TakeSwitches(term(), true));
        syncWhenPossible();
    }

    /**
     * A lone owner takes the standby in as soon as there is a VM to checkpoint and somebody to keep it.
     *
     * <p>A chain of epochs begins only under a term that was granted to this very process, and in which it has begun none
     * before: otherwise numbers could be used twice, and an old acknowledgement could pass for a new one.
     */
    void syncWhenPossible() {
        if (state != OwnershipState.SOLO || !peerUp || !standbyReady || !sourceReady) {
            return;
        }
        if (!freshTerm) {
            if (asked == null && now - repeatAtNanos >= 0) {
                askSolo("a term of its own to number epochs in");
            }
        } else {
            freshTerm = false;
            transition(OwnershipState.SYNCING, "standby " + peer + " is ready");
            add(new StartCheckpoints(term()));
        }
    }

    /** SYNCING, the full image is there: from now on output waits, so that "everything released" stops growing. */
    void gate() {
        gated = true;
        add(new Hold(term()));
    }

    void admitStandby() {
        if (gated && asked == null) {
            ask(self, Set.of(self, peer), "standby " + peer + " holds everything that was released");
        }
    }

    /** SYNCING fails: at once while nothing was asked, through the witness when a request may still be granted. */
    void abandonSync(String why) {
        if (asked == null) {
            enterSolo(why);
        } else {
            askSolo(why);
        }
    }

    void askSolo(String why) {
        ask(self, Set.of(self), why);
    }

    /** A standby that has lost the owner asks to take over, if it has something to offer. */
    void askPromotion(String why) {
        if (!record.inSync().contains(self)) {
            decline(why + notInSync());
        } else if (!imageHeld) {
            decline(why + "; cannot take over: no unbroken image is held");
        } else {
            add(new RefuseEpochs(term()));
            transition(OwnershipState.PROMOTING, why);
            ask(self, Set.of(self), why);
        }
    }

    private String notInSync() {
        return "; cannot take over: by the record of term " + term() + " owner " + record.owner()
                + " stands alone, this site is not in sync";
    }

    private void decline(String why) {
        reason = why;
        add(new Alarm(why));
    }

    /** Gives the group to the standby, which is in sync by the record. Fenced first: no two sites ever both emit. */
    void handOver(String why) {
        add(new Fence(term() + 1));
        enterFenced(why);
        ask(peer, Set.of(peer), why);
    }

    private boolean checkpoints() {
        return state == OwnershipState.SYNCING
                || state == OwnershipState.PROTECTED
                || state == OwnershipState.HANDING_OVER;
    }

    void enterFenced(String why) {
        boolean checkpointing = checkpoints();
        keptForTerm = owns() || vmsStopped ? 0 : term();
        transition(OwnershipState.FENCED, why);
        gated = false;
        promoted = false;
        if (checkpointing) {
            add(new StopCheckpoints());
        }
        add(new Announce(RouteRole.STANDBY));
        if (!owns()) {
            add(new TakeSwitches(term(), false));
        }
        if (keepsVms()) {
            reason = why + "; the VMs here are shut off, and kept until site " + peer + " runs them";
        } else {
            add(new StopVms(why));
        }
        leaveFenceWhenStopped();
    }

    void leaveFenceWhenStopped() {
        if (state == OwnershipState.FENCED && vmsStopped && !owns()) {
            enterStandby("fenced: no VM runs here");
        }
    }

    private void enterStandby(String why) {
        if (state != OwnershipState.STANDBY) {
            transition(OwnershipState.STANDBY, why);
        } else {
            reason = why;
        }
        gated = false;
        promoted = false;
        keptForTerm = 0;
        endSwitchover(true, "handed over to site " + peer + "; the VMs here are gone");
        add(new Announce(RouteRole.STANDBY));
        add(new TakeSwitches(term(), false));
        if (peerLost && !record.inSync().contains(self)) {
            decline(why + notInSync());
        }
    }

    // ---- a planned switchover -----------------------------------------------------------------------------------

    void beginHandOver(String why) {
        String obstacle = !peerUp
                ? "site " + peer + " is not heard"
                : !standbyReady
                        ? "the standby is not ready"
                        : !sourceReady
                                ? "not every VM can be checkpointed"
                                : asked != null ? "a request is open" : null;
        if (obstacle != null) {
            add(new SwitchoverEnded(false, obstacle));
            return;
        }
        transition(OwnershipState.HANDING_OVER, "switchover: " + why);
        switchingOver = true;
        handOverDeadlineNanos = now + HAND_OVER_PATIENCE_NANOS;
        add(new PauseVms());
    }

    void refuseSwitchover() {
        add(new SwitchoverEnded(
                false,
                "this site is " + state + " in term " + term()
                        + (record == null || owns() ? "" : "; the owner is " + record.owner())
                        + "; a switchover begins at a PROTECTED owner"));
    }

    /** Everything is at the standby, and nothing more will come. */
    void askHandOver() {
        if (asked == null) {
            ask(peer, Set.of(peer), reason);
        }
    }

    /** The VMs run on where they are. A request that may still be granted is settled by asking to stand alone. */
    void abandonHandOver(String why) {
        boolean settle = asked != null;
        transition(OwnershipState.PROTECTED, "switchover abandoned: " + why);
        if (settle) {
            askSolo("settles a hand-over of unknown outcome");
        }
    }

    void abandonHandOverWhenLate() {
        if (now - handOverDeadlineNanos >= 0) {
            abandonHandOver(
                    asked == null
                            ? "the last epochs were not committed within " + HAND_OVER_PATIENCE_NANOS / 1_000_000
                                    + " ms"
                            : "no answer of the witness");
        }
    }

    /** HANDING_OVER is left: only a fence leaves the VMs as they are. */
    private void endHandOver(OwnershipState next, String why) {
        if (next != OwnershipState.FENCED) {
            add(new ResumeVms());
            endSwitchover(false, why);
        } else if (!keepsVms()) {
            endSwitchover(false, why);
        }
    }

    private void endSwitchover(boolean done, String why) {
        if (switchingOver) {
            switchingOver = false;
            add(new SwitchoverEnded(done, why));
        }
    }

    /** The other site runs the VMs: those that were kept here are of no more use. */
    void peerActive(long term) {
        if (keepsVms() && term >= keptForTerm) {
            keptForTerm = 0;
            endSwitchover(true, "site " + peer + " runs the VMs in term " + term);
            add(new StopVms("site " + peer + " runs them in term " + term));
        }
    }

    // ---- requests -----------------------------------------------------------------------------------------------

    private void ask(SiteId owner, Set<SiteId> inSync, String why) {
        asked = new Ask(++attempts, term(), owner, inSync, why);
        unanswered = false;
        add(asked);
    }

    /** A standby that is in sync and still without its owner asks (again), whatever came between. */
    void pursuePromotion() {
        if (!peerLost || asked != null || now - repeatAtNanos < 0) {
            return;
        }
        if (record.inSync().contains(self) && imageHeld) {
            askPromotion("owner still lost");
        }
    }

    /** A protected owner without its standby asks to stand alone (again), whatever came between. */
    void pursueSolo() {
        if (asked == null && (!peerUp || !standbyReady) && now - repeatAtNanos >= 0) {
            askSolo("standby still missing");
        }
    }

    void granted(long attempt, OwnershipRecord granted) {
        learn(granted, granted.owner().equals(self) ? "granted: " + whyAsked(attempt) : "handed over to " + peer);
    }

    void refused(long attempt, OwnershipRecord current, String why) {
        if (current.term() > term()) {
            learn(current, "refused: " + why);
        } else if (asked != null && asked.attempt() == attempt) {
            refusedOnSameTerm(why);
        }
    }

    /** The witness knows no newer record and still says no: a rule of its own, or this site's configuration. */
    private void refusedOnSameTerm(String why) {
        asked = null;
        repeatAtNanos = now + RETRY_NANOS;
        reason = "the witness refused: " + why;
        add(new Alarm(reason));
        switch (state) {
            case PROMOTING -> enterStandby(reason);
            case SYNCING -> enterSolo(reason);
            case HANDING_OVER -> abandonHandOver(reason);
            case UNKNOWN, STANDBY, PROTECTED, SOLO, FENCED -> {}
        }
    }

    void lostSight(Unanswered event) {
        if (asked != null && asked.attempt() == event.attempt()) {
            unanswered = true;
            repeatAtNanos = now + RETRY_NANOS;
            reason = "unanswered: " + asked.reason() + " (" + event.reason() + ")";
            if (alarmedTerm != term()) {
                alarmedTerm = term(); // it is asked five times a second; once is loud enough
                add(new Alarm("the witness does not answer: " + asked.reason() + " (" + event.reason() + ")"
                        + (state == OwnershipState.SOLO ? "" : "; the VMs' output waits until it does")));
            }
        }
    }

    /** Repeats a request that was lost sight of; a sync that was asked for is settled by asking to stand alone. */
    void repeatUnanswered() {
        if (asked == null || !unanswered || now - repeatAtNanos < 0) {
            return;
        }
        boolean admitting = asked.inSync().size() > 1;
        ask(asked.owner(), admitting ? Set.of(self) : asked.inSync(), asked.reason());
    }

    boolean asking() {
        return asked != null;
    }

    private String whyAsked(long attempt) {
        return asked != null && asked.attempt() == attempt ? asked.reason() : "an earlier request";
    }

    // ---- output -------------------------------------------------------------------------------------------------

    void add(OwnershipAction action) {
        actions.add(action);
    }

    /** The one way to change state. */
    void transition(OwnershipState next, String why) {
        OwnershipState before = state;
        add(new Transition(state, next, why));
        state = next;
        reason = why;
        if (before == OwnershipState.HANDING_OVER) {
            endHandOver(next, why);
        }
    }
}
