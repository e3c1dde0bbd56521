package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A network block device of 16 MiB of zeros, by nbdkit, whose flushes fail or take long when they are told to. */
final class ErringDisk implements AutoCloseable {
    private static final int START_SECONDS = 10;

    private final Path socket;
    private final Path bad;
    private final Path seconds;
    private final Process server;

    ErringDisk(Path directory) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        socket = directory.resolve("disk.nbd");
        bad = directory.resolve("bad");
        seconds = directory.resolve("seconds");
        Files.writeString(seconds, "0");
        server = new ProcessBuilder(
                        "nbdkit",
                        "--foreground",
                        "--unix",
                        socket.toString(),
                        "eval",
                        "get_size=echo 16M",
                        "can_write=exit 0",
                        "can_flush=exit 0",
                        "pread=head -c $3 /dev/zero",
                        "pwrite=cat >/dev/null",
                        "flush=sleep $(cat " + seconds + "); test ! -e " + bad
                                + " || { echo EIO a bad disk >&2; exit 1; }")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nbdkit.log").toFile())
                .start();
        long deadline = System.nanoTime() + START_SECONDS * 1_000_000_000L;
        while (!Files.exists(socket)) {
            if (!server.isAlive() || System.nanoTime() > deadline) {
                throw new IOException("nbdkit: " + Files.readString(directory.resolve("nbdkit.log")));
            }
            Thread.sleep(5);
        }
    }

    /** Makes flushes fail, or not any more. */
    void bad(boolean fails) throws IOException {
        if (fails) {
            Files.writeString(bad, "");
        } else {
            Files.deleteIfExists(bad);
        }
    }

    /** Makes each flush take so long. */
    void flushSeconds(int each) throws IOException {
        Files.writeString(seconds, Integer.toString(each));
    }

    /** QEMU's arguments for an IDE disk, with the block node and the device of these names, that stops the VM on errors. */
    List<String> ide(String node, String device) {
        return List.of(
                "-blockdev",
                "driver=nbd,node-name=" + node + ",server.type=unix,server.path=" + socket + ",reconnect-delay=60",
                "-device",
                "ide-hd,bus=ide.0,id=" + device + ",drive=" + node + ",werror=stop,rerror=stop,share-rw=on");
    }

    @Override
    public void close() {
        server.destroyForcibly();
    }
}
