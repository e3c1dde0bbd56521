package org.secondsite.replicator.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.DiskEpochs;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;

/** The tunnel's form of epochs of a VM with disks. */
class DiskEpochCodecTest {
    private static final CodecSettings SETTINGS = new CodecSettings(1, 17, 8 << 20);
    private static final long MAX_BYTES = 64 << 20;

    private final CodecBuffers buffers = new CodecBuffers();

    private static ByteBuf encode(EpochEncoder encoder, Epoch epoch) {
        ByteBuf coded = Unpooled.directBuffer();
        encoder.begin(epoch);
        while (!encoder.next(coded)) {
            assertTrue(coded.isReadable());
        }
        return coded;
    }

    @Test
    void blocksRangesAndMissingBlocksComeBackAsTheyWereHoweverTheBytesAreCut() {
        long takenBefore = PageSet.takenBytes();
        SplittableRandom dice = new SplittableRandom(4);
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers);
                EpochDecoder decoder = new EpochDecoder(DiskEpochs.VM, SETTINGS, buffers, MAX_BYTES)) {
            for (int number = 1; number <= 6; number++) {
                // The third has more ranges than a block takes.
                try (Epoch sent = DiskEpochs.epoch(number, number == 3 ? 3000 : 20, number < 3 ? 5000 - number : 0)) {
                    ByteBuf coded = encode(encoder, sent);
                    Decoded<Epoch, String> result = Decoded.needMore();
                    while (coded.isReadable()) {
                        assertInstanceOf(Decoded.NeedMore.class, result);
                        int piece = Math.min(coded.readableBytes(), 1 + dice.nextInt(100_000));
                        result = decoder.feed(new EpochId(3, number), coded.readSlice(piece));
                    }
                    try (Epoch back = result.complete().orElseThrow()) {
                        assertTrue(DiskEpochs.same(sent, back), "epoch " + number);
                    }
                    coded.release();
                }
            }
        }
        assertEquals(takenBefore, PageSet.takenBytes());
    }

    @Test
    void garbledAtAnyPlaceItIsRefusedOrIsTheEpochAndNeverThrows() {
        SplittableRandom dice = new SplittableRandom(5);
        try (Epoch sent = DiskEpochs.epoch(1, 30, 9)) {
            ByteBuf coded;
            try (EpochEncoder encoder = new EpochEncoder(SETTINGS, buffers)) {
                coded = encode(encoder, sent);
            }
            for (int round = 0; round < 3000; round++) {
                ByteBuf garbled = coded.copy();
                // The head is where lengths are: half of the rounds hit it.
                int at = dice.nextInt(dice.nextBoolean() ? 200 : garbled.readableBytes());
                garbled.setByte(at, garbled.getByte(at) ^ (1 << dice.nextInt(8)));
                try (EpochDecoder decoder = new EpochDecoder(DiskEpochs.VM, SETTINGS, buffers, MAX_BYTES)) {
                    if (decoder.feed(new EpochId(3, 1), garbled)
                            instanceof Decoded.Complete<Epoch, String>(Epoch back)) {
                        assertTrue(DiskEpochs.same(sent, back), "byte " + at);
                        back.close();
                    }
                }
                garbled.release();
            }
            coded.release();
        }
    }
}
