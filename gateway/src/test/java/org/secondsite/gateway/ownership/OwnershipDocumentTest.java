package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Keeps {@code docs/ownership.md} equal to the table in the code. Run with {@code SECONDSITE_RENDER=true} to write it.
 */
class OwnershipDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/ownership.md");

    @Test
    void documentShowsTheTable() throws IOException {
        String rendered = render();
        if ("true".equals(System.getenv("SECONDSITE_RENDER"))) {
            Files.createDirectories(DOCUMENT.getParent());
            Files.writeString(DOCUMENT, rendered);
        }
        assertEquals(rendered, Files.readString(DOCUMENT), "docs/ownership.md is stale");
    }

    private static String render() {
        StringBuilder text = new StringBuilder("""
                # Ownership: the table of transitions

                Rendered from `OwnershipTable` by `OwnershipDocumentTest`; do not edit. The states are explained in
                `OwnershipState`, the rules behind the rows in `Ownership`. To render anew:
                `SECONDSITE_RENDER=true mvn -pl gateway -am test -Dtest=OwnershipDocumentTest -Dsurefire.failIfNoSpecifiedTests=false`.
                """);
        for (Class<? extends OwnershipEvent> event : OwnershipTable.eventTypes()) {
            Map<String, StringBuilder> statesByText = new LinkedHashMap<>();
            for (OwnershipState state : OwnershipState.values()) {
                statesByText
                        .computeIfAbsent(OwnershipTable.row(state, event).text(), t -> new StringBuilder())
                        .append(' ')
                        .append(state);
            }
            text.append("\n## ").append(event.getSimpleName()).append("\n\n| state | what happens |\n| --- | --- |\n");
            statesByText.forEach((what, states) -> text.append("| ")
                    .append(states.toString().strip().replace(" ", ", "))
                    .append(" | ")
                    .append(what)
                    .append(" |\n"));
        }
        return text.toString();
    }
}
