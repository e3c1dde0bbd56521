package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.secondsite.replicator.disk.Superblock;

/** The file of a volume's superblock: {@code NAME.super}, two slots. */
final class SuperblockFile implements AutoCloseable {
    private final FileChannel file;
    private Optional<Superblock> current;

    private SuperblockFile(FileChannel file, Optional<Superblock> current) {
        this.file = file;
        this.current = current;
    }

    static SuperblockFile open(Path path) throws IOException {
        FileChannel file = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        ByteBuffer slots = ByteBuffer.allocate(Superblock.SLOTS * Superblock.SLOT_BYTES);
        try {
            int got = 0;
            while (slots.hasRemaining() && got >= 0) {
                got = file.read(slots, slots.position());
            }
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return new SuperblockFile(file, Superblock.newest(slots.clear()));
    }

    /** What is known of the volume, empty if nothing is. */
    Optional<Superblock> current() {
        return current;
    }

    /** Writes it over the older slot and waits for the disk. */
    void write(Superblock superblock) throws IOException {
        ByteBuffer slot = superblock.write();
        while (slot.hasRemaining()) {
            file.write(slot, (long) superblock.slot() * Superblock.SLOT_BYTES + slot.position());
        }
        file.force(true);
        current = Optional.of(superblock);
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            // What was written was forced to the disk; nothing can be lost by this.
        }
    }
}
