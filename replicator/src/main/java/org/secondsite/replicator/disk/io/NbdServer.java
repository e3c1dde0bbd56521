package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.io.StrangersLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves a volume over NBD on a Unix socket that only this user may open. Each connection has a thread; eight more wait for the
 * disk. Closing hangs up: the client waits and connects again.
 */
public final class NbdServer implements AutoCloseable {
    /** More connections than a client opens that splits its load over queues. */
    static final int MAX_CONNECTIONS = 16;

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
    private final StrangersLog lines = new StrangersLog(LOG);
    private static final int WORKERS = 8;
    private static final int SPARE_BUFFER_BYTES = 256 << 10;

    private final Path path;
    private final Volume volume;
    private final Consumer<String> troubles;
    private final ServerSocketChannel listener;
    private final ExecutorService workers;
    private final AtomicLong refused = new AtomicLong();

    /** All that were accepted, and those of them that carry out requests. Guarded by this. */
    private final Set<NbdConnection> accepted = new LinkedHashSet<>();

    private final Set<NbdConnection> serving = new LinkedHashSet<>();
    private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();

    private NbdServer(Path path, Volume volume, Consumer<String> troubles, ServerSocketChannel listener) {
        this.path = path;
        this.volume = volume;
        this.troubles = troubles;
        this.listener = listener;
        workers = Executors.newFixedThreadPool(
                WORKERS,
                Thread.ofPlatform()
                        .daemon()
                        .name("disk-" + volume.export().name() + "-", 0)
                        .factory());
    }

    /**
     * Listens. A socket that an earlier life left at this path is replaced.
     *
     * @param troubles is told of every request that the disk refused and of every client that broke the protocol
     * @throws IOException if the path cannot be listened on
     */
    public static NbdServer open(Path path, Volume volume, Consumer<String> troubles) throws IOException {
        NbdServer server = new NbdServer(path, volume, troubles, PrivateFiles.listen(path));
        Thread.ofPlatform().daemon().name("nbd-" + volume.export().name()).start(server::accept);
        return server;
    }

    /** The clients that were turned away because there were too many. */
    public long refused() {
        return refused.get();
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel socket = listener.accept();
                if (!begin(socket)) {
                    refused.incrementAndGet();
                    socket.close();
                }
            } catch (IOException e) {
                if (listener.isOpen()) {
                    lines.tell("accept", "{}: no connection could be accepted: {}", path, e.getMessage());
                    backOff();
                }
            }
        }
    }

    /** Out of descriptors, for instance: the listener stays readable, and looking again at once would only use a processor up. */
    private static void backOff() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean begin(SocketChannel socket) throws IOException {
        if (accepted.size() >= MAX_CONNECTIONS) {
            return false;
        }
        NbdConnection connection = new NbdConnection(socket, volume, workers, this);
        accepted.add(connection);
        Thread.ofPlatform()
                .daemon()
                .name("nbd-" + volume.export().name() + "-client")
                .start(connection);
        return true;
    }

    /** A connection is about to carry out its first request: waits until nothing older than it is under way. */
    void begins(NbdConnection connection) throws InterruptedException {
        List<NbdConnection> others;
        synchronized (this) {
            others = List.copyOf(serving);
            serving.add(connection);
        }
        for (NbdConnection other : others) {
            other.awaitCaughtUp();
        }
    }

    synchronized void ended(NbdConnection connection) {
        accepted.remove(connection);
        serving.remove(connection);
    }

    void failed(String what) {
        troubles.accept(what);
    }

    /** A cleared direct buffer with room for so many bytes. */
    ByteBuffer takeBuffer(int bytes) {
        ByteBuffer buffer = null;
        if (bytes <= SPARE_BUFFER_BYTES) {
            synchronized (spare) {
                buffer = spare.poll();
            }
        }
        return buffer == null ? ByteBuffer.allocateDirect(Math.max(bytes, SPARE_BUFFER_BYTES)) : buffer.clear();
    }

    void giveBuffer(ByteBuffer buffer) {
        if (buffer.capacity() == SPARE_BUFFER_BYTES) {
            synchronized (spare) {
                if (spare.size() < 4 * WORKERS) {
                    spare.push(buffer);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Files.deleteIfExists(path);
        List<NbdConnection> open;
        synchronized (this) {
            open = List.copyOf(accepted);
        }
        open.forEach(NbdConnection::hangUp);
        for (NbdConnection connection : open) {
            try {
                connection.awaitEnd();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        workers.shutdown();
    }
}
