package org.secondsite.gateway.group;

import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.witness.RecordBook;

/**
 * What the other gateway passes on about the record. It may be true: an operator has given the group to the other site while this
 * one cannot reach the witness. It may be a lie. So it makes this site wait and ask, whatever its role, and is forgotten when the
 * witness says that the record is still the known one.
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

    Hearsay(GroupId group, Ownership ownership, GroupVms vms, Orders orders) {
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        evidence = new FreshEvidence(group, vms, orders, () -> false);
    }

    /** What would wait for its answer. */
    FreshEvidence evidence() {
        return evidence;
    }

    /** Whether no honest gateway can have said that. Counted. */
    boolean isAbsurd(OwnershipRecord passedOn) {
        boolean far = passedOn.term() < 0
                || RecordBook.generation(passedOn.term())
                        > RecordBook.generation(ownership.term()) + MAX_GENERATIONS_AHEAD;
        if (far) {
            absurd++;
        }
        return far;
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
        Doubt doubt = new Doubt(Doubt.Cause.HEARSAY, ++doubts);
        vms.each(vm -> orders.give(new SiteOrder.Suspend(vm.id(), doubt)));
        evidence.want(doubt);
        return true;
    }

    /** The witness may have told a record as new as what was heard: that decides. */
    void compare() {
        if (evidence.wanted() && ownership.term() >= heardTerm) {
            evidence.found();
        }
    }
}
