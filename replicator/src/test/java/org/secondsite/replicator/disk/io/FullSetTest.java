package org.secondsite.replicator.disk.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;

/** A guest that writes faster than epochs go: it waits, is told of no error, and nothing of what it wrote is missing. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FullSetTest {
    private static final int MIB = 1 << 20;
    private static final int LIMIT = 4 * MIB;
    private static final int WRITES = 24;

    @TempDir
    Path directory;

    private final LinkedBlockingQueue<BlockMemory.Level> told = new LinkedBlockingQueue<>();
    private final BlockMemory memory = new BlockMemory(LIMIT, told::add);
    private final LinkedBlockingQueue<Integer> errors = new LinkedBlockingQueue<>();
    private final byte[] standby = new byte[WRITES * MIB];
    private Path image;
    private Volume volume;
    private NbdServer server;
    private NbdClient client;
    private CompletableFuture<Void> writes;

    @BeforeEach
    void write() throws IOException {
        image = directory.resolve("image");
        Files.write(image, standby);
        Path socket = directory.resolve("d0.nbd");
        volume = new Volume("vm1.d0", BlockFile.open(image), false, memory);
        volume.beginCapture();
        server = NbdServer.open(socket, volume, trouble -> {});
        client = NbdClient.connect(socket, "");
        writes = CompletableFuture.allOf(CompletableFuture.runAsync(this::ask), CompletableFuture.runAsync(this::hear));
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        server.close();
        volume.close();
        memory.close();
    }

    private void ask() {
        SplittableRandom dice = new SplittableRandom(7);
        byte[] content = new byte[MIB];
        try {
            for (int i = 0; i < WRITES; i++) {
                dice.nextBytes(content);
                client.write(i, (long) i * MIB, content);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void hear() {
        try {
            for (int i = 0; i < WRITES; i++) {
                errors.add(client.answer().error());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitFull() throws InterruptedException {
        while (memory.admits()) {
            Thread.sleep(1);
        }
    }

    /** What is full again by the time it was shipped is told as that alone. */
    private void awaitToldFull() throws InterruptedException {
        BlockMemory.Level level = told.poll(30, TimeUnit.SECONDS);
        assertEquals(
                BlockMemory.Level.FULL, level == BlockMemory.Level.HALF_FULL ? told.poll(30, TimeUnit.SECONDS) : level);
    }

    /** Returns how much, in bytes. */
    private long ship() throws IOException {
        long bytes;
        try (BlockSet set = volume.cut();
                PageSet pages = set.pages()) {
            for (int i = 0; i < pages.count(); i++) {
                int at = pages.number(i) * BlockSet.BLOCK_BYTES;
                MemorySegment.copy(pages.content(i), JAVA_BYTE, 0, standby, at, BlockSet.BLOCK_BYTES);
            }
            bytes = (long) pages.count() * BlockSet.BLOCK_BYTES;
        }
        memory.shipped();
        return bytes;
    }

    @Test
    void writesWaitWhileTheSetIsFullNoneFailsAndNothingIsMissing() throws Exception {
        int cuts = 0;
        long left = (long) WRITES * MIB;
        while (left > LIMIT + 3 * MIB) { // what is left fills the set once more
            awaitToldFull();
            assertTrue(memory.takenBytes() <= LIMIT + 3 * MIB, memory.takenBytes() + " bytes are taken");
            assertTrue(errors.size() <= (cuts + 1) * (LIMIT / MIB + 3), "writes were not held up");
            assertEquals(0, told.size(), "each is told once");
            left -= ship();
            cuts++;
        }
        while (!writes.isDone()) { // the rest may fill it once more
            ship();
            Thread.sleep(1);
        }
        writes.get();
        ship();
        assertTrue(cuts > 2);
        assertTrue(errors.stream().allMatch(error -> error == 0), errors::toString);
        assertArrayEquals(Files.readAllBytes(image), standby);
    }

    @Test
    void whileTheVmIsBeingStoppedNothingIsHeldUp() throws Exception {
        awaitFull();
        memory.drain(true);
        writes.get();
        ship();
        assertTrue(errors.stream().allMatch(error -> error == 0), errors::toString);
        assertArrayEquals(Files.readAllBytes(image), standby);
    }
}
