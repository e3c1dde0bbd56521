package org.secondsite.replicator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.testing.Allocation;

/** Any file in place of a recording. */
class ColoTraceFuzzTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 16 * PageSet.PAGE_BYTES;

    static List<byte[]> seeds() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ColoTraceWriter writer = new ColoTraceWriter(file, () -> 7);
        PageSet.Builder image = PageSet.builder();
        image.addZero(1);
        image.add(3, ByteBuffer.allocate(PageSet.PAGE_BYTES));
        try (Epoch first = epoch(EpochId.NONE, 1, image)) {
            writer.write(first);
        }
        PageSet.Builder changed = PageSet.builder();
        changed.addZero(3);
        try (Epoch second = epoch(new EpochId(1, 1), 2, changed)) {
            writer.write(second);
        }
        return List.of(file.toByteArray());
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyFileIsEpochsOrAFormatError(byte[] in) {
        long takenBefore = PageSet.takenBytes();
        // Nine bytes of a recording make a page, which is there as an array and, outside the heap, in its epoch.
        Allocation.bounded(1024, in, () -> {
            try {
                read(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertEquals(takenBefore, PageSet.takenBytes(), "memory outside the heap");
    }

    @Test
    void cutAtEveryByteItBreaksOffThere() throws IOException {
        byte[] seed = seeds().get(0);
        assertEquals(3, read(seed));
        for (int length = 0; length < seed.length; length++) {
            assertTrue(read(Arrays.copyOf(seed, length)) < 3, "cut at " + length);
        }
    }

    @Test
    void announcedLengthsAreNotBelieved() throws IOException {
        byte[] seed = seeds().get(0);
        for (int at = 0; at + Integer.BYTES <= 200; at++) {
            for (int length : new int[] {Integer.MAX_VALUE, -1, 1 << 28, Integer.MIN_VALUE}) {
                byte[] changed = seed.clone();
                ByteBuffer.wrap(changed).putInt(at, length);
                anyFileIsEpochsOrAFormatError(changed);
            }
        }
    }

    @Test
    void aGuestLargerThanAnyIsAFormatError() {
        ByteBuffer sizes = section()
                .putLong(1L << 62 | ColoTrace.FLAG_SIZES)
                .put((byte) 1)
                .put((byte) 'r')
                .putLong(1L << 62);
        assertEquals("block 'r' has " + (1L << 62) + " bytes", refusal(sizes));
    }

    @Test
    void aPageBeforeTheFirstIsAFormatError() {
        ByteBuffer page = section()
                .putLong(RAM_BYTES | ColoTrace.FLAG_SIZES)
                .put((byte) 1)
                .put((byte) 'r')
                .putLong(RAM_BYTES)
                .putLong(-PageSet.PAGE_BYTES | ColoTrace.FLAG_FILL)
                .put((byte) 1)
                .put((byte) 'r');
        assertEquals("page -4096 of block 'r'", refusal(page));
    }

    @Test
    void aGuestWithoutRamIsAFormatError() {
        assertEquals("no block of RAM", refusal(start().put((byte) ColoTrace.SECTION_FULL)));
    }

    private static ByteBuffer start() {
        return ByteBuffer.allocate(200).putInt(ColoTrace.QEVM).putInt(3);
    }

    /** The beginning of a section with RAM: number 1, without a name, instance or version. */
    private static ByteBuffer section() {
        return start().put((byte) ColoTrace.SECTION_START)
                .putInt(1)
                .put((byte) 0)
                .putLong(0);
    }

    private static String refusal(ByteBuffer sent) {
        int length = sent.flip().remaining();
        byte[] file = new byte[13 + length + 14];
        ByteBuffer.wrap(file)
                .put((byte) 0)
                .putLong(0)
                .putInt(length)
                .put(sent)
                .put((byte) 1)
                .putLong(0)
                .putInt(1);
        ColoTrace trace = new ColoTrace(VM, new ByteArrayInputStream(file));
        return assertThrows(TraceFormatException.class, trace::next).getMessage();
    }

    private static int read(byte[] in) throws IOException {
        ColoTrace trace = new ColoTrace(VM, new ByteArrayInputStream(in));
        int epochs = 0;
        try {
            for (Optional<ColoTrace.Recorded> next = trace.next(); next.isPresent(); next = trace.next()) {
                next.get().epoch().close();
                epochs++;
            }
        } catch (TraceFormatException e) {
            assertTrue(!e.getMessage().isEmpty());
        }
        return epochs;
    }

    private static Epoch epoch(EpochId base, long number, PageSet.Builder pages) {
        return new Epoch(
                new EpochHeader(VM, new EpochId(1, number), base, RAM_BYTES), pages.build(), new byte[] {1, 2, 3});
    }
}
