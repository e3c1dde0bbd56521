package org.secondsite.replicator.agent;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.lang.foreign.MemorySegment;

/** Finds the pages in which two images of the same RAM differ. Pure and without state. */
public final class PageCompare {
    private PageCompare() {}

    /**
     * Sets the bit of every page in the range that differs; others stay as they are.
     *
     * @param first the first page of the range, a multiple of 64, so that ranges may be compared by several threads at once
     * @param end the page after the last one of the range
     * @param differing bit {@code p % 64} of word {@code p / 64} for page {@code p}
     */
    public static void mark(MemorySegment image, MemorySegment shadow, int first, int end, long[] differing) {
        long endBytes = (long) end * PAGE_BYTES;
        long from = (long) first * PAGE_BYTES;
        while (from < endBytes) {
            long equalBytes = MemorySegment.mismatch(image, from, endBytes, shadow, from, endBytes);
            if (equalBytes < 0) {
                return;
            }
            int page = (int) ((from + equalBytes) / PAGE_BYTES);
            differing[page / Long.SIZE] |= 1L << page % Long.SIZE;
            from = (page + 1L) * PAGE_BYTES;
        }
    }

    /** The first page at or after {@code page} whose bit is set, -1 if there is none. */
    public static int next(long[] differing, int page) {
        int word = page / Long.SIZE;
        if (word >= differing.length) {
            return -1;
        }
        long bits = differing[word] & -1L << page % Long.SIZE;
        while (bits == 0) {
            word++;
            if (word == differing.length) {
                return -1;
            }
            bits = differing[word];
        }
        return word * Long.SIZE + Long.numberOfTrailingZeros(bits);
    }
}
