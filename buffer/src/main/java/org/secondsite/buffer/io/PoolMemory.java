package org.secondsite.buffer.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.secondsite.net.linux.Libc;

/**
 * The pool: anonymous memory that is there from the beginning, so that a full buffer cannot run into a lack of
 * memory.
 */
final class PoolMemory implements AutoCloseable {
    private final Libc libc = new Libc();
    private final MemorySegment segment;

    /**
     * Maps and touches the memory.
     *
     * @throws IOException if the machine does not have it
     */
    PoolMemory(long bytes) throws IOException {
        segment = libc.map(bytes, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_POPULATE, -1);
        if (segment.address() == 0) {
            throw new IOException("cannot have " + bytes + " bytes for held packets: errno " + libc.errno());
        }
    }

    MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        libc.unmap(segment);
    }
}
