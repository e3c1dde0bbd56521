package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.testing.Allocation;

/** Any bytes between an agent and its gateway, and the epochs in them. */
class CheckpointFuzzTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;

    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>(CheckpointCodecTest.everyMessage()
                .map(message -> frames(List.of(message)))
                .filter(frame -> frame.length < 5000)
                .toList());
        EpochId epoch = new EpochId(7, 41);
        ByteBuf pages = Unpooled.buffer()
                .writeInt(2)
                .writeInt(CheckpointMessage.Pages.entry(3, true))
                .writeInt(CheckpointMessage.Pages.entry(4, true));
        seeds.add(frames(List.of(
                new CheckpointMessage.Begin(new EpochHeader(VM, epoch, EpochId.NONE, RAM_BYTES), 2, 3),
                new CheckpointMessage.Pages(pages),
                new CheckpointMessage.DeviceState(Unpooled.wrappedBuffer(new byte[] {1, 2, 3})),
                new CheckpointMessage.End(epoch, 5, 6))));
        seeds.add(twoEpochs());
        return seeds;
    }

    /** The second one's device state stands in the first one's, all but a byte. */
    private static byte[] twoEpochs() {
        byte[] before = new byte[0];
        ByteBuf wire = Unpooled.buffer();
        for (int number = 1; number <= 2; number++) {
            byte[] state = new byte[600];
            new Random(9).nextBytes(state);
            state[300] = (byte) number;
            EpochHeader header = new EpochHeader(VM, new EpochId(7, number), EpochId.NONE, RAM_BYTES);
            try (Epoch epoch = new Epoch(header, PageSet.empty(), state)) {
                EpochFrames frames = new EpochFrames(epoch, 0, before);
                for (ByteBuf frame = frames.next(UnpooledByteBufAllocator.DEFAULT);
                        frame != null;
                        frame = frames.next(UnpooledByteBufAllocator.DEFAULT)) {
                    wire.writeBytes(frame);
                    frame.release();
                }
            }
            before = state;
        }
        return ByteBufUtil.getBytes(wire);
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreMessagesOrAResetOrAskForMore(byte[] in) {
        long takenBefore = PageSet.takenBytes();
        Allocation.bounded(64, in, () -> {
            for (Side sender : Side.values()) {
                read(in, sender);
            }
        });
        assertEquals(takenBefore, PageSet.takenBytes(), "memory outside the heap");
    }

    @Test
    void cutAtEveryByte() {
        byte[] epoch = seeds().getLast();
        for (int length = 0; length < epoch.length; length++) {
            anyBytesAreMessagesOrAResetOrAskForMore(Arrays.copyOf(epoch, length));
        }
    }

    private static void read(byte[] in, Side sender) {
        ByteBuf wire = Unpooled.wrappedBuffer(in);
        try (EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            boolean whole = true;
            int start = 0;
            while (CheckpointCodec.decode(wire, sender)
                    instanceof Decoded.Complete<CheckpointMessage, Reset>(CheckpointMessage message)) {
                assertTrue(wire.readerIndex() > start);
                start = wire.readerIndex();
                assertComesBack(message, sender);
                if (whole && message instanceof CheckpointMessage.EpochPart part) {
                    whole = assemble(assembler, part);
                }
            }
        }
    }

    private static boolean assemble(EpochAssembler assembler, CheckpointMessage.EpochPart part) {
        return switch (assembler.accept(part)) {
            case Decoded.NeedMore<EpochAssembler.Arrived, String>() -> true;
            case Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived complete) -> {
                complete.epoch().close();
                yield true;
            }
            case Decoded.Refused<EpochAssembler.Arrived, String>(String reason) -> {
                assertTrue(!reason.isEmpty());
                yield false;
            }
        };
    }

    /** As long as its texts are UTF-8: what is not was replaced by another character. */
    private static void assertComesBack(CheckpointMessage message, Side sender) {
        ByteBuf again = Unpooled.buffer();
        CheckpointCodec.encode(message, again);
        if (message instanceof CheckpointMessage.Hello hello
                && !CheckpointCodec.isSpoken(hello.offer().version())) {
            return;
        }
        if (!message.toString().contains("\ufffd")) {
            CheckpointMessage back =
                    CheckpointCodec.decode(again, sender).complete().orElseThrow();
            assertEquals(message, back);
        }
    }

    private static byte[] frames(List<CheckpointMessage> messages) {
        ByteBuf out = Unpooled.buffer();
        messages.forEach(message -> CheckpointCodec.encode(message, out));
        return ByteBufUtil.getBytes(out);
    }
}
