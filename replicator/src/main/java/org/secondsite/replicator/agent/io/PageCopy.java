package org.secondsite.replicator.agent.io;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.lang.foreign.MemorySegment;

/** Copies RAM page by page. */
final class PageCopy {
    private PageCopy() {}

    /** Into memory that is all zeros: what is zero there takes no memory then. */
    static void ofWhatIsNotZero(MemorySegment from, MemorySegment to) {
        MemorySegment zeros = MemorySegment.ofArray(new byte[PAGE_BYTES]);
        for (long at = 0; at < from.byteSize(); at += PAGE_BYTES) {
            if (MemorySegment.mismatch(from, at, at + PAGE_BYTES, zeros, 0, PAGE_BYTES) >= 0) {
                MemorySegment.copy(from, at, to, at, PAGE_BYTES);
            }
        }
    }
}
