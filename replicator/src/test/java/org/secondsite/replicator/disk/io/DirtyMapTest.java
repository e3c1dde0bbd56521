package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.disk.Chunks;
import org.secondsite.replicator.disk.DirtyHeader;

/** What a dirty map names after a kill, after a loss of power, and when its base moves. */
class DirtyMapTest {
    private static final List<Long> SIZES = List.of((1L << 30) + 5, 100L << 20);
    private static final int CHUNK = Chunks.CHUNK_BYTES;

    @TempDir
    Path directory;

    private Path file;
    private int copies;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("vm1.dirty");
    }

    private DirtyMap open() throws IOException {
        return DirtyMap.open(file, SIZES);
    }

    /** What another process finds when this one is killed now. */
    private DirtyMap afterKill() throws IOException {
        return DirtyMap.open(Files.copy(file, directory.resolve("killed" + copies++)), SIZES);
    }

    /** What is found in another boot, when nothing has reached the disk but what was forced there: no bit of a chunk, at worst. */
    private DirtyMap afterPowerLoss() throws IOException {
        Path left = Files.copy(file, directory.resolve("lost" + copies++));
        try (RandomAccessFile bytes = new RandomAccessFile(left.toFile(), "rw")) {
            byte[] slots = new byte[DirtyHeader.SLOTS * DirtyHeader.SLOT_BYTES];
            bytes.readFully(slots);
            DirtyHeader head = DirtyHeader.newest(ByteBuffer.wrap(slots)).orElseThrow();
            DirtyHeader elsewhere = head.next(head.claim(), new UUID(1, 1));
            bytes.seek(elsewhere.slotOffset());
            bytes.write(elsewhere.write().array());
            // A page of hot extents, then the chunks' bits.
            bytes.seek(slots.length + 4096);
            bytes.write(new byte[4096]);
        }
        return DirtyMap.open(left, SIZES);
    }

    private static void rebase(DirtyMap map, EpochId epoch) throws IOException {
        map.cut();
        map.made(epoch);
        assertEquals(epoch, map.due(epoch).orElseThrow());
        map.settle(epoch);
    }

    @Test
    void aKillLosesNoBitWhateverStandsBesideItInTheSameByte() throws Exception {
        SplittableRandom dice = new SplittableRandom(4);
        BitSet expected = new BitSet();
        try (DirtyMap map = open()) {
            for (int i = 0; i < 300; i++) {
                int chunk = dice.nextInt(16_000);
                int count = 1 + dice.nextInt(20);
                map.mark(0, (long) chunk * CHUNK + dice.nextInt(CHUNK), (long) (count - 1) * CHUNK + 1);
                expected.set(chunk, chunk + count);
                assertTrue(map.dirty(0).get(chunk));
            }
            try (DirtyMap again = afterKill()) {
                assertEquals(map.dirty(0), again.dirty(0));
                expected.andNot(again.dirty(0));
                assertTrue(expected.isEmpty(), "lost " + expected);
                assertTrue(again.dirty(1).isEmpty());
            }
        }
    }

    @Test
    void aLossOfPowerLosesNoChangeBecauseItsExtentWasHotBefore() throws Exception {
        try (DirtyMap map = open()) {
            rebase(map, new EpochId(1, 1));
            map.mark(0, 3L * CHUNK, 1);
            map.mark(0, 900L * CHUNK, 5L * CHUNK);
            try (DirtyMap again = afterPowerLoss()) {
                BitSet found = again.dirty(0);
                BitSet named = map.dirty(0);
                named.andNot(found);
                assertTrue(named.isEmpty(), "lost " + named);
                assertEquals(2 * Chunks.EXTENT_CHUNKS, found.cardinality(), "two extents");
                assertEquals(map.claim(), again.claim());
            }
        }
    }

    @Test
    void tooManyHotExtentsAreForcedInsteadAndNothingIsLost() throws Exception {
        List<Long> large = List.of(10L << 30);
        try (DirtyMap map = DirtyMap.open(file, large)) {
            for (int extent = 0; extent < 600; extent++) {
                map.mark(0, (long) extent * Chunks.EXTENT_CHUNKS * CHUNK, 1);
            }
            assertEquals(600, map.dirtyChunks());
            // A range of all of it, such as a guest's discard.
            map.mark(0, 0, 10L << 30);
            assertEquals(Chunks.of(10L << 30), map.dirtyChunks());
        }
        try (DirtyMap again = DirtyMap.open(file, large)) {
            assertEquals(Chunks.of(10L << 30), again.dirtyChunks());
        }
    }

    @Test
    void anExtentThatWasWrittenToStaysHotOverOneNewBaseAndOneThatIsWrittenToAgainOverEvery() throws Exception {
        long other = 900L * CHUNK;
        try (DirtyMap map = open()) {
            rebase(map, new EpochId(1, 1));
            map.mark(0, 0, 1);
            map.mark(0, other, 1);
            assertEquals(2, map.hotExtents());
            rebase(map, new EpochId(1, 2));
            assertEquals(2, map.hotExtents());
            assertEquals(0, map.dirtyChunks());
            for (int round = 3; round < 6; round++) {
                map.mark(0, other, 1);
                assertEquals(round == 3 ? 2 : 1, map.hotExtents());
                rebase(map, new EpochId(1, round));
                assertEquals(1, map.hotExtents());
            }
            rebase(map, new EpochId(1, 6));
            assertEquals(0, map.hotExtents());
        }
    }

    @Test
    void theBaseMovesWithTheBitsAndWhatIsWrittenAfterTheCutStays() throws Exception {
        try (DirtyMap map = open()) {
            map.mark(0, 0, 1);
            map.cut();
            map.mark(0, 70L * CHUNK, 1);
            map.made(new EpochId(3, 8));
            map.mark(0, 71L * CHUNK, 1);
            assertTrue(map.due(new EpochId(3, 7)).isEmpty(), "it is not acknowledged");
            map.settle(new EpochId(3, 9));
            assertEquals(DiskClaim.NONE, map.claim(), "another epoch than the one that is due");
            map.settle(map.due(new EpochId(3, 9)).orElseThrow());
            assertEquals(BitSet.valueOf(new long[] {0, 0b11000000}), map.dirty(0));
            assertEquals(new DiskClaim(new EpochId(3, 8), 3, 3), map.claim());
            try (DirtyMap again = afterKill();
                    DirtyMap elsewhere = afterPowerLoss()) {
                assertEquals(map.dirty(0), again.dirty(0));
                assertEquals(map.claim(), again.claim());
                assertTrue(elsewhere.dirty(0).get(70));
            }
        }
    }

    @Test
    void anEpochThatIsDroppedOrWhoseChainEndsIsNoBase() throws Exception {
        try (DirtyMap map = open()) {
            map.cut();
            map.dropped();
            map.made(new EpochId(1, 1));
            assertTrue(map.due(new EpochId(9, 9)).isEmpty());
            map.cut();
            map.made(new EpochId(1, 2));
            map.dropped();
            assertEquals(new EpochId(1, 2), map.due(new EpochId(9, 9)).orElseThrow(), "a later one was dropped");
            map.endGathering();
            assertTrue(map.due(new EpochId(9, 9)).isEmpty());
            map.settle(new EpochId(1, 2));
            assertEquals(DiskClaim.NONE, map.claim());
        }
    }

    @Test
    void disksOfOtherSizesOrADamagedHeadHaveAMapThatKnowsNothing() throws Exception {
        try (DirtyMap map = open()) {
            rebase(map, new EpochId(1, 1));
        }
        try (DirtyMap map = DirtyMap.open(file, List.of(SIZES.get(0), SIZES.get(1) + 4096))) {
            assertEquals(DiskClaim.NONE, map.claim());
        }
        try (DirtyMap map = open()) {
            assertEquals(DiskClaim.NONE, map.claim());
            rebase(map, new EpochId(1, 1));
        }
        byte[] bytes = Files.readAllBytes(file);
        for (int slot = 0; slot < DirtyHeader.SLOTS; slot++) {
            bytes[slot * DirtyHeader.SLOT_BYTES + 17] ^= 1;
        }
        Files.write(file, bytes);
        try (DirtyMap map = open()) {
            assertEquals(DiskClaim.NONE, map.claim());
        }
    }

    @Test
    void aTermAfterABreakCountsWithoutThoseBefore() throws Exception {
        try (DirtyMap map = open()) {
            rebase(map, new EpochId(3, 1));
            map.made(new EpochId(4, 1));
            assertEquals(new DiskClaim(new EpochId(3, 1), 3, 4), map.claim(), "the same VM under the next term");
            map.vmGone();
            map.made(new EpochId(7, 1));
            assertEquals(new DiskClaim(new EpochId(3, 1), 7, 7), map.claim());
            map.reset(new EpochId(8, 5));
            assertEquals(DiskClaim.of(new EpochId(8, 5)), map.claim());
            map.forget();
            assertEquals(DiskClaim.NONE, map.claim());
        }
    }
}
