package org.secondsite.openflow.session;

/** What {@link Programming} waits for; which step follows when is said by {@link Occasion}. */
enum Step {
    /** Nothing is desired. */
    IDLE("that something is desired"),

    /** Asked for role and generation, which changes neither. */
    QUERY("which generation the switch holds"),

    /** Asked to be master. */
    ROLE("to be master in the term"),

    /** Asked for all flows. */
    READ("all flows of the switch"),

    /** A bundle was opened, filled and closed. */
    FILL("which messages of the bundle are refused"),

    /** The bundle is to be committed. */
    COMMIT("the commit"),

    /** The bundle is to be discarded. */
    DISCARD("the end of a bundle that shall not be committed"),

    /** Flows were written one by one. */
    ADD("the barrier behind what comes, drops first"),

    /** Flows were removed one by one. */
    REMOVE("the barrier behind what goes, lowest priority first"),

    /** The switch has what it shall have. */
    STEADY("the next audit"),

    /** Asked for role and numbers of flows. */
    COUNT("role and number of flows"),

    /** The switch has not what it shall have. */
    FAILED("the next attempt, after a second"),

    /** Another number is in the way. */
    OUTRANKED("a later term, or that a foreign generation goes");

    private final String waitsFor;

    Step(String waitsFor) {
        this.waitsFor = waitsFor;
    }

    /** What it waits for, in words. */
    String waitsFor() {
        return waitsFor;
    }

    /** Whether an answer of the switch is under way. */
    boolean waits() {
        return switch (this) {
            case IDLE, STEADY, FAILED, OUTRANKED -> false;
            case QUERY, ROLE, READ, FILL, COMMIT, DISCARD, ADD, REMOVE, COUNT -> true;
        };
    }
}
