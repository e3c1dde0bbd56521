package org.secondsite.replicator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The memory behind all page sets: chunks outside the heap, reused.
 *
 * <pre>
 * stored pages of a set    0 .. 15     16 .. 271    272 .. 527   ...
 * chunk                    0: 64 KiB   1: 1 MiB     2: 1 MiB     ...
 * </pre>
 *
 * <p>The first chunk is small, so that the epochs of many quiet VMs, of a few pages each, take a few pages each. Free chunks are
 * kept, up to 128 MiB of large and 32 MiB of small ones, so that epochs of the usual size cost neither an allocation nor page
 * faults; what a full image needs beyond that goes back to the system at once. Every chunk has an arena of its own: a reader
 * that comes too late for a freed chunk gets an exception, never foreign memory.
 */
final class PageChunks {
    private static final int FIRST_PAGES = 16;
    private static final int PAGES = PageSet.CHUNK_BYTES / PageSet.PAGE_BYTES;

    private static final Pool SMALL = new Pool(FIRST_PAGES * PageSet.PAGE_BYTES, 512);
    private static final Pool LARGE = new Pool(PageSet.CHUNK_BYTES, 128);

    /** A chunk and the arena that frees it. */
    record Chunk(Arena arena, MemorySegment memory) {}

    /** Chunks of one size. */
    private static final class Pool {
        private final int chunkBytes;
        private final int mostFree;
        private final ConcurrentLinkedQueue<Chunk> free = new ConcurrentLinkedQueue<>();
        private final AtomicInteger freeCount = new AtomicInteger();
        private final AtomicInteger takenCount = new AtomicInteger();

        Pool(int chunkBytes, int mostFree) {
            this.chunkBytes = chunkBytes;
            this.mostFree = mostFree;
        }

        @SuppressWarnings("MustBeClosedChecker") // give() closes the arena, from whichever thread
        Chunk take() {
            takenCount.incrementAndGet();
            Chunk reused = free.poll();
            if (reused != null) {
                freeCount.decrementAndGet();
                return reused;
            }
            Arena arena = Arena.ofShared();
            return new Chunk(arena, arena.allocate(chunkBytes, PageSet.PAGE_BYTES));
        }

        void give(Chunk chunk) {
            takenCount.decrementAndGet();
            if (freeCount.incrementAndGet() <= mostFree) {
                free.add(chunk);
            } else {
                freeCount.decrementAndGet();
                chunk.arena().close();
            }
        }

        long takenBytes() {
            return (long) takenCount.get() * chunkBytes;
        }
    }

    private PageChunks() {}

    /** The chunk of a set that holds its stored page {@code slot}. */
    static int chunkOf(int slot) {
        return slot < FIRST_PAGES ? 0 : 1 + (slot - FIRST_PAGES) / PAGES;
    }

    /** The place of stored page {@code slot} in its chunk, in pages. */
    static int placeOf(int slot) {
        return slot < FIRST_PAGES ? slot : (slot - FIRST_PAGES) % PAGES;
    }

    /** The stored pages that so many chunks have room for. */
    static int room(int chunks) {
        return chunks == 0 ? 0 : FIRST_PAGES + (chunks - 1) * PAGES;
    }

    /** Takes the chunk that a set of so many chunks needs next. */
    static Chunk take(int chunks) {
        return (chunks == 0 ? SMALL : LARGE).take();
    }

    static void give(Chunk chunk) {
        (chunk.memory().byteSize() == SMALL.chunkBytes ? SMALL : LARGE).give(chunk);
    }

    static long takenBytes() {
        return SMALL.takenBytes() + LARGE.takenBytes();
    }
}
