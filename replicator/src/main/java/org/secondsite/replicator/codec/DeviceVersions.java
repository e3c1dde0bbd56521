package org.secondsite.replicator.codec;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.secondsite.replicator.PageSet;

/** The last device state, page by page, at either end. Not thread-safe. */
final class DeviceVersions implements AutoCloseable {
    private final VersionMemory memory = new VersionMemory();
    private int[] slots = new int[16];
    private int count;

    /** Whether there is an earlier version of a page. */
    boolean has(int page) {
        return page < count;
    }

    /** The place of a page, at most the one after the last: a new one then. */
    int slotToFill(int page) {
        if (page == count) {
            if (count == slots.length) {
                slots = Arrays.copyOf(slots, 2 * count);
            }
            slots[count++] = memory.take();
        }
        return slots[page];
    }

    MemorySegment chunk(int page) {
        return memory.chunk(slots[page]);
    }

    long offset(int page) {
        return VersionMemory.offset(slots[page]);
    }

    void put(int page, MemorySegment content) {
        int slot = slotToFill(page);
        MemorySegment.copy(content, 0, memory.chunk(slot), VersionMemory.offset(slot), PageSet.PAGE_BYTES);
    }

    @Override
    public void close() {
        memory.close();
    }
}
