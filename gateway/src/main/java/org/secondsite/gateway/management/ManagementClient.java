package org.secondsite.gateway.management;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Asks a running gateway. */
public final class ManagementClient {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ManagementClient() {}

    /**
     * Sends a command without arguments and waits for the answer.
     *
     * @param socket the gateway's management socket
     * @param command the command's name
     * @return the answer, which may have the member {@code error}
     * @throws IOException if no gateway listens there, or it goes away
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
     * @throws IOException if no gateway listens there, or it goes away
     */
    public static JsonNode ask(Path socket, String command, Map<String, String> arguments) throws IOException {
        ObjectNode request = JSON.createObjectNode().put("command", command);
        arguments.forEach(request::put);
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                BufferedReader in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            ByteBuffer line = StandardCharsets.UTF_8.encode(JSON.writeValueAsString(request) + "\n");
            while (line.hasRemaining()) {
                channel.write(line);
            }
            String answer = in.readLine();
            if (answer == null) {
                throw new EOFException("the gateway closed the connection without an answer");
            }
            return JSON.readTree(answer);
        }
    }
}
