package org.secondsite.replicator;

/**
 * Blocks, or pages, in a row.
 *
 * @param first the first of them
 * @param count how many, at least 1
 */
public record BlockRange(int first, int count) {
    /** Checks its parts. */
    public BlockRange {
        if (first < 0 || count < 1 || first > Integer.MAX_VALUE - count) {
            throw new IllegalArgumentException(count + " blocks from " + first);
        }
    }

    /** The block after the last one. */
    public int end() {
        return first + count;
    }
}
