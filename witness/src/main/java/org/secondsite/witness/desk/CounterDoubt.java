package org.secondsite.witness.desk;

import org.secondsite.config.OwnershipRecord;

/**
 * Whether the counter of terms can be trusted (safety rule NoTermTwice). A client tells the highest term that it knows of; if that is
 * above the counter, also after the store was read through its majority, grants were forgotten.
 */
final class CounterDoubt {
    /** No honest client knows of a term so many generations ahead. */
    private static final long MAX_GENERATIONS_AHEAD = 1 << 20;

    private long counter;
    private long heardTerm;
    private boolean proven;

    /** A term is in the records. */
    void granted(long term) {
        counter = Math.max(counter, term);
        proven &= isBehind();
    }

    /** Whether no honest client can have told that. */
    boolean isAbsurd(long term) {
        return term < 0
                || OwnershipRecord.generation(term) > OwnershipRecord.generation(counter) + MAX_GENERATIONS_AHEAD;
    }

    /** Whether no honest operator can have meant that. */
    boolean isAbsurd(long above, int drawn) {
        return isAbsurd(above) || drawn < 0 || drawn > OwnershipRecord.generation(counter) + MAX_GENERATIONS_AHEAD;
    }

    void heard(long term) {
        heardTerm = Math.max(heardTerm, term);
    }

    long heardTerm() {
        return heardTerm;
    }

    long counter() {
        return counter;
    }

    /** A term that may have been granted, if the records are old ones. */
    long unknown() {
        return Math.max(heardTerm, counter + 1);
    }

    /** A higher term was heard of: either grants were forgotten, or this node has not applied them yet. */
    boolean isBehind() {
        return heardTerm > counter;
    }

    /** The store was read through its majority. Whether it is only now known that grants were forgotten. */
    boolean read() {
        boolean news = isBehind() && !proven;
        proven = isBehind();
        return news;
    }

    /** Whether it is known that grants were forgotten. */
    boolean isProven() {
        return proven;
    }

    /** What is wrong, and what to do. */
    String words() {
        return "this witness has lost grants: its last term is " + counter + ", and a gateway knows of " + heardTerm
                + ". It decides nothing until an operator recovers it ('secondsite witness recover')";
    }
}
