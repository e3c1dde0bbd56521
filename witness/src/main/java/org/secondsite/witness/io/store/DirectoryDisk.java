package org.secondsite.witness.io.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.secondsite.net.io.PrivateFiles;

/** A directory of the file system, locked against a second process for as long as it is open. */
final class DirectoryDisk implements Disk {
    private static final String LOCK = "lock";

    private final Path directory;
    private final FileChannel lockFile;

    private DirectoryDisk(Path directory, FileChannel lockFile) {
        this.directory = directory;
        this.lockFile = lockFile;
    }

    /**
     * Creates the directory if need be, and locks it.
     *
     * @throws IOException if it cannot be used, or another witness uses it
     */
    static DirectoryDisk open(Path directory) throws IOException {
        PrivateFiles.directory(directory);
        FileChannel lockFile = FileChannel.open(
                directory.resolve(LOCK),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PrivateFiles.asFile());
        try {
            if (!locked(lockFile)) {
                throw new IOException("another witness uses " + directory);
            }
            return new DirectoryDisk(directory, lockFile);
        } catch (IOException e) {
            lockFile.close();
            throw e;
        }
    }

    private static boolean locked(FileChannel lockFile) throws IOException {
        try {
            FileLock lock = lockFile.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(directory.resolve(name));
    }

    @Override
    public byte[] read(String name, int limitOctets) throws IOException {
        Path file = directory.resolve(name);
        if (Files.size(file) > limitOctets) {
            throw new IOException(
                    file + " has " + Files.size(file) + " octets, at most " + limitOctets + " are expected");
        }
        return Files.readAllBytes(file);
    }

    @Override
    public Appender create(String name) throws IOException {
        return new OpenFile(FileChannel.open(
                directory.resolve(name),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE),
                PrivateFiles.asFile()));
    }

    @Override
    public Appender append(String name) throws IOException {
        return new OpenFile(FileChannel.open(directory.resolve(name), StandardOpenOption.WRITE));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void forceNames() throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }

    @Override
    public String toString() {
        return directory.toString();
    }

    private record OpenFile(FileChannel channel) implements Appender {
        @Override
        public void write(ByteBuffer octets) throws IOException {
            long at = channel.size();
            while (octets.hasRemaining()) {
                at += channel.write(octets, at);
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public void truncate(long lengthOctets) throws IOException {
            channel.truncate(lengthOctets);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
