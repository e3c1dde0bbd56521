package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.replicator.checkpoint.Limits;

/**
 * Takes one device state from QEMU: a Unix socket that is accepted on once and read until it ends.
 *
 * <p>It is read by a thread that does nothing else, because QEMU's monitor freezes with a migration stream that nobody reads.
 * Every checkpoint has a sink with a path of its own, so that a late stream of an abandoned one cannot be taken for the next.
 */
final class DeviceStateSink implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel listening;
    private final CompletableFuture<byte[]> state = new CompletableFuture<>();

    private DeviceStateSink(Path path, ServerSocketChannel listening) {
        this.path = path;
        this.listening = listening;
    }

    /**
     * Listens on a path, over a socket that an earlier process may have left there.
     *
     * @param qemu QEMU's user, who may connect
     * @param expectedBytes about how much will come
     */
    static DeviceStateSink open(Path path, UserPrincipal qemu, int expectedBytes) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel listening =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        if (!Files.getOwner(path).equals(qemu)) {
            Files.setOwner(path, qemu);
        }
        DeviceStateSink sink = new DeviceStateSink(path, listening);
        Thread.ofPlatform().daemon().name("sink-" + path.getFileName()).start(() -> sink.read(expectedBytes));
        return sink;
    }

    /** Where QEMU shall migrate to. */
    String uri() {
        return "unix:" + path;
    }

    /**
     * Waits for the whole state.
     *
     * @throws IOException if it could not be read, or did not end within the time
     */
    byte[] await(long timeoutNanos) throws IOException, InterruptedException {
        try {
            return state.get(timeoutNanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new IOException("the device state did not end in time", late);
        } catch (ExecutionException failed) {
            throw new IOException(
                    "the device state could not be read: " + failed.getCause().getMessage(), failed);
        }
    }

    private void read(int expectedBytes) {
        try (SocketChannel stream = listening.accept()) {
            byte[] bytes = new byte[expectedBytes];
            int length = 0;
            while (true) {
                if (length == bytes.length) {
                    bytes = Arrays.copyOf(bytes, Math.max(64 << 10, 2 * bytes.length));
                }
                int read = stream.read(ByteBuffer.wrap(bytes, length, bytes.length - length));
                if (read < 0) {
                    state.complete(Arrays.copyOf(bytes, length));
                    return;
                }
                length += read;
                if (length > Limits.DEVICE_STATE_BYTES) {
                    throw new IOException("more than " + Limits.DEVICE_STATE_BYTES + " bytes");
                }
            }
        } catch (IOException failed) {
            state.completeExceptionally(failed);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
            Files.deleteIfExists(path);
        } catch (IOException leftover) {
            state.completeExceptionally(leftover);
        }
    }
}
