package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** Stands between an agent and a real QEMU's monitor, and has something done just before a certain command gets there. */
final class QmpRelay implements AutoCloseable {
    private static final int MAX_BYTES = 64 << 10;

    /** What is to be done. */
    interface Act {
        void run() throws Exception;
    }

    private record Before(String command, Act act) {}

    private final ServerSocketChannel listener;
    private final SocketChannel qemu;
    private final AtomicReference<Before> before = new AtomicReference<>();

    /** Listens for one client. */
    QmpRelay(Path socket, Path monitor) throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        qemu = SocketChannel.open(UnixDomainSocketAddress.of(monitor));
        Thread.ofVirtual().start(this::serve);
    }

    /** Has it done once, just before QEMU gets the next such command. */
    void before(String command, Act act) {
        before.set(new Before(command, act));
    }

    private void serve() {
        try (SocketChannel client = listener.accept()) {
            Thread.ofVirtual().start(() -> copy(qemu, client));
            copy(client, qemu);
        } catch (IOException closed) {
            // Nobody is served any more.
        }
    }

    private void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer some = ByteBuffer.allocate(MAX_BYTES);
        try {
            while (from.read(some.clear()) >= 0) {
                some.flip();
                if (to.equals(qemu)) {
                    actIfIn(StandardCharsets.UTF_8.decode(some.duplicate()).toString());
                }
                while (some.hasRemaining()) {
                    to.write(some);
                }
            }
        } catch (IOException closed) {
            // So is the other end.
        }
    }

    /** The agent says one command at a time. */
    private void actIfIn(String said) throws IOException {
        Before wanted = before.get();
        if (wanted != null && said.contains("\"execute\":\"" + wanted.command() + "\"")) {
            before.set(null);
            try {
                wanted.act().run();
            } catch (Exception failed) {
                throw new IOException(failed);
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        qemu.close();
    }
}
