package org.secondsite.replicator.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;

/** Any bytes in place of QEMU's words. */
class QmpLinesFuzzTest {
    private static final String GREETING = """
            {"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}
            """;
    private static final String STOP =
            "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n\r\n";
    private static final String ERROR = "{\"id\": \"3\", \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n";

    static List<byte[]> seeds() {
        return Stream.of(GREETING + STOP + ERROR, "[1, 2]\n", "{\"a\":1e999}\n", "null\n", "{\"a\":\"\\u00e9\"}\n")
                .map(text -> text.getBytes(UTF_8))
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreMessagesOrAnIoException(byte[] in) {
        Allocation.bounded(256, in, () -> read(in));
    }

    @Test
    void cutAtEveryByteGivesWhatIsWhole() {
        byte[] seed = (GREETING + STOP + ERROR).getBytes(UTF_8);
        for (int length = 0; length < seed.length; length++) {
            int whole = 0;
            for (int i = 0; i < length; i++) {
                whole += seed[i] == '\n' && (i < 2 || seed[i - 2] != '\n') ? 1 : 0;
            }
            assertEquals(whole, read(Arrays.copyOf(seed, length)).size(), "cut at " + length);
        }
    }

    @Test
    void aLineWithoutEndIsRefused() {
        ByteBuffer endless = ByteBuffer.allocate(QmpLines.MAX_LINE_BYTES + 1);
        IOException refused = assertThrows(IOException.class, () -> new QmpLines(message -> {}).feed(endless));
        assertTrue(refused.getMessage().startsWith("a line of more than"), refused.getMessage());
    }

    @Test
    void aTreeTooDeepIsRefused() {
        ByteBuffer deep = ByteBuffer.wrap(("{\"a\":" + "[".repeat(1 << 20) + "\n").getBytes(UTF_8));
        assertThrows(IOException.class, () -> new QmpLines(message -> {}).feed(deep));
    }

    private static List<ObjectNode> read(byte[] in) {
        List<ObjectNode> messages = new ArrayList<>();
        try {
            new QmpLines(messages::add).feed(ByteBuffer.wrap(in));
        } catch (IOException e) {
            assertTrue(!e.getMessage().isEmpty());
        }
        return messages;
    }
}
