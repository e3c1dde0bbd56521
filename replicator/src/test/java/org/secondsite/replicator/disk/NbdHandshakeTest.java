package org.secondsite.replicator.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.replicator.disk.NbdHandshake.Step;

/** Layout and numbers: doc/proto.md of the NetworkBlockDevice project, "Fixed newstyle negotiation". */
class NbdHandshakeTest {
    private static final NbdExport EXPORT = new NbdExport("vm1.d0@7", 1L << 30, false);

    private final ByteBuffer out = ByteBuffer.allocate(1 << 20);
    private final NbdHandshake handshake = new NbdHandshake(EXPORT);

    private static ByteBuffer client(byte[]... options) {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16).putInt(3);
        for (byte[] option : options) {
            bytes.put(option);
        }
        return bytes.flip();
    }

    private static byte[] option(int number, byte[] data) {
        return ByteBuffer.allocate(16 + data.length)
                .putLong(0x49484156454F5054L)
                .putInt(number)
                .putInt(data.length)
                .put(data)
                .array();
    }

    private static byte[] go(int option, String name) {
        byte[] bytes = name.getBytes(UTF_8);
        return option(
                option,
                ByteBuffer.allocate(4 + bytes.length + 2)
                        .putInt(bytes.length)
                        .put(bytes)
                        .putShort((short) 0)
                        .array());
    }

    private static byte[] meta(int option, String name, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(1000).putInt(name.length()).put(name.getBytes(UTF_8));
        data.putInt(queries.length);
        for (String query : queries) {
            data.putInt(query.length()).put(query.getBytes(UTF_8));
        }
        byte[] bytes = new byte[data.flip().remaining()];
        data.get(bytes);
        return option(option, bytes);
    }

    /** The types of the replies that were written. */
    private List<Integer> replies() {
        ByteBuffer bytes = out.duplicate().flip();
        List<Integer> types = new ArrayList<>();
        while (bytes.remaining() >= 20) {
            assertEquals(0x3e889045565a9L, bytes.getLong());
            bytes.getInt();
            types.add(bytes.getInt());
            int length = bytes.getInt();
            bytes.position(bytes.position() + length);
        }
        assertFalse(bytes.hasRemaining());
        return types;
    }

    @Test
    void goToldTheExportItsBlockSizesAndThatRequestsMayFollow() {
        assertEquals(Step.TRANSMISSION, handshake.receive(client(option(8, new byte[0]), go(7, "vm1.d0@7")), out));
        assertEquals(List.of(1, 3, 3, 1), replies());
        assertTrue(handshake.structured());
        assertFalse(handshake.allocationWanted());
    }

    @Test
    void theNameOfAnotherTermIsRefusedAndTheClientMayAskAgain() {
        ByteBuffer in = client(go(7, "vm1.d0@6"), go(6, ""));
        assertEquals(Step.MORE, handshake.receive(in, out));
        assertEquals(List.of(0x80000006, 3, 3, 1), replies());
    }

    @Test
    void exportNameHasNoRefusalButToHangUp() {
        assertEquals(Step.CLOSE, handshake.receive(client(option(1, "other".getBytes(UTF_8))), out));
        assertEquals(0, out.position());
        NbdHandshake again = new NbdHandshake(EXPORT);
        assertEquals(Step.TRANSMISSION, again.receive(client(option(1, "vm1.d0@7".getBytes(UTF_8))), out));
        assertEquals(10, out.position(), "size and flags; the client waived the zeros");
    }

    @Test
    void allocationIsForThoseWithStructuredReplies() {
        byte[] set = meta(10, "", "base:allocation", "qemu:dirty-bitmap:x");
        assertEquals(Step.MORE, handshake.receive(client(set, option(8, new byte[0]), set), out));
        assertEquals(List.of(0x80000003, 1, 4, 1), replies());
        assertTrue(handshake.allocationWanted());
        handshake.receive(ByteBuffer.wrap(meta(10, "", "qemu:dirty-bitmap:x")), out);
        assertFalse(handshake.allocationWanted(), "a later choice replaces an earlier one");
    }

    @Test
    void unknownOptionsAreUnsupportedAndLongOnesPassedOver() {
        ByteBuffer in = client(option(5, new byte[0]), option(4711, new byte[9000]), go(7, ""));
        assertEquals(Step.TRANSMISSION, handshake.receive(in, out));
        assertEquals(List.of(0x80000001, 0x80000009, 3, 3, 1), replies());
    }

    @Test
    void aClientThatOnlyAsksIsHungUpOn() {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 16 * 100).putInt(3);
        for (int i = 0; i < 100; i++) {
            bytes.put(option(5, new byte[0]));
        }
        assertEquals(Step.CLOSE, handshake.receive(bytes.flip(), out));
        assertEquals("more than 64 options", handshake.reason());
    }

    static Stream<byte[]> seeds() {
        return Stream.of(
                bytes(client(option(8, new byte[0]), meta(10, "vm1.d0@7", "base:allocation"), go(7, "vm1.d0@7"))),
                bytes(client(option(3, new byte[0]), go(6, "x"), meta(9, ""), option(2, new byte[0]))),
                bytes(client(option(1, new byte[0]))),
                bytes(client(option(5, new byte[9000]), go(7, ""))));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @MethodSource("seeds")
    @FuzzTest
    void theAnswersAreTheSameHoweverTheBytesArrive(byte[] in) {
        ByteBuffer whole = ByteBuffer.allocate(1 << 18);
        Step step = new NbdHandshake(EXPORT).receive(ByteBuffer.wrap(in), whole);
        ByteBuffer pieces = ByteBuffer.allocate(1 << 18);
        NbdHandshake piecewise = new NbdHandshake(EXPORT);
        ByteBuffer arrived = ByteBuffer.allocate(in.length);
        Step last = Step.MORE;
        for (int i = 0; i < in.length && last == Step.MORE; i++) {
            arrived.put(in[i]).flip();
            last = piecewise.receive(arrived, pieces);
            arrived.compact();
        }
        assertEquals(step, last);
        assertEquals(whole.flip(), pieces.flip());
    }
}
