package org.secondsite.net.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class TermMemoryTest {
    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("terms");
    }

    @Test
    void theHighestTermIsThereAfterARestartAndNothingLowersIt() throws IOException {
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals(0, memory.term());
            memory.remember(7);
            memory.remember((5L << 32) + 1);
            memory.remember(9);
        }
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals((5L << 32) + 1, memory.term());
            memory.remember(8);
        }
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals((5L << 32) + 1, memory.term());
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    }

    /** A power cut between any two steps leaves the old file or the new one. */
    @Test
    void whatWasBegunAndNotRenamedIsNoObstacle() throws IOException {
        try (TermMemory memory = TermMemory.open(file())) {
            memory.remember(7);
        }
        Files.writeString(directory.resolve("terms.next"), "secondsite-te");
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals(7, memory.term());
            memory.remember(8);
        }
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals(8, memory.term());
        }
    }

    /** The disk is full, or the place is taken; then it is not any more, and nobody remembers anything further. */
    @Test
    void whatTheDiskDoesNotTakeIsWrittenWhenItDoes() throws Exception {
        Path beside = directory.resolve("terms.next");
        try (TermMemory memory = TermMemory.open(file())) {
            Path obstacle = Files.createDirectories(file().resolve("obstacle"));
            memory.remember(7);
            until(() -> Files.exists(beside));
            assertEquals(7, memory.term());
            Files.delete(obstacle);
            Files.delete(file());
            until(() -> Files.isRegularFile(file()));
        }
        try (TermMemory memory = TermMemory.open(file())) {
            assertEquals(7, memory.term());
        }
    }

    private static void until(BooleanSupplier fact) throws InterruptedException {
        long end = System.nanoTime() + 30_000_000_000L;
        while (!fact.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited for 30 s");
            Thread.sleep(5);
        }
    }

    @Test
    void aFileThatIsCutOffOrChangedAnywhereIsRefused() throws IOException {
        try (TermMemory memory = TermMemory.open(file())) {
            memory.remember(1234);
        }
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length < whole.length; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            assertTrue(assertThrows(IOException.class, () -> TermMemory.open(file()))
                    .getMessage()
                    .contains("damaged"));
        }
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(file(), changed);
            assertThrows(IOException.class, () -> TermMemory.open(file()));
        }
    }
}
