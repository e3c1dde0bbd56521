package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.linux.FileCalls;

/** A guest's RAM as a file that is mapped here and in QEMU at once. Closing unmaps; the file stays. */
final class RamFile implements AutoCloseable {
    /** Where files without a name are; nobody gets at them who may not read the memory of the process. */
    private static final Path NAMELESS = Path.of("/proc");

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final Path path;

    private RamFile(Path path, long bytes, Set<StandardOpenOption> how) throws IOException {
        this.path = path;
        try (FileChannel file = FileChannel.open(path, how, PrivateFiles.asFile())) {
            memory = file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        } catch (IOException | RuntimeException failed) {
            arena.close();
            throw failed;
        }
    }

    /**
     * Maps the RAM of a VM that is there, and closes the file to others: QEMU makes it readable by everybody.
     *
     * @throws IOException if the file is not there or has another size
     */
    static RamFile existing(Path path, long bytes) throws IOException {
        long found = Files.size(path);
        if (found != bytes) {
            throw new IOException("RAM file " + path + " has " + found + " bytes, not " + bytes);
        }
        if (!path.startsWith(NAMELESS)) {
            PrivateFiles.close(path);
        }
        return new RamFile(path, bytes, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** Makes a file of zeros, in place of one that is there; who has that one mapped keeps it, apart from this one. */
    static RamFile create(Path path, long bytes) throws IOException {
        Files.deleteIfExists(path);
        return new RamFile(
                path, bytes, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
    }

    /** The same memory, mapped once more. */
    RamFile again() throws IOException {
        return existing(path, memory.byteSize());
    }

    /** Makes all of it zeros, and gives back what it has taken. */
    void empty() throws IOException {
        FileCalls calls = new FileCalls();
        int descriptor = calls.open(path.toString(), FileCalls.O_RDWR);
        if (descriptor < 0) {
            throw new IOException(path + ": cannot be opened, errno " + -descriptor);
        }
        int result = calls.fallocate(
                descriptor, FileCalls.FALLOC_FL_PUNCH_HOLE | FileCalls.FALLOC_FL_KEEP_SIZE, 0, memory.byteSize());
        calls.close(descriptor);
        if (result < 0) {
            throw new IOException(path + ": cannot be emptied, errno " + -result);
        }
    }

    MemorySegment memory() {
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }
}
