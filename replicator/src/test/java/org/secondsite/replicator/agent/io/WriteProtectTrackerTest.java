package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.replicator.PageSet;

/** Tracking a real process' writes. Needs Linux 6.7 on x86-64, and to be root. */
@Tag("lab")
class WriteProtectTrackerTest {
    private static final int PAGES = 20_000;

    private Path file;
    private RamFile ram;

    @BeforeEach
    void map() throws IOException {
        file = Files.createTempFile(Path.of("/dev/shm"), "sst-replicator-", ".ram");
        ram = RamFile.create(file, (long) PAGES * PageSet.PAGE_BYTES);
    }

    @AfterEach
    void unmap() throws IOException {
        ram.close();
        Files.delete(file);
    }

    private static BitSet collected(WriteProtectTracker tracker) throws IOException {
        long[] written = new long[(PAGES + 63) / 64];
        tracker.collect(written);
        return BitSet.valueOf(written);
    }

    @Test
    void tellsOfEveryWrittenPageOnceAndOfNoOther() throws Exception {
        long seed = 31;
        Random random = new Random(seed);
        try (MemoryWriter writer = new MemoryWriter(file)) {
            writer.write("store", 3);
            try (WriteProtectTracker tracker = WriteProtectTracker.open(writer.pid(), ram.memory())) {
                assertEquals(PAGES, collected(tracker).cardinality(), "at first every page counts as written");
                assertEquals(new BitSet(), collected(tracker));
                for (int round = 0; round < 40; round++) {
                    BitSet expected = new BitSet();
                    for (int i = random.nextInt(400); i >= 0; i--) {
                        int page = random.nextInt(round % 2 == 0 ? PAGES : 300);
                        writer.write(random.nextBoolean() ? "store" : "read", page);
                        expected.set(page);
                    }
                    assertEquals(expected, collected(tracker), "seed " + seed + ", round " + round);
                }
            }
        }
    }

    @Test
    void moreScatteredPagesThanOneScanReturnsAreAllFound() throws Exception {
        try (MemoryWriter writer = new MemoryWriter(file);
                WriteProtectTracker tracker = WriteProtectTracker.open(writer.pid(), ram.memory())) {
            collected(tracker);
            BitSet expected = new BitSet();
            for (int page = 1; page < PAGES; page += 2) {
                writer.write("store", page);
                expected.set(page);
            }
            assertEquals(expected, collected(tracker));
            assertEquals(new BitSet(), collected(tracker));
        }
    }

    @Test
    void aPageThatTheKernelTookAwayIsNotForgotten() throws Exception {
        try (MemoryWriter writer = new MemoryWriter(file);
                WriteProtectTracker tracker = WriteProtectTracker.open(writer.pid(), ram.memory())) {
            collected(tracker);
            writer.write("store", 5);
            writer.write("store", 9);
            Process punch = new ProcessBuilder(
                            "fallocate", "--punch-hole", "--offset", "" + 9 * 4096, "--length", "4096", file.toString())
                    .inheritIO()
                    .start();
            assertEquals(0, punch.waitFor());
            BitSet written = collected(tracker);
            assertTrue(written.get(5) && written.get(9), written.toString());
        }
    }

    @Test
    void closingLeavesNothingBehindAndTheProcessGoesOn() throws Exception {
        try (MemoryWriter writer = new MemoryWriter(file)) {
            for (int i = 0; i < 20; i++) {
                WriteProtectTracker tracker = WriteProtectTracker.open(writer.pid(), ram.memory());
                assertFalse(hasUserfaultfd(writer.pid()), "only the tracker has the descriptor");
                collected(tracker);
                tracker.close();
                tracker.close();
                writer.write("store", i);
                writer.write("read", i);
            }
            assertEquals("0", status(writer.pid(), "TracerPid"));
        }
    }

    private static boolean hasUserfaultfd(long pid) throws IOException {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors) {
                if (Files.readSymbolicLink(descriptor).toString().contains("userfaultfd")) {
                    return true;
                }
            }
        }
        return false;
    }

    private static String status(long pid, String key) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/" + pid + "/status"));
        return lines.stream()
                .filter(line -> line.startsWith(key + ":"))
                .findFirst()
                .orElseThrow()
                .substring(key.length() + 1)
                .strip();
    }

    @Test
    void refusesAProcessWhoseRamAnotherOneMapsToo() throws Exception {
        try (MemoryWriter writer = new MemoryWriter(file);
                MemoryWriter other = new MemoryWriter(file)) {
            IOException refused =
                    assertThrows(IOException.class, () -> WriteProtectTracker.open(writer.pid(), ram.memory()));
            assertEquals("process " + other.pid() + " maps the RAM file too", refused.getMessage());
        }
    }

    @Test
    void aProcessThatEndsIsAnErrorAndNotAnEmptyAnswer() throws Exception {
        WriteProtectTracker tracker;
        try (MemoryWriter writer = new MemoryWriter(file)) {
            tracker = WriteProtectTracker.open(writer.pid(), ram.memory());
            collected(tracker);
        }
        try (tracker) {
            assertThrows(IOException.class, () -> collected(tracker));
        }
    }
}
