package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Asks a gateway on its management socket. */
final class ManagementQuestion {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ManagementQuestion() {}

    static JsonNode ask(Path socket, String command) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
                BufferedReader reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            writer.write("{\"command\":\"" + command + "\"}\n");
            writer.flush();
            String answer = reader.readLine();
            if (answer == null) {
                throw new IOException("no answer from " + socket);
            }
            return JSON.readTree(answer);
        }
    }
}
