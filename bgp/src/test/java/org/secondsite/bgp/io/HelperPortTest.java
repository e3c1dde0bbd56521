package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a helper does to the rest of the process: nothing. */
@Timeout(240)
class HelperPortTest {
    private static final int PATIENCE_SECONDS = 20;

    @TempDir
    private Path directory;

    @Test
    void pipesInWhichNothingIsSaidHoldUpNobody() throws Exception {
        List<RandomAccessFile> pipes = new ArrayList<>();
        try {
            for (int i = 0; i <= Runtime.getRuntime().availableProcessors(); i++) {
                RandomAccessFile pipe = pipe("pipe-" + i);
                pipes.add(pipe);
                CountDownLatch reading = new CountDownLatch(1);
                new HelperPort("silent")
                        .start(
                                telling(new FileInputStream(pipe.getFD()), reading),
                                OutputStream.nullOutputStream(),
                                (lines, done) -> done.run(),
                                () -> {});
                assertTrue(reading.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "pipe " + i + " is read");
            }
            CountDownLatch ran = new CountDownLatch(1);
            Thread.ofVirtual().start(ran::countDown);
            assertTrue(ran.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "a virtual thread runs");
        } finally {
            for (RandomAccessFile pipe : pipes) {
                pipe.write('\n'); // a read that waits is not woken by closing
                pipe.close();
            }
        }
    }

    private RandomAccessFile pipe(String name) throws Exception {
        Path path = directory.resolve(name);
        assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
        return new RandomAccessFile(path.toFile(), "rw");
    }

    /** Tells when somebody begins to read. */
    private static InputStream telling(InputStream from, CountDownLatch reading) {
        return new FilterInputStream(from) {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                reading.countDown();
                return super.read(into, offset, length);
            }
        };
    }
}
