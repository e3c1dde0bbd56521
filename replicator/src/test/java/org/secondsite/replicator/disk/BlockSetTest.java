package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;

class BlockSetTest {
    private static final int B = BlockSet.BLOCK_BYTES;

    private final BlockMemory memory = new BlockMemory(64 << 20);

    @AfterEach
    void freeMemory() {
        memory.close();
    }

    /** What an image becomes when a set is applied to it, as the standby does it. */
    private static void apply(BlockSet set, byte[] image) {
        for (BlockRange range : set.zeroRanges()) {
            Arrays.fill(image, range.first() * B, range.end() * B, (byte) 0);
        }
        try (PageSet pages = set.pages()) {
            assertEquals(set.count(), pages.count());
            for (int i = 0; i < pages.count(); i++) {
                MemorySegment.copy(pages.content(i), 0, MemorySegment.ofArray(image), (long) pages.number(i) * B, B);
            }
        }
    }

    private static void fill(BlockSet set, int block, int value) {
        set.content(block).fill((byte) value);
    }

    @Test
    void theLastContentOfABlockCounts() {
        try (BlockSet set = new BlockSet(memory)) {
            fill(set, 7, 1);
            fill(set, 7, 2);
            byte[] image = new byte[16 * B];
            apply(set, image);
            assertEquals(1, set.count());
            assertEquals(2, image[7 * B]);
        }
    }

    @Test
    void discardingAWholeDiskIsOneRangeAndGivesTheContentsBack() {
        try (BlockSet set = new BlockSet(memory)) {
            for (int block = 0; block < 1000; block++) {
                fill(set, block * 3, 1);
            }
            set.zero(0, Integer.MAX_VALUE - 1);
            assertEquals(0, set.count());
            assertEquals(List.of(new BlockRange(0, Integer.MAX_VALUE - 1)), set.zeroRanges());
            long before = memory.takenBytes();
            for (int block = 0; block < 1000; block++) {
                fill(set, block, 2);
            }
            assertEquals(before, memory.takenBytes(), "the places of dropped blocks are used again");
        }
    }

    @Test
    void rangesThatTouchBecomeOne() {
        try (BlockSet set = new BlockSet(memory)) {
            set.zero(0, 100);
            set.zero(300, 100);
            set.zero(1000, 100);
            set.zero(100, 200);
            set.zero(350, 900);
            assertEquals(List.of(new BlockRange(0, 1250)), set.zeroRanges());
            assertTrue(set.covers(1249));
            assertFalse(set.covers(1250));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anImageFollowsTheVolumeWhateverIsCutShippedAndGivenBack(long seed) {
        SplittableRandom dice = new SplittableRandom(seed);
        int blocks = 600;
        byte[] volume = new byte[blocks * B];
        byte[] standby = new byte[blocks * B];
        BlockSet open = new BlockSet(memory);
        ArrayDeque<BlockSet> cut = new ArrayDeque<>();
        for (int step = 0; step < 3000; step++) {
            int first = dice.nextInt(blocks);
            switch (dice.nextInt(12)) {
                case 0 -> {
                    cut.add(open);
                    open = new BlockSet(memory);
                }
                case 1 -> {
                    // The newest epoch that was not shipped is dropped: its blocks go back into the open one.
                    if (!cut.isEmpty()) {
                        open.mergeOlder(cut.removeLast());
                    }
                }
                case 2 -> {
                    if (!cut.isEmpty()) {
                        try (BlockSet shipped = cut.removeFirst()) {
                            apply(shipped, standby);
                        }
                    }
                }
                case 3, 4 -> {
                    int count = 1 + dice.nextInt(Math.min(blocks - first, dice.nextBoolean() ? 10 : 300));
                    Arrays.fill(volume, first * B, (first + count) * B, (byte) 0);
                    open.zero(first, count);
                }
                default -> {
                    byte value = (byte) dice.nextInt(256);
                    Arrays.fill(volume, first * B, (first + 1) * B, value);
                    fill(open, first, value);
                }
            }
        }
        cut.add(open);
        for (BlockSet left : cut) {
            try (left) {
                apply(left, standby);
            }
        }
        assertArrayEquals(volume, standby, "seed " + seed);
        assertEquals(0, memory.takenBytes(), "seed " + seed);
    }

    @Test
    void blocksAreShippedInAscendingOrderWithZerosFlagged() {
        try (BlockSet set = new BlockSet(memory)) {
            List<Integer> written = new ArrayList<>();
            SplittableRandom dice = new SplittableRandom(11);
            for (int i = 0; i < 5000; i++) {
                int block = dice.nextInt(1 << 30);
                if (!set.covers(block)) {
                    written.add(block);
                }
                fill(set, block, 1 + i % 100);
            }
            set.zero(written.getFirst(), 1);
            try (PageSet pages = set.pages()) {
                assertEquals(written.stream().sorted().toList(), numbers(pages));
                assertEquals(written.size() - 1, pages.storedCount());
            }
        }
    }

    private static List<Integer> numbers(PageSet pages) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < pages.count(); i++) {
            numbers.add(pages.number(i));
        }
        return numbers;
    }

    @Test
    void theLimitHoldsRequestsUpUnlessTheVmIsBeingStopped() {
        try (BlockMemory small = new BlockMemory(2 << 20);
                BlockSet set = new BlockSet(small)) {
            fill(set, 0, 1);
            assertTrue(small.admits());
            for (int block = 0; block < 300; block++) {
                fill(set, block, 1);
            }
            assertFalse(small.admits());
            small.drain(true);
            assertTrue(small.admits(), "stop waits for what the guest has already asked for");
            small.drain(false);
            assertFalse(small.admits());
        }
    }
}
