package org.secondsite.replicator.agent;

import java.io.IOException;

/**
 * Knows which pages of a guest's RAM were written, without reading them.
 *
 * <p>Not thread-safe: one thread calls.
 */
public interface DirtyPageTracker extends AutoCloseable {
    /**
     * Sets the bit of every page that was written since the last call, or may have been; all pages at the first call. Others
     * stay as they are. What is written after this returns belongs to the next call, so who reads a page's content afterwards
     * misses nothing.
     *
     * @param written bit {@code p % 64} of word {@code p / 64} for page {@code p}
     * @throws IOException if that is not known any more; some bits may be set then, and every page must be taken as written
     */
    void collect(long[] written) throws IOException;

    /** Does not track any more; leaves nothing behind in the guest's process. */
    @Override
    void close();
}
