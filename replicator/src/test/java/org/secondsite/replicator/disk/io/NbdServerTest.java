package org.secondsite.replicator.disk.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;

/** The server with clients of this test's own, which speak what a real one would not. */
class NbdServerTest {
    private static final int B = BlockSet.BLOCK_BYTES;
    private static final int BLOCKS = 1024;

    @TempDir
    Path directory;

    private final BlockMemory memory = new BlockMemory(64 << 20);
    private final LinkedBlockingQueue<String> troubles = new LinkedBlockingQueue<>();
    private Path image;
    private Path socket;
    private Volume volume;
    private NbdServer server;

    @BeforeEach
    void serve() throws IOException {
        image = directory.resolve("image");
        Files.write(image, new byte[BLOCKS * B]);
        socket = directory.resolve("d0.nbd");
        volume = new Volume("vm1.d0", BlockFile.open(image), false, memory);
        server = NbdServer.open(socket, volume, troubles::add);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        volume.close();
        memory.close();
    }

    private static byte[] filled(int bytes, int value) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) value);
        return content;
    }

    @Test
    void whatIsWrittenIsReadInTheFileAndInTheEpoch() throws Exception {
        volume.beginCapture();
        try (NbdClient client = NbdClient.connect(socket, "vm1.d0")) {
            client.write(1, 100, filled(10_000, 7));
            assertEquals(0, client.answer().error());
            client.read(2, 0, 12_288);
            byte[] read = client.answer().data();
            assertEquals(0, read[99]);
            assertEquals(7, read[100]);
            assertEquals(7, read[10_099]);
            assertEquals(0, read[10_100]);
        }
        try (BlockSet cut = volume.cut();
                PageSet pages = cut.pages()) {
            assertEquals(3, pages.count());
            byte[] onDisk = Files.readAllBytes(image);
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(
                        Arrays.copyOfRange(onDisk, i * B, (i + 1) * B),
                        pages.content(i).toArray(JAVA_BYTE));
            }
        }
    }

    @Test
    void overlappingWritesOfFourConnectionsLeaveOneTruthInFileAndEpochs() throws Exception {
        long seed = 4711;
        volume.beginCapture();
        volume.flushAtOnce();
        byte[] standby = new byte[BLOCKS * B];
        CompletableFuture<?>[] clients = new CompletableFuture<?>[4];
        for (int c = 0; c < clients.length; c++) {
            SplittableRandom dice = new SplittableRandom(seed + c);
            clients[c] = CompletableFuture.runAsync(() -> {
                try (NbdClient client = NbdClient.connect(socket, "")) {
                    for (int i = 0; i < 400; i++) {
                        int length = 1 + dice.nextInt(20_000);
                        long offset = dice.nextInt(40 * B);
                        switch (dice.nextInt(4)) {
                            case 0 -> client.zero(i, offset, length);
                            case 1 -> client.trim(i, offset, 100 * B);
                            default -> client.write(i, offset, filled(length, dice.nextInt(255) + 1));
                        }
                        assertEquals(0, client.answer().error());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(clients);
        while (!all.isDone()) {
            apply(volume.cut(), standby);
            Thread.sleep(5);
        }
        all.get();
        apply(volume.cut(), standby);
        assertArrayEquals(Files.readAllBytes(image), standby, "seed " + seed);
    }

    private static void apply(BlockSet set, byte[] image) {
        try (set;
                PageSet pages = set.pages()) {
            for (BlockRange range : set.zeroRanges()) {
                Arrays.fill(image, range.first() * B, (range.first() + range.count()) * B, (byte) 0);
            }
            for (int i = 0; i < pages.count(); i++) {
                MemorySegment.copy(pages.content(i), JAVA_BYTE, 0, image, pages.number(i) * B, B);
            }
        }
    }

    @Test
    void aRequestOfAnOldConnectionNeverOvertakesANewOne() throws Exception {
        NbdClient old = NbdClient.connect(socket, "");
        NbdClient client;
        volume.lock().lock();
        try {
            // Two writes: the first hangs in the storage, the second waits in the socket of a client that has died.
            old.write(1, 0, filled(B, 1));
            old.write(2, B, filled(B, 1));
            old.close();
            CompletableFuture<NbdClient> next = CompletableFuture.supplyAsync(() -> {
                try {
                    NbdClient fresh = NbdClient.connect(socket, "");
                    fresh.write(3, 0, filled(2 * B, 2));
                    return fresh;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            client = next.get(10, TimeUnit.SECONDS);
        } finally {
            volume.lock().unlock();
        }
        assertEquals(0, client.answer().error());
        client.close();
        byte[] content = Files.readAllBytes(image);
        assertEquals(2, content[0]);
        assertEquals(2, content[B], "the dead client's second write came before the new client's");
    }

    @Test
    void aFlushIsAnsweredAtOnceOnlyWhileThatIsAllowed() throws Exception {
        try (NbdClient client = NbdClient.connect(socket, "")) {
            client.write(1, 0, filled(B, 3));
            client.answer();
            client.flush(2);
            assertEquals(2, client.answer().cookie());
            volume.flushAtOnce();
            client.flush(3);
            assertEquals(3, client.answer().cookie());
            volume.becomeHonest();
            assertFalse(volume.flushesAtOnce());
        }
    }

    @Test
    void aCutThatIsNotShippedComesBackIntoTheNextOne() throws Exception {
        volume.beginCapture();
        try (NbdClient client = NbdClient.connect(socket, "")) {
            client.write(1, 0, filled(2 * B, 1));
            client.answer();
            BlockSet dropped = volume.cut();
            client.write(2, B, filled(2 * B, 2));
            client.answer();
            volume.restore(dropped);
        }
        try (BlockSet cut = volume.cut();
                PageSet pages = cut.pages()) {
            assertEquals(3, pages.count());
            assertEquals(1, pages.content(0).get(JAVA_BYTE, 0));
            assertEquals(2, pages.content(1).get(JAVA_BYTE, 0));
        }
    }

    @Test
    void whatIsNotNbdEndsThatConnectionAlone() throws Exception {
        try (NbdClient good = NbdClient.connect(socket, "");
                NbdClient bad = NbdClient.connect(socket, "")) {
            bad.send(new byte[28]);
            assertThrows(IOException.class, bad::answer);
            assertEquals("what came is not an NBD request", troubles.poll(10, TimeUnit.SECONDS));
            good.read(1, 0, B);
            assertEquals(B, good.answer().data().length);
        }
    }

    @Test
    void theSeventeenthConnectionIsTurnedAway() throws Exception {
        NbdClient[] clients = new NbdClient[NbdServer.MAX_CONNECTIONS];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = NbdClient.connect(socket, "");
        }
        assertThrows(IOException.class, () -> NbdClient.connect(socket, ""));
        assertEquals(1, server.refused());
        for (NbdClient client : clients) {
            client.close();
        }
    }

    @Test
    void nobodyElseMayOpenTheSocketAndASocketLeftBehindIsReplaced() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        server.close();
        PrivateFiles.listen(socket).close();
        server = NbdServer.open(socket, volume, troubles::add);
        try (NbdClient client = NbdClient.connect(socket, "")) {
            client.read(1, 0, B);
            assertEquals(0, client.answer().error());
        }
        assertNull(troubles.peek());
        assertTrue(Files.exists(socket));
    }
}
