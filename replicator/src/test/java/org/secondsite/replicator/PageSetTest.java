package org.secondsite.replicator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

class PageSetTest {
    private static final VmId VM = new VmId("web");

    @Test
    void holdsWhatWasAddedAsASortedMapDoes() {
        for (long seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            TreeMap<Integer, byte[]> reference = new TreeMap<>();
            int pages = random.nextInt(1200);
            for (int i = 0; i < pages; i++) {
                reference.put(random.nextInt(4000), randomPage(random));
            }
            try (PageSet set = build(reference)) {
                assertEquals(reference.size(), set.count(), "seed " + seed);
                int index = 0;
                int stored = 0;
                for (Map.Entry<Integer, byte[]> entry : reference.entrySet()) {
                    boolean zero = Arrays.equals(entry.getValue(), new byte[PageSet.PAGE_BYTES]);
                    assertEquals(entry.getKey(), set.number(index), "seed " + seed);
                    assertEquals(zero, set.isZero(index), "seed " + seed);
                    assertEquals(-1, set.content(index).mismatch(MemorySegment.ofArray(entry.getValue())));
                    if (!zero) {
                        assertEquals(
                                -1,
                                set.storedFrom(stored)
                                        .asSlice(0, PageSet.PAGE_BYTES)
                                        .mismatch(MemorySegment.ofArray(entry.getValue())));
                        stored++;
                    }
                    index++;
                }
                assertEquals(stored, set.storedCount(), "seed " + seed);
            }
        }
    }

    @Test
    void givesAllMemoryBackOnceHoweverOftenItIsClosed() {
        long before = PageSet.takenBytes();
        PageSet.Builder abandoned = PageSet.builder();
        abandoned.slot();
        abandoned.close();
        abandoned.close();
        PageSet.Builder onlyZeros = PageSet.builder();
        onlyZeros.add(3, ByteBuffer.allocate(PageSet.PAGE_BYTES));
        PageSet zeros = onlyZeros.build();
        assertEquals(before, PageSet.takenBytes());
        PageSet set = build(new TreeMap<>(Map.of(1, randomPage(new Random(1)), 9, randomPage(new Random(2)))));
        assertEquals(before + 16 * PageSet.PAGE_BYTES, PageSet.takenBytes(), "a small set takes little");
        set.close();
        set.close();
        zeros.close();
        assertEquals(before, PageSet.takenBytes());
        assertThrows(IllegalStateException.class, () -> set.content(0));
        assertThrows(IllegalStateException.class, () -> set.storedFrom(0));
    }

    @Test
    void refusesNumbersThatDoNotAscend() {
        try (PageSet.Builder builder = PageSet.builder()) {
            builder.addZero(7);
            assertThrows(IllegalArgumentException.class, () -> builder.addZero(7));
            assertThrows(IllegalArgumentException.class, () -> builder.add(2, ByteBuffer.allocate(4096)));
            assertThrows(IndexOutOfBoundsException.class, () -> builder.add(8, ByteBuffer.allocate(4095)));
            assertEquals(1, builder.count());
        }
        assertThrows(IllegalArgumentException.class, () -> PageSet.builder().addZero(-1));
    }

    @Test
    void checksumSeesEveryPartOfAnEpoch() {
        TreeMap<Integer, byte[]> pages = new TreeMap<>();
        Random random = new Random(5);
        for (int i = 0; i < 600; i++) {
            pages.put(i * 3, randomPage(random));
        }
        EpochHeader header = new EpochHeader(VM, new EpochId(4, 2), new EpochId(4, 1), 4096L * 2000);
        byte[] devices = {1, 2, 3};
        long sum = checksum(header, pages, devices);
        assertEquals(sum, checksum(header, pages, devices.clone()));
        assertNotEquals(sum, checksum(header, pages, new byte[] {1, 2}));
        assertNotEquals(sum, checksum(header, pages, new byte[] {1, 2, 4}));
        assertNotEquals(
                sum, checksum(new EpochHeader(VM, new EpochId(4, 2), EpochId.NONE, 4096L * 2000), pages, devices));
        for (int changed : new int[] {0, 299, 599}) {
            TreeMap<Integer, byte[]> other = new TreeMap<>(pages);
            byte[] page = other.get(changed * 3).clone();
            page[random.nextInt(4096)] ^= 0x10;
            other.put(changed * 3, page);
            assertNotEquals(sum, checksum(header, other, devices));
        }
        TreeMap<Integer, byte[]> moved = new TreeMap<>(pages);
        moved.put(1, moved.remove(0));
        assertNotEquals(sum, checksum(header, moved, devices));
    }

    @Test
    void anEpochRefusesPagesOutsideTheRam() {
        EpochHeader header = new EpochHeader(VM, new EpochId(1, 1), EpochId.NONE, 4096L * 8);
        assertTrue(header.isFull());
        try (PageSet.Builder builder = PageSet.builder()) {
            PageSet set = builder.addZero(8).build();
            assertThrows(IllegalArgumentException.class, () -> new Epoch(header, set, new byte[0]));
            set.close();
        }
        assertThrows(
                IllegalArgumentException.class, () -> new EpochHeader(VM, new EpochId(1, 1), new EpochId(1, 1), 4096));
        assertThrows(IllegalArgumentException.class, () -> new EpochHeader(VM, new EpochId(1, 1), EpochId.NONE, 4097));
        assertFalse(EpochHeader.isRamSize(0));
        assertFalse(EpochHeader.isRamSize(Long.MAX_VALUE));
    }

    @Test
    void aChecksumThatIsKeptPageByPageIsTheSame() {
        Random random = new Random(7);
        EpochHeader header = new EpochHeader(VM, new EpochId(4, 2), EpochId.NONE, 4096L * 2000);
        for (int count : new int[] {0, 1, 15, 16, 17, 255, 256, 257, 700}) {
            TreeMap<Integer, byte[]> pages = new TreeMap<>();
            for (int i = 0; i < count; i++) {
                pages.put(2 * i, i % 5 == 3 ? new byte[PageSet.PAGE_BYTES] : randomPage(random));
            }
            long sum = checksum(header, pages, new byte[] {1});
            pages.put(1999, randomPage(random));
            assertNotEquals(sum, checksum(header, pages, new byte[] {1}), count + " pages");
        }
    }

    /** As it is counted when it is asked for, and as it is kept. */
    private static long checksum(EpochHeader header, SortedMap<Integer, byte[]> pages, byte[] devices) {
        try (Epoch asked = new Epoch(header, build(pages), devices);
                Epoch kept = new Epoch(header, build(PageSet.checkedBuilder(), pages), devices)) {
            assertEquals(asked.checksum(), kept.checksum());
            return asked.checksum();
        }
    }

    private static PageSet build(SortedMap<Integer, byte[]> pages) {
        return build(PageSet.builder(), pages);
    }

    private static PageSet build(PageSet.Builder builder, SortedMap<Integer, byte[]> pages) {
        pages.forEach((number, content) -> builder.add(number, ByteBuffer.wrap(content)));
        return builder.build();
    }

    private static byte[] randomPage(Random random) {
        byte[] page = new byte[PageSet.PAGE_BYTES];
        switch (random.nextInt(4)) {
            case 0 -> {
                // stays a zero page
            }
            case 1 -> page[random.nextInt(page.length)] = 1;
            default -> random.nextBytes(page);
        }
        return page;
    }
}
