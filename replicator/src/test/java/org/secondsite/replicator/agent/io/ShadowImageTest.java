package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.DirtyPageTracker;

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

    /** Tells of the pages that a test wrote, except of one. */
    private static final class ForgetfulTracker implements DirtyPageTracker {
        private final long[] written;
        private final int forgotten;
        private boolean fails;
        private boolean closed;

        ForgetfulTracker(int pages, int forgotten) {
            written = new long[(pages + 63) / 64];
            this.forgotten = forgotten;
        }

        void write(byte[] ram, int page) {
            ram[page * PAGE_BYTES + 11]++;
            if (page != forgotten) {
                written[page / 64] |= 1L << page % 64;
            }
        }

        @Override
        public void collect(long[] into) throws IOException {
            for (int word = 0; word < written.length; word++) {
                into[word] |= written[word];
                written[word] = 0;
            }
            if (fails) {
                throw new IOException("planted");
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void withATrackerADroppedEpochsPagesComeAgainAndUnchangedOnesDoNot() {
        byte[] ram = new byte[300 * PAGE_BYTES];
        MemorySegment live = MemorySegment.ofArray(ram);
        ForgetfulTracker tracker = new ForgetfulTracker(300, -1);
        try (ShadowImage shadow = new ShadowImage("test", ram.length)) {
            shadow.track(tracker);
            shadow.prefill(live);
            tracker.write(ram, 4);
            shadow.changed(live).close();
            tracker.write(ram, 200);
            tracker.written[0] |= 1L << 60;
            try (PageSet changed = shadow.changed(live)) {
                assertEquals(new TreeSet<>(Arrays.asList(4, 200)), numbers(changed));
                shadow.advance(changed, ONE);
            }
            try (PageSet changed = shadow.changed(live)) {
                assertEquals(Set.of(), numbers(changed));
            }
            assertTrue(shadow.isTracked());
        }
        assertTrue(tracker.closed);
    }

    @Test
    void aTrackerThatMissesAPageIsFoundOutAndAllPagesAreComparedInThatPause() {
        int pages = 1000;
        byte[] ram = new byte[pages * PAGE_BYTES];
        MemorySegment live = MemorySegment.ofArray(ram);
        ForgetfulTracker tracker = new ForgetfulTracker(pages, 777);
        try (ShadowImage shadow = new ShadowImage("test", ram.length)) {
            shadow.track(tracker);
            shadow.prefill(live);
            tracker.write(ram, 777);
            int epochs = 0;
            while (shadow.isTracked()) {
                tracker.write(ram, epochs);
                try (PageSet changed = shadow.changed(live)) {
                    assertEquals(
                            shadow.isTracked() ? Set.of(epochs) : new TreeSet<>(Arrays.asList(epochs, 777)),
                            numbers(changed));
                    shadow.advance(changed, ONE);
                }
                shadow.audit(live);
                epochs++;
                assertTrue(epochs <= 130, "not found out within a round of audits");
            }
            assertTrue(tracker.closed);
            try (PageSet full = shadow.full()) {
                assertEquals(epochs + 1, full.count(), "the shadow has every page");
            }
        }
    }

    @Test
    void aTrackerThatFailsIsReplacedByComparingInThatPause() {
        byte[] ram = new byte[100 * PAGE_BYTES];
        MemorySegment live = MemorySegment.ofArray(ram);
        ForgetfulTracker tracker = new ForgetfulTracker(100, 50);
        try (ShadowImage shadow = new ShadowImage("test", ram.length)) {
            shadow.track(tracker);
            shadow.prefill(live);
            tracker.write(ram, 3);
            tracker.write(ram, 50);
            tracker.fails = true;
            try (PageSet changed = shadow.changed(live)) {
                assertEquals(new TreeSet<>(Arrays.asList(3, 50)), numbers(changed));
            }
            assertFalse(shadow.isTracked());
            assertTrue(tracker.closed);
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
