package org.secondsite.buffer.io.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.secondsite.net.linux.Libc;

/** Ends another thread's {@code poll}: an eventfd(2). */
final class Waker implements AutoCloseable {
    private final Libc libc = new Libc();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment one = arena.allocateFrom(JAVA_LONG, 1);
    private final MemorySegment counter = arena.allocate(JAVA_LONG);
    private final int descriptor;
    private boolean closed;

    Waker() throws IOException {
        descriptor = libc.eventfd();
        if (descriptor < 0) {
            arena.close();
            throw new IOException("cannot make an eventfd: errno " + -descriptor);
        }
    }

    int descriptor() {
        return descriptor;
    }

    /** Any thread. */
    synchronized void wake() {
        if (!closed) {
            libc.write(descriptor, one);
        }
    }

    /** The polling thread, with its own bindings. */
    void clear(Libc own) {
        own.read(descriptor, counter.address(), counter.byteSize());
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            libc.close(descriptor);
            arena.close();
        }
    }
}
