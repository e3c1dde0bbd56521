package org.secondsite.replicator.codec;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.secondsite.replicator.PageSet;

/** The last version received of each page of which the sender keeps one. Not thread-safe. */
final class ReceivedVersions implements AutoCloseable {
    private final VersionMemory memory = new VersionMemory();
    private final Map<Integer, Integer> slots = new HashMap<>();
    private final int maxPages;

    ReceivedVersions(long maxBytes) {
        // The sender learns what it forgets when it has sent a block, and says so in the next one.
        long slack = 2L * EpochBlock.MAX_CODED_PAGES;
        maxPages = (int) Math.min(Integer.MAX_VALUE, maxBytes / PageSet.PAGE_BYTES + slack);
    }

    /**
     * Where the version of a page is.
     *
     * @throws MalformedEpochException if there is none
     */
    int slot(int page) throws MalformedEpochException {
        Integer slot = slots.get(page);
        if (slot == null) {
            throw new MalformedEpochException("no version of page " + page + " is kept");
        }
        return slot;
    }

    /**
     * A place for a page, the one that it has or a new one.
     *
     * @throws MalformedEpochException if that would be more memory than the sender may make this end use
     */
    int slotToFill(int page) throws MalformedEpochException {
        Integer slot = slots.get(page);
        if (slot != null) {
            return slot;
        }
        if (slots.size() >= maxPages) {
            throw new MalformedEpochException("more than " + maxPages + " versions of pages");
        }
        int fresh = memory.take();
        slots.put(page, fresh);
        return fresh;
    }

    MemorySegment chunk(int slot) {
        return memory.chunk(slot);
    }

    /** Drops the version of a page, if there is one. */
    void drop(int page) {
        Integer slot = slots.remove(page);
        if (slot != null) {
            memory.give(slot);
        }
    }

    long heldBytes() {
        return memory.allocatedBytes();
    }

    @Override
    public void close() {
        memory.close();
    }
}
