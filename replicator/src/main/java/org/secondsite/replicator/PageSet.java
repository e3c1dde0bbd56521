package org.secondsite.replicator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Pages of a guest's RAM: numbers in ascending order, each with its 4096 bytes.
 *
 * <p>Shape: {@code numbers[i]} is a page's number (its guest-physical address in the RAM file divided by 4096) and
 * {@code slots[i]} the place of its content, -1 for a page of zeros, which is flagged and not stored. Contents lie one after
 * the other, in the order of the numbers, in chunks of 64 KiB (the first) and 1 MiB outside the heap. A page that is all zeros is
 * always flagged, so equal sets have equal form and equal checksums.
 *
 * <p>Immutable once built, readable from any thread, freed by {@link #close()}. An access after that throws.
 */
public final class PageSet implements AutoCloseable {
    /** The bytes of a page. */
    public static final int PAGE_BYTES = 4096;

    /** The bytes of the largest chunk: contents never cross from one chunk into the next. */
    public static final int CHUNK_BYTES = 1 << 20;

    /** Few enough to be in the cache still; they divide every chunk. */
    private static final int SUMMED_AT_ONCE = 16;

    private static final int ZERO = -1;
    private static final MemorySegment ZERO_PAGE =
            MemorySegment.ofArray(new long[PAGE_BYTES / Long.BYTES]).asReadOnly();

    private final int[] numbers;
    private final int[] slots;
    private final int count;
    private final int storedCount;
    private final List<PageChunks.Chunk> chunks;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Over the stored contents; null until somebody wants to know. */
    private volatile Long contentSum;

    private PageSet(
            int[] numbers,
            int[] slots,
            int count,
            int storedCount,
            List<PageChunks.Chunk> chunks,
            ContentSum contentSum) {
        this.numbers = numbers;
        this.slots = slots;
        this.count = count;
        this.storedCount = storedCount;
        this.chunks = chunks;
        this.contentSum = contentSum == null ? null : contentSum.value();
    }

    /** A builder of an empty set. It holds memory: build it or close it. */
    public static Builder builder() {
        return new Builder(null);
    }

    /**
     * The same of a set whose checksum will be wanted. It is computed page by page, while each is in the cache, so a large set
     * takes no long breath for it at its end.
     */
    public static Builder checkedBuilder() {
        return new Builder(new ContentSum());
    }

    /** A set without pages. */
    public static PageSet empty() {
        return new PageSet(new int[0], new int[0], 0, 0, List.of(), null);
    }

    /** The memory that all open page sets and builders of this process hold, in bytes. */
    public static long takenBytes() {
        return PageChunks.takenBytes();
    }

    /** The number of pages, zero pages included. */
    public int count() {
        return count;
    }

    /** The number of pages that are not zero. */
    public int storedCount() {
        return storedCount;
    }

    /** The bytes of the contents that are not zero. */
    public long storedBytes() {
        return (long) storedCount * PAGE_BYTES;
    }

    /** The number of the page at {@code index}, 0 to {@link #count()} - 1. */
    public int number(int index) {
        return numbers[checked(index)];
    }

    /** Whether the page at {@code index} is all zeros. */
    public boolean isZero(int index) {
        return slots[checked(index)] == ZERO;
    }

    /** The 4096 bytes of the page at {@code index}, read-only; also of a zero page. */
    public MemorySegment content(int index) {
        int slot = slots[checked(index)];
        return slot == ZERO ? ZERO_PAGE : slice(chunks, slot).asReadOnly();
    }

    /**
     * Pages that are stored one after the other, as many as lie in the same chunk: the cheap way to read many.
     *
     * @param slot the place of the first page among the stored ones, 0 to {@link #storedCount()} - 1
     * @return its bytes and those of the pages after it up to the end of its chunk, read-only: a multiple of 4096
     */
    public MemorySegment storedFrom(int slot) {
        checkOpen();
        if (slot < 0 || slot >= storedCount) {
            throw new IndexOutOfBoundsException("stored page " + slot + " of " + storedCount);
        }
        int chunk = PageChunks.chunkOf(slot);
        int pages = Math.min(PageChunks.room(chunk + 1), storedCount) - slot;
        long from = (long) PageChunks.placeOf(slot) * PAGE_BYTES;
        return chunks.get(chunk)
                .memory()
                .asSlice(from, (long) pages * PAGE_BYTES)
                .asReadOnly();
    }

    /** Whether both sets hold the same pages with the same contents. */
    public boolean sameAs(PageSet other) {
        if (count != other.count || storedCount != other.storedCount) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (number(i) != other.number(i) || content(i).mismatch(other.content(i)) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Gives the memory back. Once is enough; more often does no harm. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            chunks.forEach(PageChunks::give);
        }
    }

    /** Adds the set to a checksum: the count, the numbers with the zero flag in the upper bit, then the stored contents' own. */
    void addTo(ContentSum sum) {
        checkOpen();
        ByteBuffer head = ByteBuffer.allocate(PAGE_BYTES).putInt(count);
        for (int i = 0; i < count; i++) {
            if (head.remaining() < Integer.BYTES) {
                sum.add(head.flip());
                head.clear();
            }
            head.putInt(slots[i] == ZERO ? numbers[i] | Integer.MIN_VALUE : numbers[i]);
        }
        sum.add(head.flip()).add(contentSum());
    }

    private long contentSum() {
        Long known = contentSum;
        if (known == null) {
            ContentSum sum = new ContentSum();
            for (int slot = 0; slot < storedCount; ) {
                MemorySegment pages = storedFrom(slot);
                sum.add(pages);
                slot += (int) (pages.byteSize() / PAGE_BYTES);
            }
            known = sum.value();
            contentSum = known;
        }
        return known;
    }

    private int checked(int index) {
        checkOpen();
        if (index < 0 || index >= count) {
            throw new IndexOutOfBoundsException("page " + index + " of " + count);
        }
        return index;
    }

    private void checkOpen() {
        if (closed.get()) {
            throw new IllegalStateException("the page set is closed");
        }
    }

    private static MemorySegment slice(List<PageChunks.Chunk> chunks, int slot) {
        return chunks.get(PageChunks.chunkOf(slot))
                .memory()
                .asSlice((long) PageChunks.placeOf(slot) * PAGE_BYTES, PAGE_BYTES);
    }

    private static boolean isAllZero(MemorySegment page) {
        // Most pages show it in their first word; the whole comparison is for those that do not.
        return page.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) == 0 && page.mismatch(ZERO_PAGE) < 0;
    }

    /**
     * Collects pages in ascending order. Not thread-safe. Either {@link #build()} hands the memory to a page set, or
     * {@link #close()} gives it back.
     */
    public static final class Builder implements AutoCloseable {
        private int[] numbers = new int[64];
        private int[] slots = new int[64];
        private int count;
        private int storedCount;
        private List<PageChunks.Chunk> chunks = new ArrayList<>();
        private boolean spent;

        /** Null if nobody asked for it. */
        private final ContentSum sum;

        /** The stored pages that are in the sum. */
        private int summed;

        private Builder(ContentSum sum) {
            this.sum = sum;
        }

        /** The number of pages so far. */
        public int count() {
            return count;
        }

        /** The number of pages so far that are not zero. */
        public int storedCount() {
            return storedCount;
        }

        /** The number of the last page so far, -1 if there is none. */
        public int lastNumber() {
            return count == 0 ? -1 : numbers[count - 1];
        }

        /** The memory that the builder holds so far, in bytes. */
        public long takenBytes() {
            return (long) PageChunks.room(chunks.size()) * PAGE_BYTES;
        }

        /**
         * Appends a page of zeros.
         *
         * @throws IllegalArgumentException if the number is not above the last one
         */
        public Builder addZero(int number) {
            append(number, ZERO);
            return this;
        }

        /**
         * Appends a copy of the 4096 bytes at {@code offsetBytes} of {@code source}.
         *
         * @throws IllegalArgumentException if the number is not above the last one
         * @throws IndexOutOfBoundsException if the source is too short
         */
        public Builder add(int number, MemorySegment source, long offsetBytes) {
            MemorySegment slot = slot();
            MemorySegment.copy(source, offsetBytes, slot, 0, PAGE_BYTES);
            accept(number);
            return this;
        }

        /**
         * Appends a copy of the next 4096 bytes of {@code source} and moves its position.
         *
         * @throws IllegalArgumentException if the number is not above the last one
         * @throws IndexOutOfBoundsException if fewer bytes remain
         */
        public Builder add(int number, ByteBuffer source) {
            if (source.remaining() < PAGE_BYTES) {
                throw new IndexOutOfBoundsException(source.remaining() + " bytes are not a page");
            }
            add(number, MemorySegment.ofBuffer(source), 0);
            source.position(source.position() + PAGE_BYTES);
            return this;
        }

        /**
         * The memory of the next page, writable, 4096 bytes with undefined content: fill it, then {@link #accept}. The same
         * memory is returned until then.
         */
        public MemorySegment slot() {
            checkUnspent();
            if (storedCount == PageChunks.room(chunks.size())) {
                chunks.add(PageChunks.take(chunks.size()));
            }
            return slice(chunks, storedCount);
        }

        /**
         * Appends what was written into {@link #slot()}, as a zero page if it is all zeros.
         *
         * @throws IllegalArgumentException if the number is not above the last one
         */
        public void accept(int number) {
            if (isAllZero(slot())) {
                append(number, ZERO);
            } else {
                append(number, storedCount);
                storedCount++;
                if (storedCount - summed == SUMMED_AT_ONCE) {
                    sum();
                }
            }
        }

        /** Adds those pages to the sum that are not in it, which lie in one chunk. */
        private void sum() {
            if (sum != null && summed < storedCount) {
                long from = (long) PageChunks.placeOf(summed) * PAGE_BYTES;
                long bytes = (long) (storedCount - summed) * PAGE_BYTES;
                sum.add(chunks.get(PageChunks.chunkOf(summed)).memory().asSlice(from, bytes));
            }
            summed = storedCount;
        }

        /** The finished set. The builder cannot be used afterwards. */
        public PageSet build() {
            checkUnspent();
            spent = true;
            sum();
            if (!chunks.isEmpty() && storedCount <= PageChunks.room(chunks.size() - 1)) {
                // The last chunk was taken for a slot that turned out to be zero, or was never accepted.
                PageChunks.give(chunks.removeLast());
            }
            return new PageSet(
                    Arrays.copyOf(numbers, count),
                    Arrays.copyOf(slots, count),
                    count,
                    storedCount,
                    List.copyOf(chunks),
                    sum);
        }

        @Override
        public void close() {
            if (!spent) {
                spent = true;
                chunks.forEach(PageChunks::give);
                chunks = List.of();
            }
        }

        private void append(int number, int slot) {
            checkUnspent();
            if (number <= lastNumber()) {
                throw new IllegalArgumentException("page " + number + " does not follow page " + lastNumber());
            }
            if (count == numbers.length) {
                numbers = Arrays.copyOf(numbers, count * 2);
                slots = Arrays.copyOf(slots, count * 2);
            }
            numbers[count] = number;
            slots[count] = slot;
            count++;
        }

        private void checkUnspent() {
            if (spent) {
                throw new IllegalStateException("the builder is spent");
            }
        }
    }
}
