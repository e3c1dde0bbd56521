package org.secondsite.replicator.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.PageSet;

class EpochCodecTest {
    private static final VmId VM = new VmId("web");
    private static final long MAX_BYTES = 64 << 20;

    private static final CodecSettings SETTINGS = CodecSettings.DEFAULT;

    private final CodecBuffers buffers = new CodecBuffers();
    private long takenBefore;

    @BeforeEach
    void noteMemory() {
        takenBefore = PageSet.takenBytes();
    }

    @AfterEach
    void nothingLeaks() {
        assertEquals(takenBefore, PageSet.takenBytes());
    }

    @Test
    void epochsComeBackAsTheyWereHoweverTheBytesAreCut() {
        for (long seed = 0; seed < 6; seed++) {
            Random random = new Random(seed);
            Epochs guest = new Epochs(VM, 5000, seed);
            try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers);
                    EpochDecoder decoder = decoder()) {
                for (int number = 1; number <= 12; number++) {
                    EpochId id = new EpochId(seed + 1, number);
                    try (Epoch epoch = number == 7 ? guest.full(id) : guest.next(id, 400)) {
                        ByteBuf coded = encode(encoder, epoch);
                        try (Epoch back = decodeInPieces(decoder, id, coded, random, seed)) {
                            assertSame(epoch, back, seed);
                        }
                        coded.release();
                    }
                }
            }
        }
    }

    @Test
    void versionsStayInStepAtBothEndsWhateverIsEvicted() {
        for (long seed = 0; seed < 6; seed++) {
            long maxBytes = seed == 0 ? 0 : (512 << 10) * seed;
            CodecSettings settings = SETTINGS.withVersionBytes(maxBytes);
            Epochs guest = new Epochs(VM, 1500, seed);
            try (EpochEncoder encoder = new EpochEncoder(settings, buffers);
                    EpochDecoder decoder = new EpochDecoder(VM, settings, buffers, MAX_BYTES)) {
                for (int number = 1; number <= 14; number++) {
                    EpochId id = new EpochId(1, number);
                    try (Epoch epoch = number % 9 == 0 ? guest.full(id) : guest.next(id, 200)) {
                        ByteBuf coded = encode(encoder, epoch);
                        try (Epoch back = whole(decoder.feed(id, coded))) {
                            assertSame(epoch, back, seed);
                        }
                        coded.release();
                    }
                }
                assertTrue(encoder.counters().evictions() > 0, "seed " + seed);
                assertTrue(decoder.versionBytes() <= maxBytes + 2 * PageSet.CHUNK_BYTES, "seed " + seed);
            }
        }
    }

    @Test
    void whatIsSentAgainUnchangedCostsNextToNothing() {
        Epochs guest = new Epochs(VM, 2000, 5);
        guest.next(new EpochId(1, 1), 1500).close();
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers)) {
            int first = codedBytes(encoder, guest.full(new EpochId(1, 2)));
            int again = codedBytes(encoder, guest.full(new EpochId(1, 3)));
            assertTrue(first > 500_000 && again < 1000, first + " and " + again + " bytes");
            assertTrue(encoder.counters().hitRatio() > 0.4);
        }
    }

    @Test
    void whatDoesNotShrinkStandsAsItIsAndWhatShrinksAgainIsFound() {
        Random random = new Random(11);
        byte[] noise = new byte[20 << 20];
        random.nextBytes(noise);
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers);
                EpochDecoder decoder = decoder()) {
            EpochId base = EpochId.NONE;
            for (int number = 1; number <= 8; number++) {
                EpochId id = new EpochId(1, number);
                boolean isNoise = number != 4;
                try (Epoch epoch = pages(id, base, noise, isNoise ? 512 * number : -1)) {
                    ByteBuf coded = encode(encoder, epoch);
                    int stored = storedBlocks(coded.duplicate());
                    if (isNoise) {
                        assertTrue(coded.readableBytes() < epoch.plainBytes() * 1.01, "epoch " + id);
                        assertTrue(number == 1 || stored > 4, stored + " blocks of 8 stored in epoch " + id);
                    } else {
                        assertTrue(coded.readableBytes() < epoch.plainBytes() / 4, "epoch " + id);
                        assertEquals(0, stored);
                    }
                    try (Epoch back = whole(decoder.feed(id, coded))) {
                        assertSame(epoch, back, number);
                    }
                    coded.release();
                }
                base = id;
            }
        }
    }

    /** 512 pages, of the noise from a place in it, or of words. */
    private static Epoch pages(EpochId id, EpochId base, byte[] noise, int from) {
        PageSet.Builder pages = PageSet.builder();
        ByteBuffer words =
                ByteBuffer.wrap("the quick brown fox jumps over it ".repeat(200).getBytes(US_ASCII));
        for (int page = 0; page < 512; page++) {
            pages.add(
                    page,
                    from < 0
                            ? words.slice(page, PageSet.PAGE_BYTES)
                            : ByteBuffer.wrap(noise, (from + page) * PageSet.PAGE_BYTES, PageSet.PAGE_BYTES));
        }
        return new Epoch(new EpochHeader(VM, id, base, 1024L * PageSet.PAGE_BYTES), pages.build(), new byte[0]);
    }

    private static int storedBlocks(ByteBuf coded) {
        int stored = 0;
        while (coded.isReadable()) {
            stored += (coded.readUnsignedByte() & EpochBlock.STORED) != 0 ? 1 : 0;
            int codedBytes = coded.readUnsignedMedium();
            coded.skipBytes(Integer.BYTES + codedBytes);
        }
        return stored;
    }

    @Test
    void aNewEncoderStartsTheDecoderAnew() {
        Epochs guest = new Epochs(VM, 300, 9);
        try (EpochDecoder decoder = decoder()) {
            for (int number = 1; number <= 6; number++) {
                EpochId id = new EpochId(1, number);
                try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers);
                        Epoch epoch = guest.next(id, 100)) {
                    ByteBuf coded = encode(encoder, epoch);
                    try (Epoch back = whole(decoder.feed(id, coded))) {
                        assertSame(epoch, back, number);
                    }
                    coded.release();
                }
            }
        }
    }

    @Test
    void aStreamThatMissesAnEpochIsMalformedAndNeverAnotherEpoch() {
        for (long seed = 0; seed < 20; seed++) {
            Epochs guest = new Epochs(VM, 200, seed);
            try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers);
                    EpochDecoder decoder = decoder()) {
                for (int number = 1; number <= 3; number++) {
                    EpochId id = new EpochId(1, number);
                    try (Epoch epoch = guest.next(id, 150)) {
                        ByteBuf coded = encode(encoder, epoch);
                        if (number == 1) {
                            whole(decoder.feed(id, coded)).close();
                        } else if (number == 3) {
                            expectNoOtherEpoch(decoder.feed(id, coded), epoch, "seed " + seed);
                        }
                        coded.release();
                    }
                }
            }
        }
    }

    @Test
    void manyZeroPagesAndAFullImageFit() {
        PageSet.Builder builder = PageSet.builder();
        Random random = new Random(1);
        byte[] page = new byte[PageSet.PAGE_BYTES];
        for (int number = 0; number < 40_000; number++) {
            if (number % 9 == 0) {
                random.nextBytes(page);
                builder.add(number, ByteBuffer.wrap(page));
            } else {
                builder.addZero(number);
            }
        }
        EpochHeader header = new EpochHeader(VM, new EpochId(1, 1), EpochId.NONE, 40_000L * PageSet.PAGE_BYTES);
        try (Epoch epoch = new Epoch(header, builder.build(), new byte[700_000]);
                EpochDecoder decoder = decoder()) {
            ByteBuf coded = encodeAlone(epoch);
            try (Epoch back = whole(decoder.feed(new EpochId(1, 1), coded))) {
                assertSame(epoch, back, 1);
            }
            coded.release();
        }
    }

    @Test
    void truncatedAtEveryByteIsNeverAnEpoch() {
        try (Epoch epoch = small()) {
            ByteBuf coded = encodeAlone(epoch);
            for (int length = 0; length < coded.readableBytes(); length++) {
                try (EpochDecoder decoder = decoder()) {
                    Decoded<Epoch, String> result = decoder.feed(epoch.header().epoch(), coded.slice(0, length));
                    assertInstanceOf(Decoded.NeedMore.class, result, "cut at " + length);
                }
            }
            coded.release();
        }
    }

    @Test
    void anyFlippedBitIsNeverAnotherEpoch() {
        try (Epoch epoch = small()) {
            ByteBuf coded = encodeAlone(epoch);
            for (int bit = 0; bit < coded.readableBytes() * 8; bit++) {
                ByteBuf damaged = coded.copy();
                damaged.setByte(bit / 8, damaged.getByte(bit / 8) ^ 1 << bit % 8);
                try (EpochDecoder decoder = decoder()) {
                    expectNoOtherEpoch(decoder.feed(epoch.header().epoch(), damaged), epoch, "bit " + bit);
                }
                damaged.release();
            }
            coded.release();
        }
    }

    @Test
    void randomDamageIsNeverAnotherEpochAndNeverThrows() {
        for (long seed = 0; seed < 800; seed++) {
            Random random = new Random(seed);
            try (Epoch epoch = small();
                    EpochDecoder decoder = decoder()) {
                ByteBuf coded = encodeAlone(epoch);
                int changes = 1 + random.nextInt(6);
                for (int i = 0; i < changes; i++) {
                    int at = random.nextInt(coded.readableBytes());
                    switch (random.nextInt(3)) {
                        case 0 -> coded.setByte(at, random.nextInt());
                        case 1 -> coded.setInt(Math.min(at, coded.capacity() - 4), random.nextInt());
                        default -> coded.writerIndex(Math.max(1, at));
                    }
                }
                expectNoOtherEpoch(decoder.feed(epoch.header().epoch(), coded), epoch, "seed " + seed);
                coded.release();
            }
        }
    }

    @Test
    void announcedSizesAreCheckedBeforeMemoryIsTaken() {
        try (Epoch epoch = small();
                EpochDecoder decoder = new EpochDecoder(VM, SETTINGS, buffers, epoch.plainBytes() - 1)) {
            ByteBuf coded = encodeAlone(epoch);
            Decoded<Epoch, String> result = decoder.feed(epoch.header().epoch(), coded);
            assertTrue(result.refused().orElseThrow().contains("are more than"), result.toString());
            coded.release();
        }
    }

    private static void expectNoOtherEpoch(Decoded<Epoch, String> result, Epoch sent, String what) {
        if (result instanceof Decoded.Complete<Epoch, String>(Epoch epoch)) {
            try (epoch) {
                assertSame(sent, epoch, 0);
            }
        } else {
            assertTrue(result instanceof Decoded.Refused || result instanceof Decoded.NeedMore, what);
        }
    }

    private static Epoch decodeInPieces(EpochDecoder decoder, EpochId id, ByteBuf coded, Random random, long seed) {
        while (true) {
            int length = Math.min(coded.readableBytes(), 1 + random.nextInt(random.nextBoolean() ? 20 : 100_000));
            Decoded<Epoch, String> result = decoder.feed(id, coded.readSlice(length));
            if (result instanceof Decoded.Complete<Epoch, String>(Epoch epoch)) {
                assertEquals(0, coded.readableBytes(), "seed " + seed);
                return epoch;
            }
            assertInstanceOf(Decoded.NeedMore.class, result, "seed " + seed);
        }
    }

    private static Epoch whole(Decoded<Epoch, String> result) {
        return result.complete().orElseThrow();
    }

    private static int codedBytes(EpochEncoder encoder, Epoch epoch) {
        ByteBuf coded = encode(encoder, epoch);
        int bytes = coded.readableBytes();
        coded.release();
        epoch.close();
        return bytes;
    }

    private EpochDecoder decoder() {
        return new EpochDecoder(VM, SETTINGS, buffers, MAX_BYTES);
    }

    private ByteBuf encodeAlone(Epoch epoch) {
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers)) {
            return encode(encoder, epoch);
        }
    }

    private static ByteBuf encode(EpochEncoder encoder, Epoch epoch) {
        ByteBuf out = Unpooled.directBuffer();
        encoder.begin(epoch);
        while (!encoder.next(out)) {
            assertTrue(encoder.inEpoch());
        }
        return out;
    }

    private static Epoch small() {
        Epochs guest = new Epochs(VM, 64, 3);
        guest.next(new EpochId(2, 1), 5).close();
        return guest.next(new EpochId(2, 2), 12);
    }

    private static void assertSame(Epoch expected, Epoch actual, long seed) {
        assertEquals(expected.header(), actual.header(), "seed " + seed);
        assertTrue(expected.pages().sameAs(actual.pages()), "seed " + seed);
        assertArrayEquals(expected.deviceState(), actual.deviceState(), "seed " + seed);
        assertEquals(expected.checksum(), actual.checksum(), "seed " + seed);
    }
}
