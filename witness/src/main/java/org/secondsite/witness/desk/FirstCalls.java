package org.secondsite.witness.desk;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;

/**
 * Who has called since this witness started, and of which groups it may believe its disk therefore (safety rule NoTermTwice).
 *
 * <p>A disk that is read at a start may be an old one, put back without a word. Whoever was told of a grant that is not on it shows that, but
 * has to be heard in time. A gateway that remembers a term of its own vouches for its groups: it tells what its site knows of. One that
 * remembers nothing, because it is new or has lost its disk, vouches for nothing; neither do its agents, which know of their own VMs. So a
 * group waits until a gateway with a memory has called, or those of both its sites, with what their agents remember; or until an operator
 * recovers it, in terms that were never granted.
 *
 * <p>Once somebody has told of a term that shows that the disk is an old one, or lies, a group of others goes on by the word of the gateways of
 * both its sites: what one alone remembers is not all that was granted.
 */
final class FirstCalls {
    private final Map<SiteId, Boolean> remembers = new HashMap<>();
    private final boolean majority;
    private boolean proven;
    private boolean old;

    FirstCalls(Provenance start) {
        proven = start != Provenance.ONE_DISK;
        majority = start == Provenance.MAJORITY;
    }

    /**
     * The gateway of a site is served, and has told which terms it knows.
     *
     * @param ofItsOwn the term that it remembers itself, which its agents have no part in; 0 if none
     */
    void called(SiteId site, long ofItsOwn) {
        remembers.merge(site, ofItsOwn > 0, Boolean::logicalOr);
    }

    /** From now on terms are drawn of which none was ever granted. */
    void recovered() {
        proven = true;
        old = false;
    }

    /** Somebody knows of a term that the disk has not. */
    void shownOld() {
        old = true;
    }

    /** Whether what the disk has of a group of these sites may be believed. */
    boolean vouchFor(Set<SiteId> sites) {
        boolean byOne = proven || sites.stream().anyMatch(site -> remembers.getOrDefault(site, false));
        return (byOne && !old) || remembers.keySet().containsAll(sites);
    }

    /** Whether the records are known to be all that was ever granted, by more than the word of who began them. */
    boolean haveMajority() {
        return majority;
    }

    boolean vouchFor(LogEntry entry) {
        return vouchFor(entry.sites());
    }

    /** What the groups of these sites wait for, and what to do. */
    String words(Set<SiteId> sites) {
        String missing = sites.stream()
                .filter(site -> !remembers.containsKey(site))
                .map(SiteId::name)
                .sorted()
                .reduce((one, other) -> one + "' and '" + other)
                .orElse("");
        String why = old
                ? "a gateway of another group knows of a term that this witness has not granted: its disk may be an old one"
                : "this witness has started from its disk, and nobody has called who remembers a term: whether the disk is"
                        + " an old one is not known";
        return why + ". The group waits for the gateway of '" + missing
                + "', or until an operator recovers it ('secondsite witness recover')";
    }
}
