package org.secondsite.gateway.group;

/**
 * How far a ticked VM is from being a member of its group at the owner, and what becomes of its output meanwhile while the group is
 * protected. {@code docs/ownership.md} shows it as a table.
 */
public enum MemberPhase {
    WAITING(
            "cannot join yet: its agent, or something at the other site, is missing",
            "passes",
            "both sites can keep it"),
    WITHHELD(
            "it runs here, and the other site may have gone on from it before it left the group there",
            "goes nowhere, whoever owns the group and however often this gateway starts",
            "it runs here no more, the other site says that it has not, or an operator vouches for it"),
    COPYING("its first image is on the way", "passes", "the standby holds an image"),
    HELD(
            "the standby holds an image, and not all that was let out",
            "is held, and not released",
            "the standby holds all that was ever let out"),
    ADDING(
            "the owner has said a set with it, and the standby has not said that it has taken it",
            "is held, and not released",
            "the standby says that it has taken the set"),
    MEMBER("a takeover activates it", "is held until it is committed", "an operator unprotects it"),
    LEAVING(
            "the owner has said a set without it, and the standby has not said that it has taken it; or the change is not on the"
                    + " owner's disk yet",
            "is held, and not released",
            "the standby says that it has taken the set, every flush is on the disk, and the change is kept");

    private final String words;
    private final String output;
    private final String until;

    MemberPhase(String words, String output, String until) {
        this.words = words;
        this.output = output;
        this.until = until;
    }

    /** Whether it is neither a member nor on its way to be one, and somebody may want to know why. */
    public boolean isOutside() {
        return this == WAITING || this == WITHHELD;
    }

    /** What it means. */
    public String words() {
        return words;
    }

    /** What becomes of the VM's output. */
    public String output() {
        return output;
    }

    /** What ends it. */
    public String until() {
        return until;
    }
}
