package org.secondsite.replicator.codec;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.secondsite.replicator.PageSet;

/**
 * Slots of 4096 bytes outside the heap, taken and given one by one, in chunks of 1 MiB that are allocated when first needed
 * and freed together. Not thread-safe.
 */
final class VersionMemory implements AutoCloseable {
    private static final int CHUNK_SLOTS = PageSet.CHUNK_BYTES / PageSet.PAGE_BYTES;

    private Arena arena;
    private final List<MemorySegment> chunks = new ArrayList<>();
    private int[] free = new int[CHUNK_SLOTS];
    private int freeCount;
    private int takenCount;

    int take() {
        if (freeCount == 0) {
            grow();
        }
        takenCount++;
        return free[--freeCount];
    }

    void give(int slot) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, 2 * free.length);
        }
        free[freeCount++] = slot;
        takenCount--;
    }

    /** The memory in which a slot lies. */
    MemorySegment chunk(int slot) {
        return chunks.get(slot / CHUNK_SLOTS);
    }

    /** Where in it the slot begins. */
    static long offset(int slot) {
        return (long) (slot % CHUNK_SLOTS) * PageSet.PAGE_BYTES;
    }

    int takenCount() {
        return takenCount;
    }

    long allocatedBytes() {
        return (long) chunks.size() * PageSet.CHUNK_BYTES;
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
            arena = null;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // close() closes the arena, from whichever thread
    private void grow() {
        if (arena == null) {
            arena = Arena.ofShared();
        }
        int first = chunks.size() * CHUNK_SLOTS;
        chunks.add(arena.allocate(PageSet.CHUNK_BYTES, PageSet.PAGE_BYTES));
        for (int slot = first + CHUNK_SLOTS - 1; slot >= first; slot--) {
            takenCount++;
            give(slot);
        }
    }
}
