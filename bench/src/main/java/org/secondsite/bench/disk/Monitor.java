package org.secondsite.bench.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.Writer;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A QEMU's monitor: QMP, one command at a time; events are passed over. */
final class Monitor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel socket;
    private final BufferedReader in;
    private final Writer out;

    private Monitor(SocketChannel socket) {
        this.socket = socket;
        in = new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8));
        out = Channels.newWriter(socket, StandardCharsets.UTF_8);
    }

    static Monitor connect(Path socket) throws IOException {
        Monitor monitor = new Monitor(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
        try {
            monitor.line();
            monitor.execute("qmp_capabilities", "{}");
            return monitor;
        } catch (IOException e) {
            monitor.close();
            throw e;
        }
    }

    private JsonNode line() throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new EOFException("QEMU is gone");
        }
        return JSON.readTree(line);
    }

    /**
     * Waits for the answer.
     *
     * @param arguments a JSON object
     * @throws IOException if it is an error
     */
    void execute(String command, String arguments) throws IOException {
        ObjectNode request = JSON.createObjectNode().put("execute", command);
        request.set("arguments", JSON.readTree(arguments));
        out.write(request + "\n");
        out.flush();
        JsonNode answer = line();
        while (answer.has("event")) {
            answer = line();
        }
        if (answer.has("error")) {
            throw new IOException(command + ": " + answer.at("/error/desc").asText());
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
