package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;

/**
 * A TCP connection from the uplink's host to the VM that carries so many bytes each way, and must return what it got.
 */
public final class Exchange {
    private static final int LIMIT_MILLIS = 20_000;

    private Exchange() {}

    public static void run(Namespaces namespaces, String address, int bytes) throws Exception {
        try (ServerSocket server = namespaces.in("vm", () -> new ServerSocket(7000));
                Socket client = namespaces.in("up", () -> {
                    Socket socket = new Socket();
                    socket.connect(new InetSocketAddress(address, 7000), LIMIT_MILLIS);
                    return socket;
                });
                Socket accepted = server.accept()) {
            byte[] sent = new byte[bytes];
            new Random(7).nextBytes(sent);
            Thread echo = Thread.ofPlatform().name("echo").start(() -> {
                try {
                    accepted.getInputStream().transferTo(accepted.getOutputStream());
                    accepted.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            client.setSoTimeout(LIMIT_MILLIS);
            Thread writer = Thread.ofPlatform().name("writer").start(() -> {
                try {
                    client.getOutputStream().write(sent);
                    client.shutdownOutput();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertArrayEquals(sent, client.getInputStream().readAllBytes());
            assertTrue(PlaneThreads.ended(writer));
            assertTrue(PlaneThreads.ended(echo));
        }
    }
}
