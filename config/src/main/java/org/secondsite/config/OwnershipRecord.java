package org.secondsite.config;

import java.util.Set;
import java.util.TreeSet;

/**
 * What the witness keeps for a protection group. It changes only by compare-and-set on {@code term}.
 *
 * @param group the group it is about
 * @param term the fencing number, drawn from one counter for all groups, at least 1
 * @param previousTerm the term of the record that this one replaced; 0 for the first
 * @param owner the one site that may act for the group in this term
 * @param inSync the sites that hold everything that was ever released; the owner is one of them
 */
public record OwnershipRecord(GroupId group, long term, long previousTerm, SiteId owner, Set<SiteId> inSync) {
    /** So that a term of today is exact where numbers are IEEE doubles, as in JSON and metrics. */
    private static final int NUMBER_BITS = 32;

    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the term does not grow, or the owner is not in sync
     */
    public OwnershipRecord {
        if (term < 1 || previousTerm < 0 || previousTerm >= term) {
            throw new IllegalArgumentException("term " + term + " after " + previousTerm + " does not grow");
        }
        inSync = Set.copyOf(inSync);
        if (!inSync.contains(owner)) {
            throw new IllegalArgumentException("owner " + owner + " is not in sync " + inSync);
        }
    }

    /** How often the counter had jumped when the term was granted: as often as an operator has recovered the witness's records. */
    public static long generation(long term) {
        return term >>> NUMBER_BITS;
    }

    /** The first term of a generation. */
    public static long firstTerm(long generation) {
        return (generation << NUMBER_BITS) + 1;
    }

    /** Whether the owner stands alone, so that its output may pass unheld. */
    public boolean solo() {
        return inSync.size() == 1;
    }

    @Override
    public String toString() {
        return group + " term " + term + " owner " + owner + " inSync " + new TreeSet<>(inSync);
    }
}
