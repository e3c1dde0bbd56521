package org.secondsite.replicator;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * All pages of an epoch, numbered on: those of the RAM as they are, then the blocks of each disk behind the last page of what comes
 * before. So what ships pages ships blocks as well.
 *
 * <p>A view: it lives as long as its sets do.
 */
public final class PageSeries {
    private final PageSet[] sets;

    /** The number of the first page of each set, and of the one behind the last. */
    private final int[] starts;

    /** How many pages the sets before have together. */
    private final int[] indexes;

    private final int count;
    private final int storedCount;

    PageSeries(EpochHeader header, List<PageSet> sets) {
        this.sets = sets.toArray(PageSet[]::new);
        starts = header.starts();
        indexes = new int[this.sets.length];
        int pages = 0;
        int stored = 0;
        for (int i = 0; i < this.sets.length; i++) {
            indexes[i] = pages;
            pages += this.sets[i].count();
            stored += this.sets[i].storedCount();
        }
        count = pages;
        storedCount = stored;
    }

    /** The number of pages, zero pages included. */
    public int count() {
        return count;
    }

    /** The number of pages that are not zero. */
    public int storedCount() {
        return storedCount;
    }

    private int set(int index) {
        int set = 0;
        while (set < sets.length - 1 && index >= indexes[set + 1]) {
            set++;
        }
        return set;
    }

    /** The number of the page at {@code index}, 0 to {@link #count()} - 1. */
    public int number(int index) {
        int set = set(index);
        return starts[set] + sets[set].number(index - indexes[set]);
    }

    /** Whether the page at {@code index} is all zeros. */
    public boolean isZero(int index) {
        int set = set(index);
        return sets[set].isZero(index - indexes[set]);
    }

    /** The 4096 bytes of the page at {@code index}, read-only; also of a zero page. */
    public MemorySegment content(int index) {
        int set = set(index);
        return sets[set].content(index - indexes[set]);
    }

    /** Collects pages in ascending order, and puts each into the set that it belongs to. Not thread-safe. */
    public static final class Builder implements AutoCloseable {
        private final EpochHeader header;
        private final int[] starts;
        private final List<PageSet.Builder> sets = new ArrayList<>();
        private final List<List<BlockRange>> zeros = new ArrayList<>();
        private int current;
        private int count;

        /** The pages that are not zero of the sets before the current one. */
        private int storedBefore;

        private int lastNumber = -1;
        private int lastZero;
        private int zeroCount;

        /** A builder for the pages of an epoch. It holds memory: build it or close it. */
        public Builder(EpochHeader header) {
            this.header = header;
            starts = header.starts();
            lastZero = header.ramPages();
            for (int i = 0; i < starts.length - 1; i++) {
                sets.add(PageSet.checkedBuilder());
                zeros.add(new ArrayList<>());
            }
        }

        /** The number of pages so far. */
        public int count() {
            return count;
        }

        /** The number of pages so far that are not zero. */
        public int storedCount() {
            return storedBefore + sets.get(current).storedCount();
        }

        /** The number of the last page so far, -1 if there is none. */
        public int lastNumber() {
            return lastNumber;
        }

        /** The ranges of zeros so far. */
        public int zeroCount() {
            return zeroCount;
        }

        /** The memory that it holds so far, in bytes. */
        public long takenBytes() {
            return sets.stream().mapToLong(PageSet.Builder::takenBytes).sum();
        }

        /**
         * Appends a page of zeros.
         *
         * @throws IllegalArgumentException if the number is not above the last one, or beyond the last page
         */
        public void addZero(int number) {
            into(number).addZero(number - starts[current]);
        }

        /**
         * Appends a copy of the 4096 bytes at {@code offsetBytes} of {@code source}.
         *
         * @throws IllegalArgumentException if the number is not above the last one, or beyond the last page
         */
        public void add(int number, MemorySegment source, long offsetBytes) {
            into(number).add(number - starts[current], source, offsetBytes);
        }

        /**
         * Appends a copy of the next 4096 bytes of {@code source} and moves its position.
         *
         * @throws IllegalArgumentException if the number is not above the last one, or beyond the last page
         */
        public void add(int number, ByteBuffer source) {
            into(number).add(number - starts[current], source);
        }

        private PageSet.Builder into(int number) {
            if (number <= lastNumber || number >= starts[starts.length - 1]) {
                throw new IllegalArgumentException(
                        "page " + number + " after page " + lastNumber + " of " + starts[starts.length - 1]);
            }
            lastNumber = number;
            count++;
            while (number >= starts[current + 1]) {
                storedBefore += sets.get(current).storedCount();
                current++;
            }
            return sets.get(current);
        }

        /**
         * Why blocks in a row cannot be the next range of zeros, null if they were taken: ranges ascend, and each lies in one disk.
         *
         * @param first numbered like the pages
         */
        public String addZeros(int first, int blocks) {
            if (first < lastZero || blocks < 1 || blocks > starts[starts.length - 1] - first) {
                return "a range of " + blocks + " zeros at " + first + " behind " + lastZero;
            }
            int set = 1;
            while (first >= starts[set + 1]) {
                set++;
            }
            if (first + blocks > starts[set + 1]) {
                return "a range of " + blocks + " zeros at " + first + " ends in another disk";
            }
            zeros.get(set).add(new BlockRange(first - starts[set], blocks));
            lastZero = first + blocks;
            zeroCount++;
            return null;
        }

        /** The finished epoch. The builder cannot be used afterwards. */
        public Epoch build(byte[] deviceState) {
            List<VolumeChanges> disks = new ArrayList<>();
            for (int i = 1; i < sets.size(); i++) {
                disks.add(new VolumeChanges(i - 1, zeros.get(i), sets.get(i).build()));
            }
            return new Epoch(header, sets.getFirst().build(), disks, deviceState);
        }

        @Override
        public void close() {
            sets.forEach(PageSet.Builder::close);
        }
    }
}
