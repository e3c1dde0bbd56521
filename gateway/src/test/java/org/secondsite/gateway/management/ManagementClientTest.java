package org.secondsite.gateway.management;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ManagementClientTest {
    private static final Duration SHORT = Duration.ofMillis(200);

    @TempDir
    Path directory;

    @Test
    void aGatewayThatIsStoppedIsNotWaitedForForEver() throws IOException {
        Path socket = directory.resolve("stopped");
        // What a stopped process leaves: the kernel makes connections for it, and nobody reads them. Backlog 1.
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket), 1);
            for (int i = 0; i < 4; i++) { // the last ones do not even get a connection
                IOException e =
                        assertThrows(IOException.class, () -> ManagementClient.ask(socket, "status", Map.of(), SHORT));
                assertEquals("it did not answer within 0.2 s; it may be stopped", e.getMessage());
            }
        }
    }

    @Test
    void whoDiesInTheMiddleOfARequestHasSaidNothingAndKeepsNobodyWaiting() throws IOException {
        Path socket = directory.resolve("shared");
        List<String> committed = new CopyOnWriteArrayList<>();
        ManagementServer.Command commit = request -> {
            committed.add(request.path("text").asText());
            return JsonNodeFactory.instance.objectNode().put("revision", committed.size());
        };
        ManagementServer server = ManagementServer.open(socket, Map.of("config", commit));
        try {
            ByteBuffer half = ByteBuffer.wrap("{\"command\": \"config\", \"text\": \"half".getBytes(UTF_8));
            try (SocketChannel dead = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                dead.write(half);
                ManagementClient.ask(socket, "config", Map.of("text", "beside it"));
            }
            ManagementClient.ask(socket, "config", Map.of("text", "after it"));
            assertEquals(List.of("beside it", "after it"), committed);
        } finally {
            server.close();
        }
    }

    @Test
    void anAnswerThatTakesItsTimeIsAnAnswer() throws IOException {
        Path socket = directory.resolve("slow");
        ManagementServer.Command slow = request -> {
            Thread.sleep(SHORT.toMillis());
            return JsonNodeFactory.instance
                    .objectNode()
                    .put("vm", request.path("vm").asText());
        };
        ManagementServer server = ManagementServer.open(socket, Map.of("slow", slow));
        try {
            assertEquals(
                    "web",
                    ManagementClient.ask(socket, "slow", Map.of("vm", "web"))
                            .path("vm")
                            .asText());
        } finally {
            server.close();
        }
    }
}
