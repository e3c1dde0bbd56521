package org.secondsite.replicator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochFrames;
import org.secondsite.replicator.checkpoint.Limits;

/** What an agent says, byte by byte. */
class CheckpointRecorderTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final ColoTraceWriter writer = new ColoTraceWriter(file, () -> 0);

    @Test
    void bytesMayComeOneByOne() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feedSingly(recorder, hello());
            feedSingly(recorder, epoch(EpochId.NONE, id(1)));
            feedSingly(recorder, epoch(id(1), id(2)));
        }
        assertEquals(2, writer.epochs());
    }

    @Test
    void epochsBeforeTheFirstImageAreLeftOut() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            recorder.feed(hello(), hello().length);
            assertEquals(Optional.empty(), feed(recorder, epoch(id(6), id(7))));
            assertEquals(0, writer.epochs());
            assertEquals(Optional.empty(), feed(recorder, epoch(EpochId.NONE, id(8))));
            assertEquals(1, writer.epochs());
        }
    }

    @Test
    void aGapEndsTheRecording() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, hello());
            feed(recorder, epoch(EpochId.NONE, id(1)));
            Optional<String> fault = feed(recorder, epoch(id(2), id(3)));
            assertTrue(fault.orElseThrow().contains("does not follow"), fault::toString);
        }
        assertEquals(1, writer.epochs());
    }

    @Test
    void aNewImageIsARecordedEpochToo() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, hello());
            feed(recorder, epoch(EpochId.NONE, id(1)));
            assertEquals(Optional.empty(), feed(recorder, epoch(EpochId.NONE, id(9))));
            assertEquals(Optional.empty(), feed(recorder, epoch(id(9), id(10))));
        }
        assertEquals(3, writer.epochs());
    }

    @Test
    void anotherProtocolEndsTheRecording() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            Optional<String> fault = feed(recorder, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertTrue(fault.orElseThrow().contains("protocol"), fault::toString);
        }
    }

    private static void feedSingly(CheckpointRecorder recorder, byte[] bytes) throws IOException {
        for (byte each : bytes) {
            assertEquals(Optional.empty(), recorder.feed(new byte[] {each}, 1));
        }
    }

    private static Optional<String> feed(CheckpointRecorder recorder, byte[] bytes) throws IOException {
        return recorder.feed(bytes, bytes.length);
    }

    private static EpochId id(long number) {
        return new EpochId(1, number);
    }

    private static byte[] hello() {
        ByteBuf out = Unpooled.buffer();
        CheckpointCodec.encode(
                new CheckpointMessage.Hello(
                        new Dialect(Limits.VERSION, Set.of()), VM, RAM_BYTES, true, EpochId.NONE, "a test"),
                out);
        return ByteBufUtil.getBytes(out);
    }

    private static byte[] epoch(EpochId base, EpochId id) {
        PageSet.Builder pages = PageSet.builder();
        pages.addZero(1);
        pages.add(3, ByteBuffer.allocate(PageSet.PAGE_BYTES).putLong(0, id.number()));
        ByteBuf out = Unpooled.buffer();
        try (Epoch epoch = new Epoch(new EpochHeader(VM, id, base, RAM_BYTES), pages.build(), new byte[] {1, 2, 3})) {
            EpochFrames frames = new EpochFrames(epoch, 0);
            for (ByteBuf frame = frames.next(UnpooledByteBufAllocator.DEFAULT);
                    frame != null;
                    frame = frames.next(UnpooledByteBufAllocator.DEFAULT)) {
                out.writeBytes(frame);
                frame.release();
            }
        }
        return ByteBufUtil.getBytes(out);
    }
}
