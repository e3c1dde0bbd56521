package org.secondsite.gateway.ownership;

import java.util.List;
import java.util.Optional;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;
import org.secondsite.gateway.ownership.OwnershipAction.Doubt;
import org.secondsite.gateway.ownership.OwnershipAction.Fence;
import org.secondsite.gateway.ownership.OwnershipAction.Hold;
import org.secondsite.gateway.ownership.OwnershipAction.Pass;
import org.secondsite.gateway.ownership.OwnershipAction.RefuseEpochs;

/**
 * One protection group as one gateway sees it: who owns it, and what this gateway may therefore do.
 *
 * <p>This is primary-backup with a configuration service (PacificA, Lin et al. 2008; Vertical Paxos II, Lamport et al.
 * 2009). The witness keeps one {@link OwnershipRecord} per group, {@code (term, owner, inSync)}, and changes it only by
 * compare-and-set on the term. Everything that this class orders follows from the last record it knows. What it does for
 * each state and {@link Occurrence}, and where that leads, stands in {@link OwnershipTable}; {@link Facts} are noted before, the
 * open request is kept by {@link Requests}, and {@link OwnershipSteps} holds the state and what the rows do. A row that leads
 * elsewhere than it says throws: such a table cannot be trusted with anything.
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
 *   <li>FailClosed: UNKNOWN orders nothing but requests.
 *   <li>Nobody but the witness is believed: what the peer passes on ({@link Doubt}) makes this site wait and ask, and changes
 *       neither state nor term.
 * </ul>
 *
 * <h2>A planned switchover</h2>
 *
 * <p>The VMs are paused and everything they did is committed before the record is asked for the standby; that is what makes
 * it lossless. It is not what makes it safe: until the record changes, this site is a protected owner like any other, whose
 * output the standby lets go by acknowledging, so it may let the VMs run on at any moment, also while its request is still on
 * its way. If that request was sent and is then regretted, it is settled by asking to stand alone.
 *
 * <p>A standby that is handed the group must know the record by which it is in sync: told only of the next one, it could not
 * tell whether its image is whole, and would start nothing. It says what the witness has told it, again and again, and a hand-over
 * waits for that. It is no evidence of anything, and nothing but the hand-over waits for it.
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
    private final OwnershipSteps steps;
    private OwnershipTable.Row taken;

    /** A table for a group of two sites, in state UNKNOWN. */
    public Ownership(SiteId self, SiteId peer) {
        this(self, peer, 0);
    }

    /**
     * A table for a group that this process may have had before.
     *
     * @param attempts greater than the number of every request of that time
     */
    public Ownership(SiteId self, SiteId peer, long attempts) {
        if (self.equals(peer)) {
            throw new IllegalArgumentException("a group needs two sites, not " + self + " twice");
        }
        steps = new OwnershipSteps(self, peer, attempts);
    }

    /**
     * Takes one event.
     *
     * @param event what happened
     * @param nowNanos a monotonic time; only differences count
     * @return what is to be done, in order; empty if nothing
     */
    public List<OwnershipAction> on(OwnershipEvent event, long nowNanos) {
        steps.begin(nowNanos);
        steps.facts().note(event);
        Occurrence what = Occurrence.of(event, steps);
        OwnershipState before = steps.state();
        OwnershipTable.Row row = OwnershipTable.row(what, steps);
        taken = row;
        if (what.bringsRecord()) {
            steps.takeIn(event);
        }
        row.step().take(steps, event);
        if (steps.state() != row.next()) {
            throw new IllegalStateException(
                    before + " and " + what + " lead to " + steps.state() + ", not to " + row.next());
        }
        return steps.actions();
    }

    /** The row that the last event took. */
    OwnershipTable.Row taken() {
        return taken;
    }

    /** The state now. */
    public OwnershipState state() {
        return steps.state();
    }

    /** Why the state was entered, or why it cannot be left. */
    public String reason() {
        return steps.reason();
    }

    /** The last record known; empty before the first. */
    public Optional<OwnershipRecord> record() {
        return steps.record();
    }

    /** The term of the last record known; 0 before the first. */
    public long term() {
        return steps.term();
    }

    /**
     * Whether this is a protected owner whose standby has not said yet that it knows the record that made it one: a switchover would
     * be refused for that, which passes within moments unless the standby cannot hear the witness.
     */
    public boolean standbyMustLearn() {
        return steps.standbyMustLearn();
    }

    /** Whether a request to the witness may still be granted. */
    public boolean hasAsked() {
        return steps.requests().open();
    }

    /** Whether VMs that are here, though the other site owns them, are left as they are until that site runs them. */
    public boolean keepsVms() {
        return steps.keepsVms();
    }

    /** Whether epochs of the owner may be kept and acknowledged here, those of {@link #keptTerm} and lower ones. */
    public boolean acceptsEpochs() {
        return steps.state() == OwnershipState.STANDBY;
    }

    /** The highest term whose epochs may be kept here: the owner may have got beyond what the witness has told this site. */
    public long keptTerm() {
        return steps.keptTerm();
    }
}
