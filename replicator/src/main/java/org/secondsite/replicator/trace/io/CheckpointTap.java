package org.secondsite.replicator.trace.io;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
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

    private final ServerSocket listener;
    private final InetSocketAddress gateway;
    private final VmId vm;
    private final long wantedEpochs;
    private final OutputStream file;
    private final ColoTraceWriter writer;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final CountDownLatch ended = new CountDownLatch(1);

    /** Guarded by this, as the writer is. */
    private boolean recording = true;

    private String failure;

    /**
     * Listens for agents.
     *
     * @param listen where agents connect to instead of the gateway
     * @param gateway where the gateway listens for agents
     * @param vm whose checkpoints are recorded
     * @param target the file, compressed if it ends in {@code .zst}; it must not exist
     * @param epochs how many epochs are recorded, the image included
     * @throws IOException if the address or the file cannot be had
     */
    public static CheckpointTap open(
            InetSocketAddress listen, InetSocketAddress gateway, VmId vm, Path target, long epochs) throws IOException {
        ServerSocket listener = new ServerSocket();
        try {
            listener.setReuseAddress(true);
            listener.bind(listen);
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

    private CheckpointTap(
            ServerSocket listener, InetSocketAddress gateway, VmId vm, OutputStream file, long wantedEpochs) {
        this.listener = listener;
        this.gateway = gateway;
        this.vm = vm;
        this.file = file;
        this.wantedEpochs = wantedEpochs;
        writer = new ColoTraceWriter(file, System::nanoTime);
    }

    /** Where agents connect to. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
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
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        end(null);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket agent = listener.accept();
                Thread.ofVirtual().name("tap-agent").start(() -> relay(agent));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    LOG.warn("an agent could not be accepted: {}", e.getMessage());
                }
            }
        }
    }

    private void relay(Socket agent) {
        sockets.add(agent);
        try (agent) {
            agent.setTcpNoDelay(true);
            join(relayToGateway(agent));
        } catch (IOException e) {
            LOG.info("the connection of {} ended: {}", agent.getRemoteSocketAddress(), e.getMessage());
        } finally {
            sockets.remove(agent);
        }
    }

    /** Passes on until one end closes; the thread that is returned ends soon after. */
    private Thread relayToGateway(Socket agent) throws IOException {
        try (Socket toGateway = new Socket(gateway.getAddress(), gateway.getPort());
                CheckpointRecorder recorder = new CheckpointRecorder(vm, writer)) {
            sockets.add(toGateway);
            try {
                toGateway.setTcpNoDelay(true);
                Thread back = Thread.ofVirtual().name("tap-gateway").start(() -> pass(toGateway, agent));
                pass(agent, toGateway, recorder);
                return back;
            } finally {
                sockets.remove(toGateway);
            }
        }
    }

    private void pass(Socket from, Socket to, CheckpointRecorder recorder) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
            out.write(chunk, 0, length);
            record(recorder, chunk, length);
        }
    }

    /** The way back, which is nobody's business. Closes both ends when one is closed. */
    private static void pass(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
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
