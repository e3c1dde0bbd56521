package org.secondsite.config;

/**
 * The name of a checkpoint epoch: the term under which its owner sealed it, and its number in that term.
 *
 * <p>Epochs of a term are numbered from 1 without a gap. The order of ids is the order in which epochs happened, because
 * terms only grow (safety rule OneOwnerPerTerm).
 *
 * @param term the fencing term, at least 1; 0 only in {@link #NONE}
 * @param number the epoch's number within the term, at least 1; 0 means "before the first epoch of the term"
 */
public record EpochId(long term, long number) implements Comparable<EpochId> {
    /** Before every epoch of every term. */
    public static final EpochId NONE = new EpochId(0, 0);

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if either number is negative
     */
    public EpochId {
        if (term < 0 || number < 0) {
            throw new IllegalArgumentException("epoch " + term + "/" + number + " is negative");
        }
    }

    /** The epoch after this one in the same term. */
    public EpochId next() {
        return new EpochId(term, number + 1);
    }

    @Override
    public int compareTo(EpochId other) {
        int byTerm = Long.compare(term, other.term);
        return byTerm != 0 ? byTerm : Long.compare(number, other.number);
    }

    /** Whether this epoch is the same as {@code other} or happened before it. */
    public boolean atMost(EpochId other) {
        return compareTo(other) <= 0;
    }

    @Override
    public String toString() {
        return term + "/" + number;
    }
}
