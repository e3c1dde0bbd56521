package org.secondsite.openflow.session;

import java.util.Set;

/** What {@link Programming} waits for, and which step may follow; rendered into {@code docs/openflow.md}. */
enum Step {
    /** Nothing is desired. */
    IDLE("nothing is desired", "QUERY"),

    /** Asked for role and generation, which changes neither. */
    QUERY("which generation the switch holds", "ROLE OUTRANKED QUERY"),

    /** Asked to be master. */
    ROLE("to be master in the term", "READ FILL ADD STEADY QUERY ROLE OUTRANKED FAILED"),

    /** Asked for all flows. */
    READ("all flows of the switch", "STEADY FILL ADD READ ROLE QUERY OUTRANKED FAILED"),

    /** A bundle was opened, filled and closed. */
    FILL("which messages of the bundle are refused", "COMMIT DISCARD READ QUERY OUTRANKED FAILED"),

    /** The bundle is to be committed. */
    COMMIT("the commit", "READ QUERY OUTRANKED FAILED"),

    /** The bundle is to be discarded. */
    DISCARD("the end of a bundle that shall not be committed", "READ QUERY OUTRANKED FAILED"),

    /** Flows were written one by one. */
    ADD("the barrier behind what comes, drops first", "REMOVE READ QUERY OUTRANKED FAILED"),

    /** Flows were removed one by one. */
    REMOVE("the barrier behind what goes, lowest priority first", "READ QUERY OUTRANKED FAILED"),

    /** The switch has what it shall have. */
    STEADY("the next audit", "READ COUNT FILL ADD ROLE QUERY OUTRANKED STEADY"),

    /** Asked for role and numbers of flows. */
    COUNT("role and number of flows", "STEADY READ FILL ADD ROLE QUERY OUTRANKED"),

    /** The switch has not what it shall have. */
    FAILED("the next attempt", "READ FILL ADD ROLE QUERY OUTRANKED"),

    /** Another number is in the way. */
    OUTRANKED("a later term, or that a foreign generation goes", "ROLE QUERY");

    private final String waitsFor;
    private final String next;

    Step(String waitsFor, String next) {
        this.waitsFor = waitsFor;
        this.next = next;
    }

    /** What it waits for, in words. */
    String waitsFor() {
        return waitsFor;
    }

    /** Which steps may follow. */
    Set<String> next() {
        return Set.of(next.split(" ", -1));
    }

    /** Whether an answer of the switch is under way. */
    boolean waits() {
        return switch (this) {
            case IDLE, STEADY, FAILED, OUTRANKED -> false;
            case QUERY, ROLE, READ, FILL, COMMIT, DISCARD, ADD, REMOVE, COUNT -> true;
        };
    }
}
