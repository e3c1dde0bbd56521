package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NbdRequestTest {
    private static final long SIZE = 1_000_000;

    private final NbdRequest request = new NbdRequest();

    private static ByteBuffer bytes(int flags, int command, long offset, long length) {
        return ByteBuffer.allocate(28)
                .putInt(0x25609513)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(42)
                .putLong(offset)
                .putInt((int) length)
                .flip();
    }

    @ParameterizedTest
    @CsvSource({
        // command, flags, offset, length → error for a writable volume, for a read-only one
        "0, 0, 0, 4096, 0, 0",
        "0, 4, 999999, 1, 0, 0",
        "0, 0, 999999, 2, 22, 22",
        "0, 0, -1, 1, 22, 22",
        "0, 0, 9223372036854775807, 4294967295, 22, 22",
        "0, 0, 0, 0, 22, 22",
        "0, 2, 0, 1, 22, 22",
        "1, 1, 0, 4096, 0, 1",
        "1, 0, 999999, 2, 28, 1",
        "1, 0, -4096, 4096, 28, 1",
        "4, 0, 0, 1000000, 0, 1",
        "4, 2, 0, 1000000, 22, 22",
        "6, 3, 0, 1000000, 0, 1",
        "6, 16, 0, 1000000, 22, 22",
        "6, 0, 1, 1000000, 28, 1",
        "3, 0, 0, 0, 0, 0",
        "3, 0, 0, 1, 22, 22",
        "7, 8, 0, 1000000, 22, 22",
        "5, 0, 0, 4096, 22, 22",
        "99, 0, 0, 0, 22, 22"
    })
    void eachRequestIsJudgedBeforeAnythingIsDone(
            int command, int flags, long offset, long length, int writable, int readOnly) {
        assertEquals(NbdRequest.Outcome.DECODED, request.decode(bytes(flags, command, offset, length)));
        assertEquals(writable, request.error(new NbdExport("d", SIZE, false), false));
        assertEquals(readOnly, request.error(new NbdExport("d", SIZE, true), false));
    }

    @Test
    void allocationIsAnsweredToThoseWhoChoseIt() {
        request.decode(bytes(8, 7, 0, SIZE));
        assertEquals(0, request.error(new NbdExport("d", SIZE, false), true));
    }

    @Test
    void aRequestThatIsCutAtAnyByteIsWaitedFor() {
        for (int length = 0; length < 28; length++) {
            ByteBuffer cut = bytes(0, 1, 0, 4096).limit(length);
            assertEquals(NbdRequest.Outcome.NEED_MORE, request.decode(cut));
            assertEquals(0, cut.position());
        }
    }

    @Test
    void moreDataThanAnyClientSendsIsNotRead() {
        assertEquals(NbdRequest.Outcome.BROKEN, request.decode(bytes(0, 1, 0, (32 << 20) + 1)));
        assertEquals(NbdRequest.Outcome.BROKEN, request.decode(bytes(0, 1, 0, 0xFFFFFFFFL)));
    }

    static Stream<byte[]> seeds() {
        return Stream.of(bytes(0, 0, 5, 6).array(), bytes(1, 1, -1, -1).array(), new byte[28]);
    }

    @MethodSource("seeds")
    @FuzzTest
    void whatPassesJudgementLiesInTheVolume(byte[] in) {
        NbdExport export = new NbdExport("d", SIZE, false);
        if (request.decode(ByteBuffer.wrap(in)) == NbdRequest.Outcome.DECODED && request.error(export, true) == 0) {
            assertTrue(request.offset() >= 0 && request.offset() + request.length() <= SIZE);
        }
    }
}
