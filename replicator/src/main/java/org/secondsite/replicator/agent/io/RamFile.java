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

/** A guest's RAM as a file that is mapped here and in QEMU at once. Closing unmaps; the file stays. */
final class RamFile implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    private RamFile(Path path, long bytes, Set<StandardOpenOption> how) throws IOException {
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
        PrivateFiles.close(path);
        return new RamFile(path, bytes, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** Makes a file of zeros, in place of one that is there; who has that one mapped keeps it, apart from this one. */
    static RamFile create(Path path, long bytes) throws IOException {
        Files.deleteIfExists(path);
        return new RamFile(
                path, bytes, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
    }

    MemorySegment memory() {
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }
}
