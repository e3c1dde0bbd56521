package org.secondsite.buffer.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.secondsite.buffer.io.ring.PacketSockets;
import org.secondsite.net.linux.Libc;

/** Sends frames as they are, from the namespace of the thread that opened it. */
final class RawPort implements AutoCloseable {
    private final Libc libc = new Libc();
    private final int socket;

    RawPort(String name) throws IOException {
        socket = PacketSockets.open(libc, name);
        PacketSockets.bind(libc, socket, PacketSockets.index(libc, name), 0, name);
    }

    void send(byte[] frame) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(frame.length);
            copy.copyFrom(MemorySegment.ofArray(frame));
            long answer = libc.write(socket, copy);
            if (answer != frame.length) {
                throw new IOException("sending " + frame.length + " bytes: " + answer);
            }
        }
    }

    @Override
    public void close() {
        libc.close(socket);
    }
}
