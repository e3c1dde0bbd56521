package org.secondsite.replicator.trace.io;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.VmId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.replicator.trace.CheckpointRecorder;
import org.secondsite.replicator.trace.ColoTraceWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between agents and their gateway, passes everything on as it comes, and writes the checkpoints of one VM into a
 * file. When the recording is complete, or cannot go on, the tap still passes on: protection does not depend on it more than
 * on a piece of cable.
 *
 * <p>An agent that connects anew begins with a full image, and that is where a recording begins.
 */
public final class CheckpointTap implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointTap.class);
    private static final int CHUNK_BYTES = 256 << 10;

    private final ServerSocketChannel listener;
    private final SocketAddress gateway;
    private final VmId vm;
    private final long wantedEpochs;
    private final OutputStream file;
    private final ColoTraceWriter writer;
    private final Set<SocketChannel> sockets = ConcurrentHashMap.newKeySet();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** Guarded by this, as the writer is. */
    private boolean recording = true;

    private String failure;

    /**
     * Listens for agents.
     *
     * @param listen where agents connect to instead of the gateway: an {@link InetSocketAddress}, or a
     *     {@link UnixDomainSocketAddress}, which becomes its owner's alone
     * @param gateway where the gateway listens for agents, either kind as well
     * @param vm whose checkpoints are recorded
     * @param target the file, compressed if it ends in {@code .zst}; it must not exist
     * @param epochs how many epochs are recorded, the image included
     * @throws IOException if the address or the file cannot be had
     */
    public static CheckpointTap open(SocketAddress listen, SocketAddress gateway, VmId vm, Path target, long epochs)
            throws IOException {
        ServerSocketChannel listener = listen(listen);
        try {
            OutputStream plain = new BufferedOutputStream(
                    Files.newOutputStream(Files.createFile(target, PrivateFiles.asFile()), StandardOpenOption.WRITE),
                    1 << 20);
            OutputStream file = target.toString().endsWith(".zst") ? new ZstdOutputStream(plain, 3) : plain;
            CheckpointTap tap = new CheckpointTap(listener, gateway, vm, file, epochs);
            Thread.ofVirtual().name("tap-accept").start(tap::accept);
            return tap;
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private static ServerSocketChannel listen(SocketAddress address) throws IOException {
        if (address instanceof UnixDomainSocketAddress socket) {
            return PrivateFiles.listen(socket.getPath());
        }
        ServerSocketChannel listener = ServerSocketChannel.open();
        try {
            return listener.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(address);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private CheckpointTap(
            ServerSocketChannel listener, SocketAddress gateway, VmId vm, OutputStream file, long wantedEpochs) {
        this.listener = listener;
        this.gateway = gateway;
        this.vm = vm;
        this.file = file;
        this.wantedEpochs = wantedEpochs;
        writer = new ColoTraceWriter(file, System::nanoTime);
    }

    /** Where agents connect to. */
    public SocketAddress address() throws IOException {
        return listener.getLocalAddress();
    }

    /**
     * Waits until the recording has ended.
     *
     * @return how many epochs it holds; fewer than wanted if the time was over before
     * @throws IOException if it ended because of a failure
     */
    public long awaitRecorded(long timeoutMs) throws IOException, InterruptedException {
        boolean inTime = ended.await(timeoutMs, TimeUnit.MILLISECONDS);
        synchronized (this) {
            if (inTime && failure != null) {
                throw new IOException(failure);
            }
            return writer.epochs();
        }
    }

    /** Ends the recording, if it has not ended, and every connection. */
    @Override
    public void close() throws IOException {
        SocketAddress listened = listener.getLocalAddress();
        listener.close();
        if (listened instanceof UnixDomainSocketAddress socket) {
            Files.deleteIfExists(socket.getPath());
        }
        for (SocketChannel socket : sockets) {
            socket.close();
        }
        end(null);
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel agent = listener.accept();
                Thread.ofVirtual().name("tap-agent").start(() -> relay(agent));
            } catch (IOException e) {
                if (listener.isOpen()) {
                    LOG.warn("an agent could not be accepted: {}", e.getMessage());
                }
            }
        }
    }

    private void relay(SocketChannel agent) {
        sockets.add(agent);
        try (agent) {
            join(relayToGateway(agent));
        } catch (IOException e) {
            LOG.info("the connection of an agent ended: {}", e.getMessage());
        } finally {
            sockets.remove(agent);
        }
    }

    /** Passes on until one end closes; the thread that is returned ends soon after. */
    private Thread relayToGateway(SocketChannel agent) throws IOException {
        try (SocketChannel toGateway = SocketChannel.open(gateway);
                CheckpointRecorder recorder = new CheckpointRecorder(vm, writer)) {
            sockets.add(toGateway);
            try {
                withoutDelay(agent);
                withoutDelay(toGateway);
                Thread back = Thread.ofVirtual().name("tap-gateway").start(() -> passBack(toGateway, agent));
                pass(agent, toGateway, (chunk, length) -> record(recorder, chunk, length));
                return back;
            } finally {
                sockets.remove(toGateway);
            }
        }
    }

    private static void withoutDelay(SocketChannel socket) throws IOException {
        if (socket.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
    }

    /** Looks at what is passed on. */
    @FunctionalInterface
    private interface Onlooker {
        void see(byte[] chunk, int length);
    }

    private static void pass(SocketChannel from, SocketChannel to, Onlooker onlooker) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        while (from.read(chunk) >= 0) {
            chunk.flip();
            while (chunk.hasRemaining()) {
                to.write(chunk);
            }
            onlooker.see(chunk.array(), chunk.limit());
            chunk.clear();
        }
    }

    /** The way back, which is nobody's business. Closes both ends when one is closed. */
    private static void passBack(SocketChannel from, SocketChannel to) {
        try (from;
                to) {
            pass(from, to, (chunk, length) -> {});
        } catch (IOException e) {
            LOG.debug("the way back ended: {}", e.getMessage());
        }
    }

    private synchronized void record(CheckpointRecorder recorder, byte[] chunk, int length) {
        if (!recording || recorder.isOther()) {
            return;
        }
        try {
            Optional<String> fault = recorder.feed(chunk, length);
            if (fault.isPresent()) {
                end(fault.get());
            } else if (writer.epochs() >= wantedEpochs) {
                end(null);
            }
        } catch (IOException e) {
            end("the recording cannot be written: " + e.getMessage());
        }
    }

    private synchronized void end(String fault) {
        if (!recording) {
            return;
        }
        recording = false;
        failure = fault;
        try {
            file.close();
        } catch (IOException e) {
            failure = fault == null ? "the recording cannot be written: " + e.getMessage() : fault;
        }
        ended.countDown();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it ends by itself: its sockets are closed
        }
    }
}
