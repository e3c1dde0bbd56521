package org.secondsite.replicator.trace;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/** A guest's RAM outside the heap, rebuilt epoch by epoch. Begins as zeros. Not thread-safe. */
public final class RamImage implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ram;

    /**
     * Takes the memory.
     *
     * @throws IllegalArgumentException if no guest has so many bytes
     */
    public RamImage(long bytes) {
        if (!EpochHeader.isRamSize(bytes)) {
            throw new IllegalArgumentException(bytes + " bytes of RAM");
        }
        ram = arena.allocate(bytes, PageSet.PAGE_BYTES);
    }

    /** The size, in bytes. */
    public long bytes() {
        return ram.byteSize();
    }

    /** The 4096 bytes of a page, read-only. */
    public MemorySegment page(int number) {
        return ram.asSlice((long) number * PageSet.PAGE_BYTES, PageSet.PAGE_BYTES)
                .asReadOnly();
    }

    /**
     * Writes the pages into their places.
     *
     * @throws IndexOutOfBoundsException if one lies outside
     */
    public void apply(PageSet pages) {
        for (int i = 0; i < pages.count(); i++) {
            MemorySegment.copy(
                    pages.content(i), 0, ram, (long) pages.number(i) * PageSet.PAGE_BYTES, PageSet.PAGE_BYTES);
        }
    }

    /** The number of the first page in which two images of one size differ, or -1. */
    public int firstDifference(RamImage other) {
        if (ram.byteSize() != other.ram.byteSize()) {
            throw new IllegalArgumentException(bytes() + " and " + other.bytes() + " bytes");
        }
        long at = ram.mismatch(other.ram);
        return at < 0 ? -1 : (int) (at / PageSet.PAGE_BYTES);
    }

    @Override
    public void close() {
        arena.close();
    }
}
