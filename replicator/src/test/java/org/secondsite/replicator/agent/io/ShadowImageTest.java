package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;

class ShadowImageTest {
    private static final EpochId ONE = new EpochId(1, 1);

    /** Sizes around the stripe of 256 pages and the word of 64. */
    private static final int[] PAGES = {1, 63, 64, 65, 255, 256, 257, 1000};

    @Test
    void findsWhatANaiveComparisonFinds() {
        long seed = 77;
        Random random = new Random(seed);
        for (int pages : PAGES) {
            byte[] ram = new byte[pages * PAGE_BYTES];
            MemorySegment live = MemorySegment.ofArray(ram);
            try (ShadowImage shadow = new ShadowImage("test", ram.length)) {
                byte[] before = ram.clone();
                shadow.prefill(live);
                for (int round = 0; round < 20; round++) {
                    int changes = random.nextInt(pages) + 1;
                    for (int i = 0; i < changes; i++) {
                        ram[random.nextInt(ram.length)] = (byte) random.nextInt(4);
                    }
                    ram[random.nextBoolean() ? 0 : ram.length - 1]++;
                    Set<Integer> expected = naive(before, ram);
                    try (PageSet changed = shadow.changed(live)) {
                        assertEquals(expected, numbers(changed), "seed " + seed + ", " + pages + " pages");
                        for (int i = 0; i < changed.count(); i++) {
                            long from = (long) changed.number(i) * PAGE_BYTES;
                            assertEquals(
                                    -1,
                                    MemorySegment.mismatch(
                                            changed.content(i), 0, PAGE_BYTES, live, from, from + PAGE_BYTES));
                        }
                        if (round % 3 != 0) {
                            shadow.advance(changed, ONE);
                            before = ram.clone();
                        }
                    }
                }
            }
        }
        assertEquals(0, PageSet.takenBytes());
    }

    @Test
    void aFullImageIsEveryPageThatIsNotZero() {
        byte[] ram = new byte[300 * PAGE_BYTES];
        MemorySegment live = MemorySegment.ofArray(ram);
        live.set(ValueLayout.JAVA_BYTE, 7L * PAGE_BYTES + 4095, (byte) 1);
        try (ShadowImage shadow = new ShadowImage("test", ram.length)) {
            shadow.prefill(live);
            assertEquals(EpochId.NONE, shadow.epoch());
            live.set(ValueLayout.JAVA_BYTE, 299L * PAGE_BYTES, (byte) 1);
            live.set(ValueLayout.JAVA_BYTE, 7L * PAGE_BYTES + 4095, (byte) 0);
            live.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            try (PageSet changed = shadow.changed(live)) {
                assertEquals(new TreeSet<>(Arrays.asList(0, 7, 299)), numbers(changed));
                shadow.advance(changed, ONE);
            }
            try (PageSet full = shadow.full()) {
                assertEquals(new TreeSet<>(Arrays.asList(0, 299)), numbers(full));
            }
            assertEquals(ONE, shadow.epoch());
        }
    }

    private static Set<Integer> naive(byte[] before, byte[] after) {
        Set<Integer> pages = new TreeSet<>();
        for (int i = 0; i < after.length; i++) {
            if (before[i] != after[i]) {
                pages.add(i / PAGE_BYTES);
            }
        }
        return pages;
    }

    private static Set<Integer> numbers(PageSet set) {
        Set<Integer> numbers = new TreeSet<>();
        for (int i = 0; i < set.count(); i++) {
            numbers.add(set.number(i));
        }
        return numbers;
    }
}
