package org.secondsite.bench.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.bench.cli.Main;

class ReplicatorCommandTest {
    @TempDir
    private Path directory;

    @Test
    void replayNeedsARecording() throws IOException {
        assertEquals(2, Main.execute("replicator"));
        assertEquals(2, Main.execute("replicator", "replay"));
        Path noise = Files.write(directory.resolve("noise.colorec"), new byte[500]);
        assertEquals(1, Main.execute("replicator", "replay", noise.toString()));
    }
}
