package org.secondsite.gateway.group;

import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;

/**
 * What makes this site wait and ask, whatever its role, until the witness says that the record is still the known one.
 *
 * <p>The other gateway passes on a record. It may be true: an operator has given the group to the other site while this one cannot
 * reach the witness. It may be a lie. Or the witness refuses this gateway, because another process counts as that of its site, and
 * may have been granted what this one owns: then nothing but the witness's word is evidence.
 */
final class Hearsay {
    /** No honest gateway knows of a term so many generations ahead: each is an operator's recovery of a witness. */
    private static final long MAX_GENERATIONS_AHEAD = 1 << 20;

    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final FreshEvidence evidence;
    private long heardTerm;
    private long doubts;
    private long absurd;
    private boolean displaced;

    Hearsay(GroupId group, Ownership ownership, GroupVms vms, Orders orders) {
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        // An answer to a question of a former life of the group in this process is none.
        doubts = orders.nowNanos();
        evidence = new FreshEvidence(group, vms, orders, () -> false);
    }

    /** What would wait for its answer. */
    FreshEvidence evidence() {
        return evidence;
    }

    /** Whether no honest gateway can have said that. Counted. */
    boolean isAbsurd(OwnershipRecord passedOn) {
        boolean far = isAbsurd(passedOn.term());
        if (far) {
            absurd++;
        }
        return far;
    }

    /** Whether no honest witness can have granted that, by what is known here. */
    boolean isAbsurd(long term) {
        return term < 0
                || OwnershipRecord.generation(term)
                        > OwnershipRecord.generation(ownership.term()) + MAX_GENERATIONS_AHEAD;
    }

    /** How often the peer has said what no honest gateway can have said. */
    long absurd() {
        return absurd;
    }

    /**
     * The peer speaks of this term.
     *
     * @return whether that is news: while the witness is asked, the same again is none
     */
    boolean heard(long term) {
        if (evidence.wanted() && term <= heardTerm) {
            return false;
        }
        heardTerm = term;
        doubt();
        return true;
    }

    /** The witness refuses this gateway, as it does again and again. */
    void displaced() {
        if (!displaced || !evidence.wanted()) {
            displaced = true;
            doubt();
        }
    }

    /** Whether another process counts as this site's gateway. */
    boolean isDisplaced() {
        return displaced;
    }

    private void doubt() {
        Doubt doubt = new Doubt(Doubt.Cause.HEARSAY, ++doubts);
        vms.each(vm -> orders.give(new SiteOrder.Suspend(vm.id(), doubt)));
        evidence.want(doubt);
    }

    /** The peer has acknowledged an epoch, which it may do for either gateway of this site. */
    void acknowledged(VmId vm, EpochId epoch) {
        if (!displaced) {
            evidence.acknowledged(vm, epoch);
        }
    }

    /** The witness has said that the record is the known one: so it serves this gateway. */
    void found() {
        displaced = false;
        evidence.found();
    }

    /** The witness may have told a record as new as what was heard: that decides. */
    void compare() {
        if (evidence.wanted() && ownership.term() >= heardTerm) {
            found();
        }
    }
}
