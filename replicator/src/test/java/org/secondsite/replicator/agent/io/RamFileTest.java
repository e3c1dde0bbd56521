package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RamFileTest {
    private static final long BYTES = 1 << 20;

    @TempDir
    private Path directory;

    @Test
    void aReplicasRamIsMadeForItsOwnerAlone() throws IOException {
        Path file = directory.resolve("vm1.ram");
        try (RamFile ram = RamFile.create(file, BYTES)) {
            assertEquals(BYTES, ram.memory().byteSize());
            assertEquals("rw-------", mode(file));
        }
    }

    /** QEMU makes the file that it is told to share in mode 0644. */
    @Test
    void theRamOfARunningVmIsClosedToOthers() throws IOException {
        Path file = Files.write(directory.resolve("vm1.ram"), new byte[(int) BYTES]);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        try (RamFile ram = RamFile.existing(file, BYTES)) {
            assertEquals(BYTES, ram.memory().byteSize());
            assertEquals("rw-------", mode(file));
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
