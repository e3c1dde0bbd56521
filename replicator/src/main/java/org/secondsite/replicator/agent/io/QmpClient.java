package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.secondsite.replicator.agent.QmpLines;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the QEMU Machine Protocol: JSON objects, one a line, over a Unix socket.
 *
 * <p>A reader thread reads all the time, so that QEMU never waits for us: two events come per checkpoint, more at other
 * times. Every wait for an answer is bounded. Source: QEMU's docs/interop/qmp-spec.
 */
final class QmpClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QmpClient.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int READ_BYTES = 64 << 10;
    private static final String GREETING = "greeting";

    private final Path path;
    private final SocketChannel channel;
    private final Consumer<JsonNode> events;
    private final Map<String, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
    private final AtomicLong lastId = new AtomicLong();
    private final CompletableFuture<String> closed = new CompletableFuture<>();

    /** QEMU understood a command and refused it. */
    static final class QmpError extends IOException {
        private static final long serialVersionUID = 1L;

        QmpError(String command, String description) {
            super(command + ": " + description);
        }
    }

    /** QEMU did not answer in time; it may still do. */
    static final class NoAnswer extends IOException {
        private static final long serialVersionUID = 1L;

        NoAnswer(String command, long timeoutMs, TimeoutException late) {
            super(command + ": QEMU did not answer within " + timeoutMs + " ms", late);
        }
    }

    private QmpClient(Path path, SocketChannel channel, Consumer<JsonNode> events) {
        this.path = path;
        this.channel = channel;
        this.events = events;
    }

    /**
     * Connects and leaves the negotiation mode.
     *
     * @param events called on the reader thread for every event; must not block
     * @param timeoutMs how long to wait for QEMU's greeting: it serves one client at a time, and lets others wait
     * @throws IOException if nobody listens, or does not greet in time
     */
    static QmpClient connect(Path path, Consumer<JsonNode> events, int timeoutMs)
            throws IOException, InterruptedException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
        QmpClient client = new QmpClient(path, channel, events);
        CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
        client.pending.put(GREETING, greeting);
        Thread.ofPlatform().daemon().name("qmp-" + path.getFileName()).start(client::read);
        try {
            client.greeted(greeting, timeoutMs);
            client.execute("qmp_capabilities", Map.of(), timeoutMs);
        } catch (IOException | InterruptedException | RuntimeException failed) {
            client.close();
            throw failed;
        }
        return client;
    }

    private void greeted(CompletableFuture<JsonNode> greeting, int timeoutMs) throws IOException, InterruptedException {
        try {
            await(greeting, GREETING, timeoutMs);
        } catch (NoAnswer late) {
            throw new IOException(
                    path + ": no greeting within " + timeoutMs
                            + " ms: another client holds this monitor, or QEMU hangs; give the agent a -qmp of its own",
                    late);
        }
    }

    /**
     * Executes a command.
     *
     * @return the command's return value
     * @throws QmpError if QEMU refuses it
     * @throws NoAnswer if there is none in time
     * @throws IOException if the connection is gone
     */
    JsonNode execute(String command, Map<String, ?> arguments, long timeoutMs)
            throws IOException, InterruptedException {
        return execute(command, arguments, timeoutMs, () -> {});
    }

    /**
     * The same.
     *
     * @param lateAnswer called on the reader thread if the answer comes after it was given up
     */
    JsonNode execute(String command, Map<String, ?> arguments, long timeoutMs, Runnable lateAnswer)
            throws IOException, InterruptedException {
        String id = Long.toString(lastId.incrementAndGet());
        ObjectNode request = JSON.createObjectNode().put("execute", command).put("id", id);
        if (!arguments.isEmpty()) {
            request.set("arguments", JSON.valueToTree(arguments));
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        pending.put(id, answer);
        try {
            write(request);
            JsonNode response = await(answer, command, timeoutMs);
            if (response.has("error")) {
                throw new QmpError(command, response.path("error").path("desc").asText());
            }
            return response.path("return");
        } catch (NoAnswer late) {
            // Called at once if the answer has just come.
            var _ = answer.thenRun(lateAnswer);
            throw late;
        } catch (IOException failed) {
            pending.remove(id);
            throw failed;
        }
    }

    /** Whom to tell when the connection is gone, with the reason; at once if it is gone already. */
    void onClosed(Consumer<String> told) {
        var _ = closed.thenAccept(told);
    }

    private JsonNode await(CompletableFuture<JsonNode> answer, String command, long timeoutMs)
            throws IOException, InterruptedException {
        if (closed.isDone()) {
            throw new IOException(command + ": " + closed.join());
        }
        try {
            return answer.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            throw new NoAnswer(command, timeoutMs, late);
        } catch (ExecutionException gone) {
            throw new IOException(command + ": " + gone.getCause().getMessage(), gone);
        }
    }

    private synchronized void write(ObjectNode request) throws IOException {
        ByteBuffer line = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
        } catch (ClosedChannelException gone) {
            throw new IOException("the QMP connection is closed", gone);
        }
    }

    private void read() {
        ByteBuffer in = ByteBuffer.allocateDirect(READ_BYTES);
        QmpLines lines = new QmpLines(this::received);
        try {
            while (channel.read(in.clear()) >= 0) {
                lines.feed(in.flip());
            }
            ended("QEMU closed " + path);
        } catch (IOException failed) {
            ended(failed.getMessage() == null ? "the QMP connection was closed" : failed.getMessage());
        }
    }

    private void received(ObjectNode message) {
        if (message.has("event")) {
            LOG.trace("{}", message);
            events.accept(message);
            return;
        }
        String id = message.has("QMP") ? GREETING : message.path("id").asText();
        CompletableFuture<JsonNode> asked = pending.remove(id);
        if (asked != null) {
            asked.complete(message);
        }
    }

    private void ended(String reason) {
        closed.complete(reason);
        pending.values().forEach(asked -> asked.completeExceptionally(new IOException(reason)));
        close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            LOG.debug("closing {}: {}", path, ignored.getMessage());
        }
    }
}
