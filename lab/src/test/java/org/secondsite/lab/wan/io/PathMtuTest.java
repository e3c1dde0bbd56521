package org.secondsite.lab.wan.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.lab.io.NetworkNamespace;
import org.secondsite.lab.io.TestNamespaces;

/** Path MTU discovery of Linux against the emulator's answers: TCP connections of the kernel's own. */
@Tag("lab")
@Timeout(180)
class PathMtuTest {
    private static final int PORT = 9000;
    private static final long SOON_MS = 15_000;

    @TempDir
    Path directory;

    private TestNamespaces namespaces;
    private final AtomicLong received = new AtomicLong();

    @BeforeEach
    void joinTwoHosts() throws Exception {
        namespaces = TestNamespaces.create("mtu", "a", "b", "x");
        namespaces.wire("a", "wan0", "10.9.0.1/24", "x", "a0");
        namespaces.wire("b", "wan0", "10.9.0.2/24", "x", "b0");
        for (String host : List.of("a", "b")) {
            namespaces.inside(
                    host, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.wan0.disable_ipv6=0");
            String address = "2001:db8:9::" + (host.equals("a") ? 1 : 2) + "/64";
            namespaces.inside(host, "ip", "addr", "add", address, "dev", "wan0", "nodad");
        }
        WanEmulator emulator = namespaces.closing(NetworkNamespace.call(
                namespaces.name("x"), () -> WanEmulator.open(List.of("a0", "b0"), List.of("a", "b"), 7)));
        namespaces.closing(WanControl.open(directory.resolve("wan.sock"), emulator::execute));
    }

    @AfterEach
    void leaveNothing() throws Exception {
        namespaces.close();
    }

    @Test
    void tcpOverIpv4GoesOnThroughAnMtuThatShrinks() throws Exception {
        survives("10.9.0.2", List.of(1400, 1300, 1000));
    }

    @Test
    void tcpOverIpv6GoesOnThroughAnMtuThatShrinks() throws Exception {
        survives("2001:db8:9::2", List.of(1400, 1280));
    }

    @Test
    void inABlackHoleTcpStallsUnlessItProbes() throws Exception {
        namespaces.inside("a", "sysctl", "-qw", "net.ipv4.tcp_mtu_probing=0");
        stream("10.9.0.2");
        awaitBytes(100_000);
        command("set all mtu=1300 blackhole=1");
        Thread.sleep(500);
        long stalled = received.get();
        Thread.sleep(3_000);
        assertEquals(stalled, received.get(), "nothing gets through");
        assertTrue(command("show").contains("\"tooBigTold\":0"), "and nobody is told");
        namespaces.inside("a", "sysctl", "-qw", "net.ipv4.tcp_mtu_probing=1");
        awaitBytes(100_000);
    }

    private void survives(String address, List<Integer> mtus) throws Exception {
        stream(address);
        awaitBytes(100_000);
        for (int mtu : mtus) {
            command("set all mtu=" + mtu);
            awaitBytes(1_000_000);
            String route = namespaces.inside("a", "ip", "route", "get", address);
            assertTrue(route.contains("mtu " + mtu), route);
        }
        command("set all mtu=0");
        awaitBytes(1_000_000);
    }

    /** Bytes from a to b, as many as go. */
    private void stream(String address) throws Exception {
        ServerSocket server = namespaces.closing(NetworkNamespace.call(namespaces.name("b"), () -> {
            ServerSocket listening = new ServerSocket();
            listening.bind(new InetSocketAddress(address, PORT));
            return listening;
        }));
        Socket sender = namespaces.closing(NetworkNamespace.call(namespaces.name("a"), () -> {
            Socket connected = new Socket();
            connected.connect(new InetSocketAddress(address, PORT), 5_000);
            return connected;
        }));
        Socket receiver = namespaces.closing(server.accept());
        Thread.ofPlatform().daemon().name("sender").start(() -> send(sender));
        Thread.ofPlatform().daemon().name("receiver").start(() -> receive(receiver));
    }

    private static void send(Socket socket) {
        byte[] bytes = new byte[64 << 10];
        try {
            OutputStream out = socket.getOutputStream();
            while (true) {
                out.write(bytes);
            }
        } catch (SocketException e) {
            // the test is over
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void receive(Socket socket) {
        byte[] bytes = new byte[64 << 10];
        try {
            for (int read = 0; read >= 0; read = socket.getInputStream().read(bytes)) {
                received.addAndGet(read);
            }
        } catch (SocketException e) {
            // the test is over
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitBytes(long more) throws Exception {
        long goal = received.get() + more;
        long end = System.nanoTime() + SOON_MS * 1_000_000;
        while (received.get() < goal) {
            assertTrue(
                    System.nanoTime() < end,
                    () -> "at " + received.get() + " of " + goal + " bytes after " + SOON_MS + " ms; " + shown());
            Thread.sleep(10);
        }
    }

    private String shown() {
        try {
            return command("show");
        } catch (IOException e) {
            return e.toString();
        }
    }

    private String command(String line) throws IOException {
        return WanControl.ask(directory.resolve("wan.sock"), line);
    }
}
