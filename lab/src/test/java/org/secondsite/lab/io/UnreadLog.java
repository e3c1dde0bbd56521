package org.secondsite.lab.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A pipe in the place of a process's log that is full, and that nobody reads: whoever writes to it waits. The log is put back in the end. It
 * is this class alone that opens the pipe for reading; who else reads it as a file would wait.
 */
final class UnreadLog implements AutoCloseable {
    private static final int PAGE_OCTETS = 4096;
    private static final int PATIENCE_SECONDS = 30;

    private final Path log;
    private final Path kept;
    private final RandomAccessFile bothWays;

    private UnreadLog(Path log, Path kept, RandomAccessFile bothWays) {
        this.log = log;
        this.kept = kept;
        this.bothWays = bothWays;
    }

    /** In the place of the log of a process that does not run. */
    static UnreadLog at(Path log) throws IOException {
        Path kept = log.resolveSibling(log.getFileName() + ".kept");
        Files.move(log, kept);
        Commands.run("mkfifo", "-m", "600", log.toString());
        // Opened both ways: whoever opens it to write would wait for a reader otherwise, and so would this.
        UnreadLog unread = new UnreadLog(log, kept, new RandomAccessFile(log.toFile(), "rw"));
        unread.fill();
        return unread;
    }

    /** How much a pipe takes is the machine's choice (pipe(7)): until it takes no more. */
    private void fill() throws IOException {
        Commands.Ended filled = Commands.runToAnyEnd(
                "dd", "if=/dev/zero", "of=" + log, "oflag=nonblock", "conv=notrunc", "bs=" + PAGE_OCTETS);
        if (!isFull()) {
            throw new IOException("a pipe was not filled: " + filled.output());
        }
    }

    /** Whether nobody has read, and whoever writes waits still. */
    boolean isFull() throws IOException {
        return Commands.runToAnyEnd(
                                "dd",
                                "if=/dev/zero",
                                "of=" + log,
                                "oflag=nonblock",
                                "conv=notrunc",
                                "bs=" + PAGE_OCTETS,
                                "count=1")
                        .code()
                != 0;
    }

    /** Reads at last, until somebody has said that; fails if nobody does. */
    void awaitSaid(String words) throws IOException {
        StringBuilder said = new StringBuilder();
        Waiting.until("'" + words + "' in a log that is read", PATIENCE_SECONDS, () -> {
            said.append(Commands.runToAnyEnd("dd", "if=" + log, "iflag=nonblock", "bs=64K", "status=none")
                    .output());
            return said.indexOf(words) >= 0;
        });
    }

    /** Whoever writes to it has to have ended, or writes to nobody. */
    @Override
    public void close() throws IOException {
        bothWays.close();
        Files.delete(log);
        Files.move(kept, log);
    }
}
