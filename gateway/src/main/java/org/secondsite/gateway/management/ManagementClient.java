package org.secondsite.gateway.management;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Asks a running gateway, and does not wait for ever: one that is stopped (SIGSTOP) still has a socket that can be reached. */
public final class ManagementClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Longer than the longest command, a switchover, may take. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private ManagementClient() {}

    /**
     * Sends a command without arguments and waits for the answer.
     *
     * @param socket the gateway's management socket
     * @param command the command's name
     * @return the answer, which may have the member {@code error}
     * @throws IOException if no gateway listens there, it goes away, or it does not answer within half a minute
     */
    public static JsonNode ask(Path socket, String command) throws IOException {
        return ask(socket, command, Map.of());
    }

    /**
     * Sends a command and waits for the answer.
     *
     * @param socket the gateway's management socket
     * @param command the command's name
     * @param arguments members of the request
     * @return the answer, which may have the member {@code error}
     * @throws IOException if no gateway listens there, it goes away, or it does not answer within half a minute
     */
    public static JsonNode ask(Path socket, String command, Map<String, String> arguments) throws IOException {
        return ask(socket, command, arguments, LIMIT);
    }

    static JsonNode ask(Path socket, String command, Map<String, String> arguments, Duration limit) throws IOException {
        ObjectNode request = JSON.createObjectNode().put("command", command);
        arguments.forEach(request::put);
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            Thread watch =
                    Thread.ofPlatform().name("management-limit").daemon().start(() -> closeAfter(limit, channel));
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return exchange(channel, JSON.writeValueAsString(request) + "\n");
            } catch (ClosedByInterruptException e) {
                throw e;
            } catch (AsynchronousCloseException e) {
                throw new IOException(
                        "it did not answer within " + limit.toMillis() / 1e3 + " s; it may be stopped", e);
            } finally {
                watch.interrupt();
            }
        }
    }

    private static JsonNode exchange(SocketChannel channel, String request) throws IOException {
        ByteBuffer line = StandardCharsets.UTF_8.encode(request);
        while (line.hasRemaining()) {
            channel.write(line);
        }
        String answer = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8)).readLine();
        if (answer == null) {
            throw new EOFException("the gateway closed the connection without an answer");
        }
        return JSON.readTree(answer);
    }

    /** A blocking channel knows no time-out, but ends whatever waits for it when it is closed. */
    private static void closeAfter(Duration limit, SocketChannel channel) {
        try {
            Thread.sleep(limit);
            channel.close();
        } catch (InterruptedException answered) {
            // what this thread was for
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
