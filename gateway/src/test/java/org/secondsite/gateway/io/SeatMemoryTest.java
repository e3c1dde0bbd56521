package org.secondsite.gateway.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.witness.SeatId;

class SeatMemoryTest {
    @TempDir
    private Path directory;

    private SeatId seat(String file, String machine) throws IOException {
        try (SeatMemory memory = SeatMemory.open(directory.resolve(file), machine)) {
            return memory.seat();
        }
    }

    @Test
    void aRestartedGatewayHasTheSeatOfItsFormerLife() throws IOException {
        SeatId first = seat("a", "machine-1");
        assertEquals(first, seat("a", "machine-1"));
        try (SeatMemory real = SeatMemory.open(directory.resolve("real"))) {
            assertNotEquals(SeatId.NONE, real.seat());
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("a"))));
    }

    @Test
    void aCopyOfTheFileAndACopyOfTheMachineHaveSeatsOfTheirOwn() throws IOException {
        SeatId first = seat("a", "machine-1");
        Files.copy(directory.resolve("a"), directory.resolve("copy"));
        assertNotEquals(first, seat("copy", "machine-1"));
        SeatId cloned = seat("a", "machine-2");
        assertNotEquals(first, cloned);
        assertEquals(cloned, seat("a", "machine-2"));
        assertNotEquals(first, seat("a", "machine-1"), "what the clone has drawn on that very disk counts");
    }

    @Test
    void aDamagedFileGivesASeatOfItsOwn() throws IOException {
        SeatId first = seat("a", "machine-1");
        Files.writeString(directory.resolve("a"), "secondsite-seat 1\nseat ");
        SeatId second = seat("a", "machine-1");
        assertNotEquals(first, second);
        assertEquals(second, seat("a", "machine-1"));
    }

    @Test
    void twoGatewaysDoNotRunWithOneFile() throws IOException {
        try (SeatMemory running = SeatMemory.open(directory.resolve("a"), "machine-1")) {
            assertThrows(IOException.class, () -> SeatMemory.open(directory.resolve("a"), "machine-1"));
            assertNotEquals(SeatId.NONE, running.seat());
        }
    }
}
