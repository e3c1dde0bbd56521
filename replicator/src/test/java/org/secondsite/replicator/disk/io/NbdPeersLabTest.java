package org.secondsite.replicator.disk.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;

/** The clients that there are: libnbd's, QEMU's and fio's. */
@Tag("lab")
class NbdPeersLabTest {
    private static final int B = BlockSet.BLOCK_BYTES;
    private static final long BYTES = (64L << 20) + 512;

    @TempDir
    Path directory;

    private final BlockMemory memory = new BlockMemory(1L << 30);
    private final LinkedBlockingQueue<String> troubles = new LinkedBlockingQueue<>();
    private Path image;
    private Path standby;
    private Volume volume;
    private NbdServer server;
    private String uri;

    @BeforeEach
    void serve() throws IOException {
        image = empty(directory.resolve("image"));
        standby = empty(directory.resolve("standby"));
        serve(image);
    }

    private static Path empty(Path path) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        return path;
    }

    private void serve(Path path) throws IOException {
        Path socket = directory.resolve("s.nbd");
        volume = new Volume("vm1.d0", BlockFile.open(path), false, memory);
        volume.beginCapture();
        server = NbdServer.open(socket, volume, troubles::add);
        uri = "nbd+unix:///vm1.d0?socket=" + socket;
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        volume.close();
        memory.close();
    }

    /** Applies what was captured to an image that was equal when the capture began. */
    private void ship() throws IOException {
        try (BlockSet cut = volume.cut();
                PageSet pages = cut.pages();
                RandomAccessFile file = new RandomAccessFile(standby.toFile(), "rw")) {
            for (BlockRange range : cut.zeroRanges()) {
                byte[] zeros = new byte[B];
                for (long block = range.first(); block < (long) range.first() + range.count(); block++) {
                    write(file, block, zeros);
                }
            }
            for (int i = 0; i < pages.count(); i++) {
                write(file, pages.number(i), pages.content(i).toArray(JAVA_BYTE));
            }
        }
    }

    private static void write(RandomAccessFile file, long block, byte[] content) throws IOException {
        file.seek(block * B);
        file.write(content, 0, (int) Math.min(B, BYTES - block * B));
    }

    private static Outcome run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                process.toHandle().destroyForcibly();
            }
            return new Outcome(process.waitFor(), String.join(" ", command) + "\n" + output);
        } catch (IOException e) {
            throw new IllegalStateException("this test needs the Debian packages libnbd-bin, qemu-utils and fio", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private record Outcome(int code, String output) {
        void succeeded() {
            assertEquals(0, code, output);
        }
    }

    @Test
    void libnbdSeesWhatIsServed() {
        Outcome info = run("nbdinfo", uri);
        info.succeeded();
        for (String expected : List.of(
                "newstyle-fixed without TLS, using structured packets",
                "export-size: " + BYTES,
                "can_flush: true",
                "can_fua: true",
                "can_multi_conn: true",
                "can_trim: true",
                "can_zero: true",
                "block_size_maximum: 2097152")) {
            assertTrue(info.output().contains(expected), expected + " in " + info.output());
        }
        Outcome map = run("nbdinfo", "--map", uri);
        map.succeeded();
        assertTrue(map.output().contains(BYTES + "    3  hole,zero"), map.output());
    }

    @Test
    void copiedInAndOutByLibnbdAndComparedByQemuItIsTheSame() throws Exception {
        Path source = directory.resolve("source");
        byte[] content = new byte[(int) BYTES];
        new Random(1).nextBytes(content);
        Arrays.fill(content, 10 << 20, 30 << 20, (byte) 0);
        Files.write(source, content);
        Path back = empty(directory.resolve("back"));
        run("nbdcopy", source.toString(), uri).succeeded();
        run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), uri)
                .succeeded();
        run("nbdcopy", uri, back.toString()).succeeded();
        assertEquals(-1, Files.mismatch(source, back));
        ship();
        assertEquals(-1, Files.mismatch(source, standby));
    }

    @Test
    void qemusReadsWritesZerosAndDiscardsAreInFileAndEpoch() throws Exception {
        run(
                        "qemu-io",
                        "-f",
                        "raw",
                        uri,
                        "-c",
                        "write -P 7 1000 500000",
                        "-c",
                        "read -P 7 1000 500000",
                        "-c",
                        "write -z 4096 100000",
                        "-c",
                        "write -z -u 1M 2M",
                        "-c",
                        "discard 100000 5000",
                        "-c",
                        "write -f -P 9 " + (BYTES - 512) + " 512",
                        "-c",
                        "aio_write -P 1 2M 1M",
                        "-c",
                        "aio_write -P 1 3M 1M",
                        "-c",
                        "aio_flush",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 0 1M 1M",
                        "-c",
                        "read -P 1 2M 2M")
                .succeeded();
        ship();
        assertEquals(-1, Files.mismatch(image, standby));
    }

    @Test
    void fioReadsWhatItWroteOverTwoConnectionsWhileEpochsAreCutAndDropped() throws Exception {
        CompletableFuture<Outcome> verified = CompletableFuture.supplyAsync(() -> run(
                "fio",
                "--name=verified",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randwrite",
                "--bsrange=512-64k",
                "--size=16m",
                "--offset_increment=16m",
                "--numjobs=2",
                "--iodepth=16",
                "--verify=crc32c",
                "--serialize_overlap=1"));
        CompletableFuture<Outcome> overlapping = CompletableFuture.supplyAsync(() -> run(
                "fio",
                "--name=overlapping",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randwrite",
                "--bsrange=512-64k",
                "--size=1m",
                "--offset=40m",
                "--numjobs=2",
                "--iodepth=16",
                "--loops=20"));
        while (!verified.isDone() || !overlapping.isDone()) {
            BlockSet dropped = volume.cut();
            Thread.sleep(10);
            volume.restore(dropped);
            ship();
        }
        verified.get().succeeded();
        overlapping.get().succeeded();
        ship();
        assertEquals(-1, Files.mismatch(image, standby));
        assertTrue(troubles.isEmpty(), troubles::toString);
    }

    @Test
    void aFullDiskIsNoSpaceToTheClientAndLosesNothingOfTheEpoch() throws Exception {
        server.close();
        volume.close();
        Path small = Files.createDirectory(directory.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small.toString()).succeeded();
        try {
            image = empty(small.resolve("image"));
            serve(image);
            Path source = directory.resolve("source");
            byte[] content = new byte[16 << 20];
            new Random(2).nextBytes(content);
            Files.write(source, content);
            Outcome copy = run("nbdcopy", source.toString(), uri);
            assertNotEquals(0, copy.code());
            assertTrue(copy.output().contains("No space left on device"), copy.output());
            run("qemu-io", "-f", "raw", uri, "-c", "read 0 1M").succeeded();
            ship();
            assertEquals(-1, Files.mismatch(image, standby));
            server.close();
            volume.close();
        } finally {
            run("umount", small.toString()).succeeded();
        }
    }

    @Test
    void whatIsNotInTheCacheIsReadFromTheDisk() throws Exception {
        byte[] content = new byte[(int) BYTES];
        new Random(3).nextBytes(content);
        Files.write(image, content);
        // Out of the page cache, so that reads have to wait for the disk.
        run("dd", "of=" + image, "oflag=nocache", "conv=notrunc,fdatasync", "count=0")
                .succeeded();
        Path back = empty(directory.resolve("back"));
        run("nbdcopy", uri, back.toString()).succeeded();
        assertEquals(-1, Files.mismatch(image, back));
    }
}
