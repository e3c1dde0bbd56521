package org.secondsite.witness.desk;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * Whether the counter of terms can be trusted (safety rule NoTermTwice). A client tells the highest term that it knows of; if that is
 * above the counter, also after the store was read through its majority, grants were forgotten.
 *
 * <p>Or it lies. Of a disk that may be an old one nobody can tell, so nothing is decided for anybody. Where a majority of nodes has the records
 * ({@link FirstCalls#haveMajority}), a site that says otherwise has forgotten itself, or lies: then the groups of others go on.
 */
final class CounterDoubt {
    /** No honest client knows of a term so many generations ahead. */
    private static final long MAX_GENERATIONS_AHEAD = 1 << 20;

    private final FirstCalls calls;
    private final Map<SiteId, Long> told = new HashMap<>();
    private long counter;
    private boolean proven;

    CounterDoubt(FirstCalls calls) {
        this.calls = calls;
    }

    /** A term is in the records. */
    void granted(long term) {
        counter = Math.max(counter, term);
        proven &= isBehind(told.keySet());
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

    /** A client knows of this term. */
    void heard(SiteId site, long term) {
        told.merge(site, term, Math::max);
    }

    /** The highest term that a client has told of; 0 if none. */
    long heardTerm() {
        return told.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    long counter() {
        return counter;
    }

    /** A term that may have been granted, if the records are old ones. */
    long unknown() {
        return Math.max(heardTerm(), counter + 1);
    }

    /**
     * A higher term was heard of, which says something about the groups of these sites: either grants were forgotten, or this node has not
     * applied them yet.
     */
    boolean isBehind(Set<SiteId> sites) {
        return told.entrySet().stream()
                .anyMatch(
                        each -> each.getValue() > counter && (!calls.haveMajority() || sites.contains(each.getKey())));
    }

    /** The store was read through its majority. Whether it is only now known that grants were forgotten. */
    boolean read() {
        boolean behind = isBehind(told.keySet());
        boolean news = behind && !proven;
        proven = behind;
        return news;
    }

    /** Whether it is known that grants were forgotten. */
    boolean isProven() {
        return proven;
    }

    /** Why a term that agents remember, and their gateway does not, is not to be believed; empty if it was granted. */
    Optional<String> objectionTo(long ofAgents) {
        return ofAgents <= counter
                ? Optional.empty()
                : Optional.of(
                        "an agent of this site speaks of term " + ofAgents + ", which was never granted, the last is "
                                + counter + ": its host may lie. Nothing is stopped for it");
    }

    /** What is wrong, and what to do. */
    String words() {
        Map.Entry<SiteId, Long> highest =
                told.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
        return "this witness has lost grants: its last term is " + counter + ", and a gateway knows of "
                + highest.getValue()
                + ", that of '" + highest.getKey() + "'. It decides nothing "
                + (calls.haveMajority() ? "for that site " : "")
                + "until an operator recovers it ('secondsite witness recover')";
    }
}
