package org.secondsite.openflow.ovsdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextsTest {
    private static final String FIRST = "{\"a\":[\"}\",\"\\\"{\",{\"b\":\"\\\\\"}],\"ü\":1}";
    private static final String SECOND = "{}";

    @Test
    void cutsObjectsWhereverTheStreamIsSplit() throws Exception {
        byte[] stream = (FIRST + "\n " + SECOND + FIRST).getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at <= stream.length; at++) {
            JsonTexts texts = new JsonTexts(1000);
            List<String> cut = new ArrayList<>(texts.take(Arrays.copyOf(stream, at)));
            cut.addAll(texts.take(Arrays.copyOfRange(stream, at, stream.length)));
            assertEquals(List.of(FIRST, SECOND, FIRST), cut, "split at " + at);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "}", "x", "{}]", "{\"a\":\"0123456789012345678901234567890\"}"})
    void whatIsNoObjectOrTooLongEndsTheStream(String text) {
        JsonTexts texts = new JsonTexts(20);
        assertThrows(JsonTexts.Malformed.class, () -> texts.take(text.getBytes(StandardCharsets.UTF_8)));
    }
}
