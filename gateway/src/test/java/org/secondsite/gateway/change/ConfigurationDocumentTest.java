package org.secondsite.gateway.change;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.testing.NamedTests;

/** The table <i>Changes that broke for others</i> of {@code docs/configuration.md}: the tests that its lines name are there. */
class ConfigurationDocumentTest {
    @Test
    void everyTestThatATableNamesIsThere() throws IOException {
        NamedTests named = new NamedTests("docs/configuration.md", "## Changes that broke for others");
        assertEquals(List.of(), named.missing());
        assertEquals(List.of(), named.untested());
        assertTrue(named.lines().size() >= 12, "the table is gone");
    }
}
