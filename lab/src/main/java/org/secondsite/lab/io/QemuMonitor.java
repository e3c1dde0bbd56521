package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** A monitor of a lab's QEMU, as an operator would use it. */
final class QemuMonitor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final BufferedReader in;

    QemuMonitor(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        in.readLine();
        execute("qmp_capabilities");
    }

    JsonNode execute(String command) throws IOException {
        return execute(command, Map.of());
    }

    /**
     * Has a command done.
     *
     * @return what it returns
     * @throws IOException in QEMU's words, if it fails
     */
    JsonNode execute(String command, Map<String, ?> arguments) throws IOException {
        String question = JSON.writeValueAsString(Map.of("execute", command, "arguments", arguments));
        ByteBuffer line = StandardCharsets.UTF_8.encode(question + "\n");
        while (line.hasRemaining()) {
            channel.write(line);
        }
        for (String answer = in.readLine(); answer != null; answer = in.readLine()) {
            JsonNode node = JSON.readTree(answer);
            if (node.has("return")) {
                return node.get("return");
            }
            if (node.has("error")) {
                throw new IOException(command + ": " + node.at("/error/desc").asText());
            }
        }
        throw new IOException("the monitor was closed");
    }

    /** Whether the guest runs; a stopped one is paused, or between checkpoints "postmigrate". */
    boolean runs() throws IOException {
        return execute("query-status").path("running").asBoolean();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
