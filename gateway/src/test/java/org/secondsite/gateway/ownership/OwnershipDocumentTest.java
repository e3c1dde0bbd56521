package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.group.MemberPhase;

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

                What an event says about peer, standby, VMs and image is noted first, in every state. Of several rows for a state
                the first is taken whose condition holds. `OwnershipTableTest` takes every row, and a gateway whose row leads
                elsewhere than it says ends. `spec/ownership.pml` names its step for each pair of states.
                """);
        for (Occurrence what : Occurrence.values()) {
            text.append("\n## ").append(what).append("\n\n").append(what.words());
            text.append("\n\n| state | when | does | goes to |\n| --- | --- | --- | --- |\n");
            Map<String, StringBuilder> statesByRow = new LinkedHashMap<>();
            for (OwnershipState state : OwnershipState.values()) {
                for (OwnershipTable.Row row : OwnershipTable.rows(state, what)) {
                    String goesTo = row.next() == state ? "stays" : row.next().name();
                    String cells = " | " + row.guard().words() + " | " + row.text() + " | " + goesTo + " |\n";
                    statesByRow
                            .computeIfAbsent(cells, c -> new StringBuilder())
                            .append(' ')
                            .append(state);
                }
            }
            statesByRow.forEach((cells, states) -> text.append("| ")
                    .append(states.toString().strip().replace(" ", ", "))
                    .append(cells));
        }
        text.append("""

                # Members: one VM of a protected group, at its owner

                Rendered from `MemberPhase`. `Membership` takes the steps; while the owner stands alone by the record, every VM that both
                sites can keep is a member at once.

                | phase | what it is | the VM's output | until |
                | --- | --- | --- | --- |
                """);
        for (MemberPhase phase : MemberPhase.values()) {
            text.append("| %s | %s | %s | %s |\n".formatted(phase, phase.words(), phase.output(), phase.until()));
        }
        return text.toString();
    }
}
