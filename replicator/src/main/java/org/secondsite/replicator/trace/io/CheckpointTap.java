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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.secondsite.config.VmId;
import org.secondsite.net.io.PrivateFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between agents and their gateway, passes everything on as it comes, and has the checkpoints of one VM written into a
 * file, beside the way ({@link Recording}). When the recording is complete, or cannot go on, the tap still passes on: protection does not
 * depend on it more than on a piece of cable.
 *
 * <p>An agent that connects anew begins with a full image, and that is where a recording begins.
 */
public final class CheckpointTap implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointTap.class);
    private static final int CHUNK_BYTES = 256 << 10;
    private static final long USUAL_WAITING_BYTES = 256L << 20;

    private final ServerSocketChannel listener;
    private final SocketAddress gateway;
    private final Recording recording;
    private final Set<SocketChannel> sockets = ConcurrentHashMap.newKeySet();

    /**
     * Listens for agents.
     *
     * @param listen where agents connect to instead of the gateway: an {@link InetSocketAddress}, or a
     *     {@link UnixDomainSocketAddress}, which becomes its owner's alone
     * @param gateway where the gateway listens for agents, either kind as well
     * @param vm whose checkpoints are recorded
     * @param target the file, compressed if it ends in {@code .zst}; it must not exist
     * @param epochs how many epochs are recorded, the image included
     * @param maxWaitingBytes how many bytes may wait to be written; if more would, the recording ends
     * @throws IOException if the address or the file cannot be had
     */
    public static CheckpointTap open(
            SocketAddress listen, SocketAddress gateway, VmId vm, Path target, long epochs, long maxWaitingBytes)
            throws IOException {
        ServerSocketChannel listener = listen(listen);
        try {
            OutputStream plain = new BufferedOutputStream(
                    Files.newOutputStream(Files.createFile(target, PrivateFiles.asFile()), StandardOpenOption.WRITE),
                    1 << 20);
            OutputStream file = target.toString().endsWith(".zst") ? new ZstdOutputStream(plain, 3) : plain;
            CheckpointTap tap = new CheckpointTap(listener, gateway, new Recording(file, vm, epochs, maxWaitingBytes));
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

    private CheckpointTap(ServerSocketChannel listener, SocketAddress gateway, Recording recording) {
        this.listener = listener;
        this.gateway = gateway;
        this.recording = recording;
    }

    /** How many bytes may usually wait to be written: 256 MiB, or a quarter of this process's heap if that is less. */
    public static long usualWaitingBytes() {
        return Math.min(USUAL_WAITING_BYTES, Runtime.getRuntime().maxMemory() / 4);
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
        return recording.awaitEnd(timeoutMs);
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
        recording.close();
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
                Recording.Connection connection = recording.connection()) {
            sockets.add(toGateway);
            try {
                withoutDelay(agent);
                withoutDelay(toGateway);
                Thread back = Thread.ofVirtual().name("tap-gateway").start(() -> passBack(toGateway, agent));
                pass(agent, toGateway, connection::passed);
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

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it ends by itself: its sockets are closed
        }
    }
}
