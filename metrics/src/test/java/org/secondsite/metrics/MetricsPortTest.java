package org.secondsite.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsPortTest {
    private final MetricsPort port = new MetricsPort(Scrape::new);

    @AfterEach
    void close() {
        port.close();
    }

    /** One that nobody has now. */
    private static InetSocketAddress free() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), probe.getLocalPort());
        }
    }

    private static Optional<InetSocketAddress> at(InetSocketAddress address) {
        return Optional.of(address);
    }

    private static String asked(InetSocketAddress address) throws IOException {
        try (Socket client = new Socket(address.getAddress(), address.getPort())) {
            client.getOutputStream().write("GET /metrics HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void requireShownAt(InetSocketAddress address) throws IOException {
        assertTrue(asked(address).startsWith("HTTP/1.1 200 "), "shown at " + address);
    }

    @Test
    void theyMoveAndGo() throws Exception {
        InetSocketAddress first = free();
        InetSocketAddress second = free();
        port.move(Optional.empty());
        port.move(at(first));
        requireShownAt(first);
        port.move(at(first));
        requireShownAt(first);
        port.move(at(second));
        requireShownAt(second);
        assertThrows(IOException.class, () -> asked(first));
        port.move(Optional.empty());
        assertThrows(IOException.class, () -> asked(second));
    }

    @Test
    void anAddressThatSomebodyHasLeavesThemWhereTheyWere() throws Exception {
        InetSocketAddress first = free();
        port.move(at(first));
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress other = (InetSocketAddress) taken.getLocalSocketAddress();
            IOException refused = assertThrows(IOException.class, () -> port.move(at(other)));
            assertTrue(refused.getMessage().contains("metrics.listen"), refused.getMessage());
        }
        requireShownAt(first);
    }

    @Test
    void fromOneAddressToAnyAtTheSamePort() throws Exception {
        InetSocketAddress one = free();
        InetSocketAddress any = new InetSocketAddress("0.0.0.0", one.getPort());
        port.move(at(one));
        port.move(at(any));
        requireShownAt(one);
        port.move(at(one));
        requireShownAt(one);
        assertEquals(one, new InetSocketAddress(one.getAddress(), any.getPort()));
    }
}
