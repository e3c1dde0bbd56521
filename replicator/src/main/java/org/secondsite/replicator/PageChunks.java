package org.secondsite.replicator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The memory behind all page sets: chunks of 1 MiB outside the heap, reused.
 *
 * <p>Up to {@value #KEPT_CHUNKS} free chunks are kept, so that epochs of the usual size cost neither an allocation nor page
 * faults; what a full image needs beyond that goes back to the system at once. Every chunk has an arena of its own: a
 * reader that comes too late for a freed chunk gets an exception, never foreign memory.
 */
final class PageChunks {
    private static final int KEPT_CHUNKS = 128;

    private static final ConcurrentLinkedQueue<Chunk> FREE = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger FREE_COUNT = new AtomicInteger();
    private static final AtomicInteger TAKEN_COUNT = new AtomicInteger();

    /** A chunk and the arena that frees it. */
    record Chunk(Arena arena, MemorySegment memory) {}

    private PageChunks() {}

    @SuppressWarnings("MustBeClosedChecker") // give() closes the arena, from whichever thread
    static Chunk take() {
        TAKEN_COUNT.incrementAndGet();
        Chunk reused = FREE.poll();
        if (reused != null) {
            FREE_COUNT.decrementAndGet();
            return reused;
        }
        Arena arena = Arena.ofShared();
        return new Chunk(arena, arena.allocate(PageSet.CHUNK_BYTES, PageSet.PAGE_BYTES));
    }

    static void give(Chunk chunk) {
        TAKEN_COUNT.decrementAndGet();
        if (FREE_COUNT.incrementAndGet() <= KEPT_CHUNKS) {
            FREE.add(chunk);
        } else {
            FREE_COUNT.decrementAndGet();
            chunk.arena().close();
        }
    }

    static long takenBytes() {
        return (long) TAKEN_COUNT.get() * PageSet.CHUNK_BYTES;
    }
}
