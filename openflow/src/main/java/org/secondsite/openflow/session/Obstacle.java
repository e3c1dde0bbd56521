package org.secondsite.openflow.session;

/** What stands in the way of a term in a switch. */
public enum Obstacle {
    /** This site itself has asked for a later term, or has met one in this switch before. */
    OVERTAKEN,

    /** A later term: somebody came with it. */
    LATER_TERM,

    /** Another controller holds the same term. */
    SAME_TERM,

    /** A number that no witness can have granted. */
    FOREIGN;

    /** Whether the term may be good again when whoever is in its way is gone; otherwise it is over for good. */
    public boolean mayPass() {
        return this == SAME_TERM || this == FOREIGN;
    }

    /** Whether a newer term of the witness brings the switch back. */
    public boolean yieldsToNewerTerm() {
        return this == LATER_TERM || this == SAME_TERM;
    }
}
