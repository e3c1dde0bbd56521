package org.secondsite.bench.disk;

import java.io.IOException;
import java.nio.file.Path;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.io.BlockFile;
import org.secondsite.replicator.disk.io.NbdServer;
import org.secondsite.replicator.disk.io.Volume;

/** The disk server in a process of its own, with capture: IMAGE SOCKET {@code at-once|honest}. Runs until it is killed. */
final class ServedImage {
    private static final int EPOCH_MS = 100;
    private static final long MEMORY_BYTES = 1L << 30;

    private ServedImage() {}

    private static void complain(String what) {
        System.err.println(what);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BlockMemory memory = new BlockMemory(MEMORY_BYTES);
        Volume volume = new Volume("image", BlockFile.open(Path.of(arguments[0])), false, memory);
        volume.beginCapture();
        if (arguments[2].equals("at-once")) {
            volume.flushAtOnce();
        }
        NbdServer server = NbdServer.open(Path.of(arguments[1]), volume, ServedImage::complain);
        while (server.refused() == 0) {
            Thread.sleep(EPOCH_MS);
            volume.cut().close();
        }
    }
}
