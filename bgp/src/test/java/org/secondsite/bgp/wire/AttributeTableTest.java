package org.secondsite.bgp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** {@code docs/attributes.md} is made from the descriptor table. */
class AttributeTableTest {
    private static final Path DOCUMENT = Path.of("docs/attributes.md");

    @Test
    void theDocumentIsTheTable() throws IOException {
        StringBuilder text = new StringBuilder("""
                # Path attributes

                Made from `AttributeType` by `AttributeTableTest`. From peers of another kind than listed the attribute is
                discarded unread. An unknown optional attribute is kept, an unknown well-known one is treated as withdraw.

                | type | name | flags | taken from | when malformed |
                | --- | --- | --- | --- | --- |
                """);
        for (AttributeType type : AttributeType.values()) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %d | %s | %s | %s | %s |%n",
                    type.code(),
                    type,
                    words(type.flags()),
                    words(type.peers()),
                    words(type.malformedTreatment())));
        }
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(DOCUMENT, text);
        }
        assertEquals(Files.readString(DOCUMENT), text.toString(), "stale: run this test with -Ddocs.write=true");
    }

    private static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
