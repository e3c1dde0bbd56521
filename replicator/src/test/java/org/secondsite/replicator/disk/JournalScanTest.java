package org.secondsite.replicator.disk;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/** A journal of five epochs over two volumes, cut, garbled and forged. */
class JournalScanTest {
    private static final int B = BlockSet.BLOCK_BYTES;
    private static final int BLOCKS = 40;
    private static final int SALT = 0xCAFE;
    private static final EpochId FIRST = new EpochId(3, 9);

    private final MemorySegment journal = Arena.ofAuto().allocate(100L * B, 8);
    private final List<byte[][]> images = new ArrayList<>();
    private final List<Long> ends = new ArrayList<>();

    /** Writes the epochs, and remembers what the images are after each. */
    JournalScanTest() {
        SplittableRandom dice = new SplittableRandom(5);
        byte[][] now = {new byte[BLOCKS * B], new byte[BLOCKS * B]};
        images.add(copy(now));
        ends.add(0L);
        long at = 0;
        for (int e = 0; e < 5; e++) {
            List<VolumeChanges> changes = List.of(changes(0, now[0], dice), changes(1, now[1], dice));
            JournalRecord.write(journal.asSlice(at), SALT, epoch(e + 1), epoch(e), changes);
            at += JournalRecord.lengthOf(changes);
            changes.forEach(VolumeChanges::close);
            images.add(copy(now));
            ends.add(at);
        }
    }

    private static byte[][] copy(byte[][] images) {
        return new byte[][] {images[0].clone(), images[1].clone()};
    }

    /** Epoch 0 is where the images stand; a new term begins in the middle. */
    private static EpochId epoch(int index) {
        return index == 0 ? FIRST : index < 3 ? new EpochId(3, 9 + index) : new EpochId(5, index - 2);
    }

    private static VolumeChanges changes(int volume, byte[] image, SplittableRandom dice) {
        int first = dice.nextInt(BLOCKS - 10);
        int count = 1 + dice.nextInt(9);
        Arrays.fill(image, first * B, (first + count) * B, (byte) 0);
        try (PageSet.Builder blocks = PageSet.builder()) {
            for (int block = 0; block < BLOCKS; block += 1 + dice.nextInt(12)) {
                byte value = (byte) dice.nextInt(3);
                byte[] content = new byte[B];
                Arrays.fill(content, value);
                blocks.add(block, MemorySegment.ofArray(content), 0);
                blocks.lastNumber();
                System.arraycopy(content, 0, image, block * B, B);
            }
            return new VolumeChanges(volume, List.of(new BlockRange(first, count)), blocks.build());
        }
    }

    private static void apply(List<JournalRecord> records, byte[][] images) throws DiskException {
        for (JournalRecord record : records) {
            record.apply(new JournalRecord.Target() {
                @Override
                public void zero(int volume, int first, int count) {
                    Arrays.fill(images[volume], first * B, (first + count) * B, (byte) 0);
                }

                @Override
                public void write(int volume, int first, MemorySegment contents) {
                    MemorySegment.copy(
                            contents, JAVA_BYTE, 0, images[volume], first * B, Math.toIntExact(contents.byteSize()));
                }
            });
        }
    }

    private JournalScan scan(MemorySegment bytes, EpochId applied) {
        JournalScan scan = new JournalScan(applied);
        scan.add(bytes, SALT, "part 1");
        return scan;
    }

    private void judge(MemorySegment bytes, int wholeRecords, String what) throws DiskException {
        JournalScan scan = scan(bytes, FIRST);
        assertNull(scan.damage(), what);
        assertEquals(epoch(wholeRecords), scan.reached(), what);
        byte[][] recovered = copy(images.get(0));
        apply(scan.pending(), recovered);
        assertArrayEquals(images.get(wholeRecords)[0], recovered[0], what);
        assertArrayEquals(images.get(wholeRecords)[1], recovered[1], what);
        apply(scan.pending(), recovered);
        assertArrayEquals(images.get(wholeRecords)[0], recovered[0], what + ", applied twice");
    }

    private MemorySegment copyOfJournal() {
        MemorySegment copy = Arena.ofAuto().allocate(journal.byteSize(), 8);
        return copy.copyFrom(journal);
    }

    @Test
    void cutAtAnyBlockTheImagesAreTheLastWholeEpoch() throws DiskException {
        judge(journal, 5, "whole");
        for (long cut = 0; cut <= ends.get(5); cut += 512) {
            MemorySegment bytes = copyOfJournal();
            bytes.asSlice(cut).fill((byte) 0);
            long end = cut;
            int whole = (int) ends.stream().filter(e -> e > 0 && e <= end).count();
            // What a record's last block has behind its footer is zeros anyway.
            if (whole < 5 && ends.get(whole + 1) - cut < B - 32 && cut % B >= 32) {
                whole++;
            }
            judge(bytes, whole, "cut at " + cut);
        }
    }

    @Test
    void garbledInTheMiddleItIsLoudAndInTheLastRecordItIsCut() throws DiskException {
        SplittableRandom dice = new SplittableRandom(6);
        for (long at = 0; at < ends.get(5); at += 1 + dice.nextInt(700)) {
            MemorySegment bytes = copyOfJournal();
            bytes.set(JAVA_BYTE, at, (byte) (bytes.get(JAVA_BYTE, at) ^ (1 << dice.nextInt(8))));
            long place = at;
            int record = (int) ends.stream().filter(e -> e <= place).count();
            JournalScan scan = scan(bytes, FIRST);
            if (scan.reached().equals(epoch(5))) {
                // A byte that says nothing: padding.
                judge(bytes, 5, "flipped at " + at);
            } else if (record == 5) {
                judge(bytes, 4, "flipped at " + at);
            } else {
                assertNotNull(scan.damage(), "flipped at " + at);
                assertTrue(scan.damage().startsWith("what stands at part 1, byte "), scan.damage());
                assertEquals(epoch(record - 1), scan.reached(), "flipped at " + at);
            }
        }
    }

    @Test
    void whatTheImagesHaveAlreadyIsNotAppliedAgain() {
        JournalScan scan = scan(journal, epoch(3));
        assertNull(scan.damage());
        assertEquals(
                List.of(epoch(4), epoch(5)),
                scan.pending().stream().map(JournalRecord::epoch).toList());
    }

    @Test
    void aGapBetweenImagesAndJournalIsDamage() {
        assertNotNull(scan(journal.asSlice(ends.get(1)), FIRST).damage());
        assertNotNull(scan(journal, new EpochId(2, 1)).damage());
    }

    @Test
    void whatAGuestWroteIntoABlockIsNotTakenForARecord() throws DiskException {
        // The last record was being written: its content is there, its header is not. One of its blocks looks like a
        // record.
        MemorySegment bytes = copyOfJournal();
        bytes.asSlice(ends.get(4)).fill((byte) 0);
        List<VolumeChanges> forged = List.of(new VolumeChanges(0, List.of(new BlockRange(0, BLOCKS)), PageSet.empty()));
        JournalRecord.write(bytes.asSlice(ends.get(4) + 2L * B), SALT + 1, epoch(5), epoch(4), forged);
        judge(bytes, 4, "forged");
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                new byte[2 * B],
                new JournalScanTest().journal.asSlice(0, 10L * B).toArray(JAVA_BYTE));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreRecordsOrNone(byte[] in) throws DiskException {
        JournalScan scan = scan(MemorySegment.ofArray(in), FIRST);
        for (JournalRecord record : scan.pending()) {
            record.apply(new JournalRecord.Target() {
                @Override
                public void zero(int volume, int first, int count) {}

                @Override
                public void write(int volume, int first, MemorySegment contents) {}
            });
        }
    }
}
