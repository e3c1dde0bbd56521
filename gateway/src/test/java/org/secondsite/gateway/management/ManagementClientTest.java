package org.secondsite.gateway.management;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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
