package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.testing.NamedTests;

/** The table <i>What broke for others</i> of {@code docs/disks.md}: each line has a test, and the tests that it names are there. */
class DisksDocumentTest {
    @Test
    void everyTestThatATableNamesIsThere() throws IOException {
        NamedTests named = new NamedTests("docs/disks.md", "## What broke for others");
        assertEquals(List.of(), named.missing());
        assertEquals(List.of(), named.untested());
        assertTrue(named.lines().size() >= 15, "the table is gone");
    }
}
