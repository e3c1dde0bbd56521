package org.secondsite.replicator.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageDeltaTest {
    /** Reads the streams as the drawing says, word by word, without any care for speed. */
    private static final class NaiveDecoder {
        private final ByteBuffer controls;
        private final ByteBuffer smalls;
        private final ByteBuffer literals;
        private long last;

        private NaiveDecoder(PageDelta.Coder coder) {
            controls = ByteBuffer.wrap(coder.controls(), 0, coder.controlBytes());
            smalls = ByteBuffer.wrap(coder.smalls(), 0, coder.smallBytes());
            literals =
                    ByteBuffer.wrap(coder.literals(), 0, coder.literalBytes()).order(ByteOrder.LITTLE_ENDIAN);
        }

        private long[] apply(long[] old) {
            long[] page = old.clone();
            int word = -1;
            for (long number = number(controls); number != 0; number = number(controls)) {
                word += (int) (number / 4);
                if (number % 4 == 0) {
                    long folded = number(smalls);
                    page[word] = old[word] + (folded % 2 == 0 ? folded / 2 : -(folded + 1) / 2);
                } else if (number % 4 == 1) {
                    page[word] = old[word] + last;
                } else {
                    page[word] = literals.getLong();
                    last = page[word] - old[word];
                }
            }
            return page;
        }

        private static long number(ByteBuffer in) {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                int next = in.get();
                value += (long) (next & 127) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }
    }

    @Test
    void givesTheNewPageAsTheNaiveDecoderDoes() throws MalformedEpochException {
        for (long seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            PageDelta.Coder coder = new PageDelta.Coder();
            coder.clear();
            long[][] olds = new long[8][];
            long[][] news = new long[8][];
            boolean[] coded = new boolean[8];
            for (int i = 0; i < olds.length; i++) {
                olds[i] = random.longs(PageDelta.WORDS).toArray();
                news[i] = changed(olds[i], random);
                int before = coder.controlBytes();
                int differing = coder.add(MemorySegment.ofArray(news[i]), MemorySegment.ofArray(olds[i]), 0);
                coded[i] = differing > 0;
                assertEquals(coded[i], coder.controlBytes() > before, "seed " + seed);
                if (differing >= 0) {
                    assertEquals(differences(olds[i], news[i]), differing, "seed " + seed);
                }
            }
            MemorySegment streams = streams(coder);
            PageDelta.Decoder decoder = decoder(coder, streams);
            NaiveDecoder naive = new NaiveDecoder(coder);
            for (int i = 0; i < olds.length; i++) {
                if (coded[i]) {
                    long[] page = olds[i].clone();
                    decoder.apply(MemorySegment.ofArray(page), 0);
                    assertArrayEquals(news[i], page, "seed " + seed);
                    assertArrayEquals(news[i], naive.apply(olds[i]), "seed " + seed);
                }
            }
            assertTrue(decoder.isExhausted(), "seed " + seed);
        }
    }

    @Test
    void aWorstPageStaysWithinItsBound() {
        long[] old = new long[PageDelta.WORDS];
        long[] page = new long[PageDelta.WORDS];
        for (int i = 0; i < page.length; i++) {
            page[i] = i < PageDelta.MAX_LITERALS ? 1L << (40 + i % 13) : 900_000 + i;
        }
        PageDelta.Coder coder = new PageDelta.Coder();
        for (int i = 0; i < EpochBlock.MAX_CODED_PAGES; i++) {
            assertTrue(coder.add(MemorySegment.ofArray(page), MemorySegment.ofArray(old), 0) > 0);
        }
        int bytes = coder.controlBytes() + coder.smallBytes() + coder.literalBytes();
        assertTrue(bytes <= EpochBlock.MAX_CODED_PAGES * PageDelta.MAX_BYTES, bytes + " bytes");
        assertEquals(-1, coder.add(MemorySegment.ofArray(noise(1)), MemorySegment.ofArray(old), 0));
        assertEquals(bytes, coder.controlBytes() + coder.smallBytes() + coder.literalBytes());
    }

    @Test
    void streamsThatAreCutOrDamagedAreMalformedOrAnotherPageAndNothingElse() {
        Random random = new Random(3);
        PageDelta.Coder coder = new PageDelta.Coder();
        long[] old = noise(4);
        coder.add(MemorySegment.ofArray(changed(old, new Random(77))), MemorySegment.ofArray(old), 0);
        byte[] whole = streams(coder).toArray(ValueLayout.JAVA_BYTE);
        for (int cut = 0; cut < coder.controlBytes(); cut++) {
            PageDelta.Decoder decoder = new PageDelta.Decoder(MemorySegment.ofArray(whole), cut, 0, 0);
            assertThrows(MalformedEpochException.class, () -> decoder.apply(MemorySegment.ofArray(old.clone()), 0));
        }
        for (int i = 0; i < 10_000; i++) {
            byte[] noise = Arrays.copyOf(whole, whole.length);
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                noise[random.nextInt(noise.length)] = (byte) random.nextInt();
            }
            long[] page = new long[PageDelta.WORDS + 2];
            page[0] = 11;
            page[PageDelta.WORDS + 1] = 12;
            PageDelta.Decoder decoder = new PageDelta.Decoder(
                    MemorySegment.ofArray(noise), coder.controlBytes(), coder.smallBytes(), coder.literalBytes());
            try {
                decoder.apply(MemorySegment.ofArray(page), Long.BYTES);
            } catch (MalformedEpochException e) {
                assertFalse(e.getMessage().isEmpty());
            }
            assertEquals(11, page[0], "nothing before the page is touched");
            assertEquals(12, page[PageDelta.WORDS + 1], "nothing behind the page is touched");
        }
    }

    private static long[] changed(long[] old, Random random) {
        long[] page = old.clone();
        long step = random.nextLong();
        int changes = random.nextInt(4) == 0 ? 512 : random.nextInt(60);
        for (int i = 0; i < changes; i++) {
            int word = random.nextInt(page.length);
            switch (random.nextInt(5)) {
                case 0 -> page[word] = random.nextLong();
                case 1, 2 -> page[word] = old[word] + step;
                default -> page[word] = old[word] + random.nextInt(1 << random.nextInt(1, 23)) - (1 << 20);
            }
        }
        return page;
    }

    private static int differences(long[] a, long[] b) {
        int count = 0;
        for (int i = 0; i < a.length; i++) {
            count += a[i] == b[i] ? 0 : 1;
        }
        return count;
    }

    private static long[] noise(long seed) {
        return new Random(seed).longs(PageDelta.WORDS).toArray();
    }

    private static MemorySegment streams(PageDelta.Coder coder) {
        byte[] all = new byte[coder.controlBytes() + coder.smallBytes() + coder.literalBytes()];
        System.arraycopy(coder.controls(), 0, all, 0, coder.controlBytes());
        System.arraycopy(coder.smalls(), 0, all, coder.controlBytes(), coder.smallBytes());
        System.arraycopy(coder.literals(), 0, all, coder.controlBytes() + coder.smallBytes(), coder.literalBytes());
        return MemorySegment.ofArray(all);
    }

    private static PageDelta.Decoder decoder(PageDelta.Coder coder, MemorySegment streams) {
        return new PageDelta.Decoder(streams, coder.controlBytes(), coder.smallBytes(), coder.literalBytes());
    }
}
