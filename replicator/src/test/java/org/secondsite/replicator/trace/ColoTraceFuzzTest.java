package org.secondsite.replicator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.secondsite.replicator.Allocation;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

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
