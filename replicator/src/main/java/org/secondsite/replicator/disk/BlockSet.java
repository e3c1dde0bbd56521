package org.secondsite.replicator.disk;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;

/**
 * What was written to a volume in one epoch: blocks of 4 KiB, the last content of each, and ranges of zeros.
 *
 * <p><b>Meaning.</b> A set is applied by first writing zeros to its ranges, then its blocks. So a block that is written after a
 * range covered it simply stands in the set, and a range that comes after a block takes it out.
 *
 * <p><b>Memory.</b> Open addressing with linear probing; {@code keys} holds block + 1, 0 for a free place, and {@code slots} where
 * the content lies in chunks of {@link BlockMemory}, or {@link #ZERO}. Deletion moves later entries of a run back, so no tombstones
 * gather. A few zeroed blocks stand in the table as such; only more than {@link #SHORT_RANGE} in a row become a range, so
 * discarding a whole disk costs one entry, and there are never more ranges than the volume has stretches of that length.
 *
 * <p>Not thread-safe: the lock of the volume guards the open set, and a set that was cut has one owner.
 */
public final class BlockSet implements AutoCloseable {
    /** The bytes of a block. */
    public static final int BLOCK_BYTES = PageSet.PAGE_BYTES;

    /** Runs of zeroed blocks up to this length are kept block by block. */
    static final int SHORT_RANGE = 64;

    private static final int ZERO = -1;
    private static final int CHUNK_SHIFT = Integer.numberOfTrailingZeros(BlockMemory.CHUNK_BYTES / BLOCK_BYTES);
    private static final int FIRST_CAPACITY = 1 << 10;

    private final BlockMemory memory;
    private final List<MemorySegment> chunks = new ArrayList<>();
    private int[] keys = new int[FIRST_CAPACITY];
    private int[] slots = new int[FIRST_CAPACITY];
    private int count;
    private int[] freeSlots = new int[16];
    private int freeCount;
    private int usedSlots;

    /** First block → first block after the range; disjoint, and never touching one another. */
    private final TreeMap<Integer, Integer> zeros = new TreeMap<>();

    /** An empty set whose contents will lie in {@code memory}. */
    public BlockSet(BlockMemory memory) {
        this.memory = memory;
    }

    /** The number of blocks, zeroed ones included, without those of the ranges. */
    public int count() {
        return count;
    }

    /** Whether nothing was written. */
    public boolean isEmpty() {
        return count == 0 && zeros.isEmpty();
    }

    /** The ranges of zeros, ascending, disjoint, not touching. */
    public List<BlockRange> zeroRanges() {
        List<BlockRange> ranges = new ArrayList<>(zeros.size());
        zeros.forEach((first, end) -> ranges.add(new BlockRange(first, end - first)));
        return ranges;
    }

    /**
     * The memory of a block's content, 4096 bytes, for the caller to fill whole.
     *
     * @param block its number, the offset in the volume divided by 4096
     */
    public MemorySegment content(int block) {
        int at = find(block);
        if (keys[at] == 0) {
            at = insert(block, at);
        } else if (slots[at] != ZERO) {
            return slot(slots[at]);
        }
        slots[at] = takeSlot();
        return slot(slots[at]);
    }

    /** Whether the set says what the block contains. */
    public boolean covers(int block) {
        return keys[find(block)] != 0 || inZeros(block);
    }

    /** The blocks are zeros now. */
    public void zero(int first, int blocks) {
        if (blocks <= SHORT_RANGE) {
            for (int block = first; block < first + blocks; block++) {
                putZero(block);
            }
        } else {
            removeAll(first, first + blocks);
            addRange(first, first + blocks);
        }
    }

    private void putZero(int block) {
        int at = find(block);
        if (keys[at] == 0) {
            at = insert(block, at);
        } else if (slots[at] != ZERO) {
            giveSlot(slots[at]);
        }
        slots[at] = ZERO;
    }

    /**
     * Takes in a set that was cut before this one and is not shipped after all: what this set says of a block stands. The older
     * set is empty and closed afterwards.
     */
    public void mergeOlder(BlockSet older) {
        older.forEachBlock(block -> {
            if (covers(block)) {
                return;
            }
            int slot = older.slots[older.find(block)];
            if (slot == ZERO) {
                putZero(block);
            } else {
                MemorySegment.copy(older.slot(slot), 0, content(block), 0, BLOCK_BYTES);
            }
        });
        // A block of this set is written after the ranges, so it is not hidden by an older range.
        older.zeros.forEach(this::addRange);
        older.close();
    }

    /** Every block, zeroed ones included, without those of the ranges, in no order. */
    void forEachBlock(IntConsumer consumer) {
        for (int key : keys) {
            if (key != 0) {
                consumer.accept(key - 1);
            }
        }
    }

    /** A copy of the blocks, in ascending order, as the page codec takes them. The caller owns it. */
    public PageSet pages() {
        int[] sorted = new int[count];
        int n = 0;
        for (int key : keys) {
            if (key != 0) {
                sorted[n++] = key - 1;
            }
        }
        Arrays.sort(sorted);
        try (PageSet.Builder builder = PageSet.checkedBuilder()) {
            for (int block : sorted) {
                int slot = slots[find(block)];
                if (slot == ZERO) {
                    builder.addZero(block);
                } else {
                    builder.add(block, slot(slot), 0);
                }
            }
            return builder.build();
        }
    }

    /** Gives the memory back; the set is empty. */
    @Override
    public void close() {
        chunks.forEach(memory::give);
        chunks.clear();
        zeros.clear();
        keys = new int[FIRST_CAPACITY];
        slots = new int[FIRST_CAPACITY];
        count = 0;
        usedSlots = 0;
        freeCount = 0;
    }

    // ---- ranges -------------------------------------------------------------------------------------------------

    private boolean inZeros(int block) {
        Map.Entry<Integer, Integer> range = zeros.floorEntry(block);
        return range != null && block < range.getValue();
    }

    private void addRange(int first, int end) {
        int from = first;
        int to = end;
        Map.Entry<Integer, Integer> before = zeros.floorEntry(first);
        if (before != null && before.getValue() >= first) {
            from = before.getKey();
            to = Math.max(to, before.getValue());
        }
        Map.Entry<Integer, Integer> next = zeros.ceilingEntry(from);
        while (next != null && next.getKey() <= to) {
            to = Math.max(to, next.getValue());
            zeros.remove(next.getKey());
            next = zeros.ceilingEntry(from);
        }
        zeros.put(from, to);
    }

    private void removeAll(int first, int end) {
        if (end - first < keys.length) {
            for (int block = first; block < end; block++) {
                remove(block);
            }
            return;
        }
        int[] inside = Arrays.stream(keys)
                .filter(key -> key != 0 && key - 1 >= first && key - 1 < end)
                .toArray();
        for (int key : inside) {
            remove(key - 1);
        }
    }

    // ---- the table ----------------------------------------------------------------------------------------------

    private int home(int block) {
        return ((block * 0x9E3779B9) >>> 7) & (keys.length - 1);
    }

    /** The place of the block, or the free place where it would go. */
    private int find(int block) {
        int at = home(block);
        while (keys[at] != 0 && keys[at] != block + 1) {
            at = (at + 1) & (keys.length - 1);
        }
        return at;
    }

    private int insert(int block, int at) {
        int place = at;
        if (2 * (count + 1) > keys.length) {
            grow();
            place = find(block);
        }
        keys[place] = block + 1;
        slots[place] = ZERO;
        count++;
        return place;
    }

    private void grow() {
        int[] oldKeys = keys;
        int[] oldSlots = slots;
        keys = new int[oldKeys.length * 2];
        slots = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = find(oldKeys[i] - 1);
                keys[at] = oldKeys[i];
                slots[at] = oldSlots[i];
            }
        }
    }

    private void remove(int block) {
        int hole = find(block);
        if (keys[hole] == 0) {
            return;
        }
        if (slots[hole] != ZERO) {
            giveSlot(slots[hole]);
        }
        count--;
        int mask = keys.length - 1;
        for (int at = (hole + 1) & mask; keys[at] != 0; at = (at + 1) & mask) {
            // An entry may move back unless its home lies behind the hole (Knuth, vol. 3, 6.4, algorithm R).
            int home = home(keys[at] - 1);
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                keys[hole] = keys[at];
                slots[hole] = slots[at];
                hole = at;
            }
        }
        keys[hole] = 0;
    }

    // ---- the contents -------------------------------------------------------------------------------------------

    private int takeSlot() {
        if (freeCount > 0) {
            return freeSlots[--freeCount];
        }
        if (usedSlots == chunks.size() << CHUNK_SHIFT) {
            chunks.add(memory.take());
        }
        return usedSlots++;
    }

    private void giveSlot(int slot) {
        if (freeCount == freeSlots.length) {
            freeSlots = Arrays.copyOf(freeSlots, freeCount * 2);
        }
        freeSlots[freeCount++] = slot;
    }

    private MemorySegment slot(int slot) {
        return chunks.get(slot >>> CHUNK_SHIFT)
                .asSlice((long) (slot & ((1 << CHUNK_SHIFT) - 1)) * BLOCK_BYTES, BLOCK_BYTES);
    }
}
