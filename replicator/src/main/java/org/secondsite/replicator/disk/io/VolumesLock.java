package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.secondsite.net.io.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lock of a VM's disks: one process at a time has them. */
final class VolumesLock {
    private static final Logger LOG = LoggerFactory.getLogger(VolumesLock.class);

    private VolumesLock() {}

    /**
     * Takes it, until the channel is closed.
     *
     * @throws IOException if another process has it, or it cannot be made
     */
    @SuppressWarnings("MustBeClosedChecker") // it is closed with the volumes
    static FileChannel take(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), PrivateFiles.asFile());
        boolean locked = false;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException here) {
            LOG.debug("{} is locked by this process", file);
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        if (!locked) {
            throw new IOException(file + " is locked: another process uses these disks");
        }
        return channel;
    }

    /** Gives it back, if there is one. */
    static void giveBack(FileChannel lock) {
        try {
            if (lock != null) {
                lock.close();
            }
        } catch (IOException e) {
            LOG.warn("the lock of a VM's disks is not given back: {}", e.getMessage());
        }
    }
}
