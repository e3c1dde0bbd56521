package org.secondsite.gateway.management;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.io.StrangersLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions on a Unix socket: one JSON object a line, {@code {"command": "status"}}, answered by one JSON object a
 * line. An answer with the member {@code error} says why there is no other.
 *
 * <p>Only the user that runs the gateway may open the socket. Every connection has a virtual thread.
 */
public final class ManagementServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ManagementServer.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Answers one command; runs on the connection's thread and may wait. */
    @FunctionalInterface
    public interface Command {
        /**
         * Answers.
         *
         * @param request the whole request, to which the member {@code who} is added: the caller, as the kernel knows it
         * @return the answer
         * @throws Exception if there is none; its message goes to the client
         */
        JsonNode answer(JsonNode request) throws Exception;
    }

    private static final long ACCEPT_AGAIN_MS = 1000;

    private final StrangersLog lines = new StrangersLog(LOG);
    private final Path socket;
    private final ServerSocketChannel server;
    private final Map<String, Command> commands;

    private ManagementServer(Path socket, ServerSocketChannel server, Map<String, Command> commands) {
        this.socket = socket;
        this.server = server;
        this.commands = Map.copyOf(commands);
    }

    /**
     * Listens.
     *
     * @param socket where; a socket left behind by a dead process is replaced
     * @param commands by name
     * @throws IOException if the socket cannot be made
     */
    public static ManagementServer open(Path socket, Map<String, Command> commands) throws IOException {
        PrivateFiles.parents(socket.toAbsolutePath().getParent());
        ManagementServer management = new ManagementServer(socket, PrivateFiles.listen(socket), commands);
        Thread.ofVirtual().name("management").start(management::accept);
        return management;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel client = server.accept();
                Thread.ofVirtual().name("management-client").start(() -> serve(client));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                lines.tell("accept", "management socket {}: no connection can be accepted: {}", socket, e.toString());
                pause();
            }
        }
    }

    /** Out of descriptors, for instance: whoever calls stays readable, and to try at once would only use a processor up. */
    private static void pause() {
        try {
            Thread.sleep(ACCEPT_AGAIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(SocketChannel client) {
        try (client;
                BufferedReader in = new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
                Writer out = Channels.newWriter(client, StandardCharsets.UTF_8)) {
            String caller = caller(client);
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(JSON.writeValueAsString(answer(line, caller)));
                out.write('\n');
                out.flush();
            }
        } catch (IOException e) {
            LOG.debug("management client: {}", e.toString());
        }
    }

    /** As the kernel knows it: unix(7), SO_PEERCRED. */
    private static String caller(SocketChannel client) throws IOException {
        UnixDomainPrincipal principal = client.getOption(ExtendedSocketOptions.SO_PEERCRED);
        return "user " + principal.user().getName();
    }

    private JsonNode answer(String line, String caller) {
        String name = "";
        try {
            JsonNode request = JSON.readTree(line);
            name = request.path("command").asText();
            if (request instanceof ObjectNode object) {
                object.put("who", caller);
            }
            Command command = commands.get(name);
            if (command == null) {
                return error("no command '" + name + "'; there are " + new TreeSet<>(commands.keySet()));
            }
            return command.answer(request);
        } catch (JsonProcessingException e) {
            return error("not a JSON object on one line: " + e.getOriginalMessage());
        } catch (Exception e) {
            // Not the whole request: a configuration has keys in it.
            lines.tell("command", "command '{}' of {} failed: {}", name, caller, e.toString());
            return error(String.valueOf(e.getMessage()));
        }
    }

    private static ObjectNode error(String text) {
        return JSON.createObjectNode().put("error", text);
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(socket);
    }
}
