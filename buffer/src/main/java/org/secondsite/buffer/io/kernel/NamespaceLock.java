package org.secondsite.buffer.io.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.secondsite.net.linux.Libc;

/**
 * At most one data plane per interface: two would release every packet twice, and only one of them would be fenced.
 *
 * <p>The lock is an abstract Unix socket address (unix(7)), which belongs to the network namespace, as the interface
 * does, and ends with the process, however it ends.
 */
public final class NamespaceLock implements AutoCloseable {
    private final Libc libc = new Libc();
    private final int socket;

    /**
     * Takes the lock.
     *
     * @throws IOException if another process has it
     */
    public NamespaceLock(String interfaceName) throws IOException {
        socket = libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        if (socket < 0) {
            throw new IOException("cannot open a Unix socket: errno " + -socket);
        }
        int answer;
        try (Arena arena = Arena.ofConfined()) {
            byte[] name = ("\0secondsite/data-plane/" + interfaceName).getBytes(US_ASCII);
            MemorySegment address = arena.allocate(2 + name.length, 2);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) Libc.AF_UNIX);
            MemorySegment.copy(MemorySegment.ofArray(name), 0, address, 2, name.length);
            answer = libc.bind(socket, address);
        }
        if (answer < 0) {
            libc.close(socket);
            throw new IOException(
                    answer == -Libc.EADDRINUSE
                            ? "another data plane runs on " + interfaceName + " in this network namespace"
                            : "cannot lock " + interfaceName + ": errno " + -answer);
        }
    }

    @Override
    public void close() {
        libc.close(socket);
    }
}
