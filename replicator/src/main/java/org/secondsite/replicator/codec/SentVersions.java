package org.secondsite.replicator.codec;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.TreeSet;
import org.secondsite.replicator.PageSet;

/**
 * The last version sent of each page, as far as the bound on bytes allows; which ones, W-TinyLFU decides. What it drops is
 * noted, for the receiver to drop as well.
 *
 * <p>Versions must not change between the moment at which the encoder looks them up and the end of the block. So a block is
 * encoded first, with {@link #slot}, and only then the new versions are put, with {@link #put}; evictions come from that.
 *
 * <p>Not thread-safe.
 */
final class SentVersions implements AutoCloseable {
    static final int NONE = -1;

    /** What the cache keeps about a page beside its bytes, roughly. */
    private static final int ENTRY_BYTES = 128;

    private final VersionMemory memory = new VersionMemory();
    private final Cache<Integer, Integer> slots;
    private final TreeSet<Integer> forgotten = new TreeSet<>();

    /** By slot, the page whose version is in it. */
    private int[] owners = new int[256];

    private long hits;
    private long misses;
    private long evictions;

    SentVersions(long maxBytes) {
        slots = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((Integer page, Integer slot) -> PageSet.PAGE_BYTES + ENTRY_BYTES)
                .executor(Runnable::run)
                .evictionListener((Integer page, Integer slot, RemovalCause cause) -> evicted(page, slot))
                .build();
    }

    /** Where the version of a page is, {@link #NONE} if there is none. */
    int slot(int page) {
        Integer slot = slots.getIfPresent(page);
        if (slot == null) {
            misses++;
            return NONE;
        }
        hits++;
        return slot;
    }

    MemorySegment chunk(int slot) {
        return memory.chunk(slot);
    }

    /**
     * Keeps a new version, if there is room for it.
     *
     * @param found what {@link #slot} gave for the page in this block
     */
    void put(int page, int found, MemorySegment content) {
        int slot = found != NONE && owners[found] == page ? found : NONE;
        if (slot == NONE) {
            slot = memory.take();
            own(slot, page);
        }
        MemorySegment.copy(content, 0, memory.chunk(slot), VersionMemory.offset(slot), PageSet.PAGE_BYTES);
        if (slot != found) {
            forgotten.remove(page);
            slots.put(page, slot);
        }
    }

    /** Drops the version of a page that became zero. The receiver does the same by itself. */
    void drop(int page) {
        Integer slot = slots.asMap().remove(page);
        if (slot != null) {
            free(slot);
        }
        forgotten.remove(page);
    }

    /** The next page that the receiver must be told to forget, -1 if there is none. They come in ascending order. */
    int nextForgotten() {
        Integer page = forgotten.pollFirst();
        return page == null ? NONE : page;
    }

    int forgottenCount() {
        return forgotten.size();
    }

    /** Does what is due, so that no later look-up evicts anything. */
    void settle() {
        slots.cleanUp();
    }

    long hits() {
        return hits;
    }

    long misses() {
        return misses;
    }

    long evictions() {
        return evictions;
    }

    long heldBytes() {
        return memory.allocatedBytes();
    }

    @Override
    public void close() {
        memory.close();
    }

    private void own(int slot, int page) {
        if (slot >= owners.length) {
            owners = Arrays.copyOf(owners, Math.max(slot + 1, 2 * owners.length));
        }
        owners[slot] = page;
    }

    private void free(int slot) {
        owners[slot] = NONE;
        memory.give(slot);
    }

    private void evicted(int page, int slot) {
        free(slot);
        forgotten.add(page);
        evictions++;
    }
}
