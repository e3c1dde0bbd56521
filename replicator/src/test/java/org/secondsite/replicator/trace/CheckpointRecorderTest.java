package org.secondsite.replicator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/** What an agent says, byte by byte. */
class CheckpointRecorderTest {
    private static final VmId VM = AgentBytes.VM;
    private static final long RAM_BYTES = AgentBytes.RAM_BYTES;
    private static final int DISK_BLOCKS = 16;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final ColoTraceWriter writer = new ColoTraceWriter(file, () -> 0);

    @Test
    void bytesMayComeOneByOne() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feedSingly(recorder, AgentBytes.hello());
            feedSingly(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            feedSingly(recorder, AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2)));
        }
        assertEquals(2, writer.epochs());
    }

    @Test
    void epochsBeforeTheFirstImageAreLeftOut() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            recorder.feed(AgentBytes.hello(), AgentBytes.hello().length);
            assertEquals(Optional.empty(), feed(recorder, AgentBytes.epoch(AgentBytes.id(6), AgentBytes.id(7))));
            assertEquals(0, writer.epochs());
            assertEquals(Optional.empty(), feed(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(8))));
            assertEquals(1, writer.epochs());
        }
    }

    @Test
    void aGapEndsTheRecording() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, AgentBytes.hello());
            feed(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            Optional<String> fault = feed(recorder, AgentBytes.epoch(AgentBytes.id(2), AgentBytes.id(3)));
            assertTrue(fault.orElseThrow().contains("does not follow"), fault::toString);
        }
        assertEquals(1, writer.epochs());
    }

    @Test
    void aNewImageIsARecordedEpochToo() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, AgentBytes.hello());
            feed(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            assertEquals(Optional.empty(), feed(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(9))));
            assertEquals(Optional.empty(), feed(recorder, AgentBytes.epoch(AgentBytes.id(9), AgentBytes.id(10))));
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

    @Test
    void blocksOfDisksLieBehindTheRamAndZerosBeforeWhatIsWrittenOverThem() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, AgentBytes.hello());
            feed(recorder, withDisks(EpochId.NONE, AgentBytes.id(1), 1));
            assertEquals(Optional.empty(), feed(recorder, withDisks(AgentBytes.id(1), AgentBytes.id(2), 2)));
        }
        assertEquals(2, writer.epochs());
        int ramPages = (int) (RAM_BYTES / PageSet.PAGE_BYTES);
        List<Integer> numbers = List.of(1, 3, ramPages + 2, ramPages + 4, ramPages + 5, ramPages + DISK_BLOCKS + 7);
        ColoTrace trace = new ColoTrace(VM, new ByteArrayInputStream(file.toByteArray()));
        for (int number = 1; number <= 2; number++) {
            try (Epoch epoch = trace.next().orElseThrow().epoch()) {
                assertEquals(ramPages + 2 * DISK_BLOCKS, epoch.header().ramPages());
                PageSet pages = epoch.pages();
                assertEquals(
                        numbers,
                        IntStream.range(0, pages.count())
                                .mapToObj(pages::number)
                                .toList());
                assertTrue(pages.isZero(2), "a range of zeros");
                assertEquals(number, pages.content(3).get(ValueLayout.JAVA_BYTE, 0), "written over zeros");
                assertEquals(number, pages.content(5).get(ValueLayout.JAVA_BYTE, 0), "the second disk's");
            }
            if (number == 1) {
                trace.next().orElseThrow().epoch().close(); // the device state of the image
            }
        }
    }

    @Test
    void otherDisksEndTheRecording() throws Exception {
        try (CheckpointRecorder recorder = new CheckpointRecorder(VM, writer)) {
            feed(recorder, AgentBytes.hello());
            feed(recorder, withDisks(EpochId.NONE, AgentBytes.id(1), 1));
            Optional<String> fault = feed(recorder, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(2)));
            assertTrue(fault.orElseThrow().contains("does not follow"), fault::toString);
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

    private static byte[] withDisks(EpochId base, EpochId id, int content) {
        CarriedDisks disks = new CarriedDisks(
                List.of(
                        new CarriedDisks.Disk("d0", DISK_BLOCKS * (long) PageSet.PAGE_BYTES),
                        new CarriedDisks.Disk("d1", DISK_BLOCKS * (long) PageSet.PAGE_BYTES - 512)),
                0);
        VolumeChanges first =
                new VolumeChanges(0, List.of(new BlockRange(2, 1), new BlockRange(4, 2)), block(4, content));
        VolumeChanges second = new VolumeChanges(1, List.of(), block(7, content));
        return AgentBytes.frames(new Epoch(
                new EpochHeader(VM, id, base, RAM_BYTES, disks),
                AgentBytes.pages(id.number()),
                List.of(first, second),
                new byte[] {1, 2, 3}));
    }

    private static PageSet block(int number, int content) {
        PageSet.Builder blocks = PageSet.builder();
        blocks.add(number, ByteBuffer.allocate(PageSet.PAGE_BYTES).put(0, (byte) content));
        return blocks.build();
    }
}
