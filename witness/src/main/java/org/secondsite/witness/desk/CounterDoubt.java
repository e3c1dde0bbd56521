package org.secondsite.witness.desk;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.LogEntry;

/**
 * Whether the records can be trusted (safety rule NoTermTwice). A client tells the terms that it knows of; one that was never granted here
 * shows that grants were forgotten. Or the client lies. So what a site says concerns its own groups, and what agents have told of a
 * group concerns that group: the others go on, by the word of their own sites ({@link FirstCalls}).
 *
 * <p>Where a majority of nodes has the records ({@link FirstCalls#haveMajority}), a term above the counter, also after the store was
 * read through the majority, is one that was never granted. On one disk, which may be an old one, the counter says nothing once others
 * have been granted something since ({@link GrantsHere}). There a doubt stays until an operator's recovery, which begins a generation of terms.
 */
final class CounterDoubt {
    /** No honest client knows of a term so many generations ahead. */
    private static final long MAX_GENERATIONS_AHEAD = 1 << 20;

    private final FirstCalls calls;
    private final GrantsHere grants = new GrantsHere();
    private final Map<SiteId, Long> told = new HashMap<>();

    /** On one disk: whose groups, and which groups, are in doubt before terms are drawn of this generation. */
    private final Map<SiteId, Long> doubtedSites = new HashMap<>();

    private final Map<GroupId, Long> doubtedGroups = new HashMap<>();
    private long counter;
    private boolean started;
    private boolean proven;

    CounterDoubt(FirstCalls calls) {
        this.calls = calls;
    }

    /** What was on the disk is known. */
    void started() {
        started = true;
        grants.started();
    }

    /** A record is in force. */
    void granted(LogEntry entry) {
        long term = entry.record().term();
        // Only a recovery begins a generation.
        if (started && OwnershipRecord.generation(term) > OwnershipRecord.generation(counter)) {
            calls.recovered();
            grants.recovered(OwnershipRecord.generation(term));
        }
        counter = Math.max(counter, term);
        grants.granted(entry);
        doubtedSites.values().removeIf(this::isReached);
        doubtedGroups.values().removeIf(this::isReached);
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

    /** From now on this site may know what is granted here. */
    void served(SiteId site) {
        grants.served(site);
    }

    /** A client knows of this term, of whichever of its groups. */
    void heard(SiteId site, long term) {
        told.merge(site, term, Math::max);
        if (!calls.haveMajority() && !grants.canKnow(site, term)) {
            doubtedSites.merge(site, generationAfter(term), Math::max);
            calls.shownOld();
        }
    }

    /** Agents of the site, which are of this group, remember this term. Only on one disk that says something. */
    void heard(SiteId site, GroupId group, long term) {
        told.merge(site, term, Math::max);
        if (!grants.canKnow(site, term)) {
            doubtedGroups.merge(group, generationAfter(term), Math::max);
            calls.shownOld();
        }
    }

    private long generationAfter(long term) {
        return OwnershipRecord.generation(Math.max(counter, term)) + 1;
    }

    /** Whether that generation has begun: then what was not recovered is in doubt by its term ({@link org.secondsite.witness.RecordBook}). */
    private boolean isReached(long generation) {
        return generation <= OwnershipRecord.generation(counter);
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
     * A term was heard of that says something about this group of these sites: either grants were forgotten, or this node has not applied
     * them yet.
     */
    boolean isBehind(GroupId group, Set<SiteId> sites) {
        if (calls.haveMajority()) {
            return sites.stream().anyMatch(site -> told.getOrDefault(site, 0L) > counter);
        }
        return doubtedGroups.containsKey(group)
                || doubtedSites.containsKey(AccessRule.OPERATOR)
                || sites.stream().anyMatch(doubtedSites::containsKey);
    }

    boolean isBehind(LogEntry entry) {
        return isBehind(entry.record().group(), entry.sites());
    }

    /** Something was heard of that is about whichever group. */
    boolean isBehind() {
        return doubts() > 0;
    }

    /** Of how many sites, and groups beside them, a term was heard that was not granted here. */
    long doubts() {
        return calls.haveMajority()
                ? told.values().stream().filter(term -> term > counter).count()
                : doubtedSites.size() + doubtedGroups.size();
    }

    /** The store was read through its majority. Whether it is only now known that grants were forgotten. */
    boolean read() {
        boolean behind = isBehind();
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
                + ", that of '" + highest.getKey() + "'. It decides nothing for "
                + (calls.haveMajority() || doubtedGroups.isEmpty() ? "that site" : "what they concern")
                + " until an operator recovers it ('secondsite witness recover')";
    }
}
