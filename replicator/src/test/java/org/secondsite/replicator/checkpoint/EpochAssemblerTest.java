package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

class EpochAssemblerTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 4 << 20;

    private static Epoch epoch(long seed, int stateBytes) {
        Random random = new Random(seed);
        PageSet.Builder pages = PageSet.builder();
        byte[] content = new byte[PageSet.PAGE_BYTES];
        for (int page = random.nextInt(3); page < RAM_BYTES / PageSet.PAGE_BYTES; page += 1 + random.nextInt(5)) {
            if (random.nextInt(4) == 0) {
                pages.addZero(page);
            } else {
                random.nextBytes(content);
                pages.add(page, MemorySegment.ofArray(content), 0);
            }
        }
        byte[] state = new byte[stateBytes];
        random.nextBytes(state);
        return new Epoch(new EpochHeader(VM, new EpochId(2, 9), new EpochId(2, 8), RAM_BYTES), pages.build(), state);
    }

    private static List<ByteBuf> frames(Epoch epoch) {
        List<ByteBuf> frames = new ArrayList<>();
        EpochFrames source = new EpochFrames(epoch, 4_200_000);
        for (ByteBuf frame = source.next(UnpooledByteBufAllocator.DEFAULT);
                frame != null;
                frame = source.next(UnpooledByteBufAllocator.DEFAULT)) {
            frames.add(frame);
        }
        return frames;
    }

    private static Decoded<EpochAssembler.Arrived, String> feed(EpochAssembler assembler, List<ByteBuf> frames) {
        Decoded<EpochAssembler.Arrived, String> outcome = Decoded.needMore();
        for (ByteBuf frame : frames) {
            assertInstanceOf(Decoded.NeedMore.class, outcome);
            CheckpointMessage decoded = CheckpointCodec.decode(frame.duplicate(), Side.AGENT)
                    .complete()
                    .orElseThrow();
            outcome = assembler.accept((CheckpointMessage.EpochPart) decoded);
        }
        return outcome;
    }

    @Test
    void putsTogetherWhatWasTakenApart() {
        for (int stateBytes : new int[] {0, 1, 300_000, 700_001}) {
            try (Epoch sent = epoch(stateBytes, stateBytes);
                    EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
                for (int round = 0; round < 2; round++) {
                    var whole = feed(assembler, frames(sent)).complete().orElseThrow();
                    assertEquals(sent.header(), whole.epoch().header());
                    assertTrue(sent.pages().sameAs(whole.epoch().pages()));
                    assertArrayEquals(sent.deviceState(), whole.epoch().deviceState());
                    assertEquals(4_200_000, whole.pauseNanos());
                    whole.epoch().close();
                }
            }
        }
    }

    @Test
    void anEpochWithoutPagesAndStateIsWhole() {
        EpochHeader header = new EpochHeader(VM, new EpochId(1, 1), EpochId.NONE, RAM_BYTES);
        try (Epoch sent = new Epoch(header, PageSet.empty(), new byte[0]);
                EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            assertInstanceOf(Decoded.Complete.class, feed(assembler, frames(sent)));
        }
    }

    @Test
    void anyFlippedBitOfAPageOrOfTheStateIsFound() {
        try (Epoch sent = epoch(1, 5000)) {
            for (int frameIndex : new int[] {1, 3, frames(sent).size() - 2}) {
                List<ByteBuf> frames = frames(sent);
                ByteBuf frame = frames.get(frameIndex);
                frame.setByte(frame.writerIndex() - 77, frame.getByte(frame.writerIndex() - 77) ^ 4);
                try (EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
                    assertInstanceOf(Decoded.Refused.class, feed(assembler, frames));
                }
            }
        }
    }

    @Test
    void refusesPartsThatAreMissingTwiceThereOrForeign() {
        try (Epoch sent = epoch(2, 600_000)) {
            int frames = frames(sent).size();
            for (int i = 0; i < frames; i++) {
                List<ByteBuf> without = frames(sent);
                without.remove(i);
                assertBroken(without, i < frames - 1);
                List<ByteBuf> twice = frames(sent);
                twice.add(i, twice.get(i));
                assertBroken(twice, true);
            }
            try (EpochAssembler other = new EpochAssembler(new VmId("vm2"), RAM_BYTES)) {
                assertInstanceOf(Decoded.Refused.class, feed(other, frames(sent).subList(0, 1)));
            }
            try (EpochAssembler other = new EpochAssembler(VM, 2 * RAM_BYTES)) {
                assertInstanceOf(Decoded.Refused.class, feed(other, frames(sent).subList(0, 1)));
            }
        }
    }

    private static void assertBroken(List<ByteBuf> frames, boolean broken) {
        try (EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            for (ByteBuf frame : frames) {
                var decoded = CheckpointCodec.decode(frame.duplicate(), Side.AGENT)
                        .complete()
                        .orElseThrow();
                Decoded<EpochAssembler.Arrived, String> outcome =
                        assembler.accept((CheckpointMessage.EpochPart) decoded);
                if (outcome
                        instanceof Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived complete)) {
                    complete.epoch().close();
                } else if (outcome instanceof Decoded.Refused) {
                    assertTrue(broken);
                    return;
                }
            }
        }
        assertTrue(!broken, "parts that make no epoch were accepted");
    }

    @Test
    void givesAllMemoryBack() {
        long before = PageSet.takenBytes();
        try (Epoch sent = epoch(3, 100);
                EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            List<ByteBuf> frames = frames(sent);
            feed(assembler, frames.subList(0, frames.size() - 1));
        }
        assertEquals(before, PageSet.takenBytes());
    }
}
