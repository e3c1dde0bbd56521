package org.secondsite.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PkiCommandTest {
    @TempDir
    private Path directory;

    @Test
    void writesWhatTheDaemonsRead() {
        assertEquals(0, PkiCommand.execute("--directory", directory.toString(), "a", "witness"));
        for (String file : new String[] {"ca.crt", "a.crt", "a.key", "witness.crt", "witness.key"}) {
            assertTrue(Files.exists(directory.resolve(file)), file);
        }
    }
}
