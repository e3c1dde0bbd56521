package org.secondsite.openflow.ovsdb;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;

/** Any bytes of a switch's database: texts, or an end of the stream. */
class DatabaseFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_MESSAGE_BYTES = 1 << 16;
    private static final long DATAPATH = 0xa01;

    static List<byte[]> seeds() {
        return Stream.of(
                        DatabaseSessionTest.TOLD,
                        "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[1]}",
                        "{\"id\":null,\"method\":\"update\",\"params\":[\"monitor\",{\"Bridge\":{\"b1\":{}}}]}",
                        "{\"id\":\"monitor\",\"result\":{\"Bridge\":{\"b1\":{\"new\":{\"datapath_id\":[\"set\",[1]]}}}}}",
                        "{\"id\":\"mend0\",\"result\":[null,{\"error\":\"x\"}]}",
                        "[",
                        "{\"a\":" + "[".repeat(2000))
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreTextsOrTheEnd(byte[] in) {
        Allocation.bounded(1024, in, () -> told(in));
    }

    private static void told(byte[] in) {
        DatabaseSession session = new DatabaseSession();
        session.opened(0);
        try {
            for (String text : new JsonTexts(MAX_MESSAGE_BYTES).take(in)) {
                session.received(JSON.readTree(text), 0);
                session.bridge(DATAPATH);
            }
        } catch (JsonTexts.Malformed | JsonProcessingException e) {
            // The connection ends with it.
        }
    }
}
