package org.secondsite.lab.wan.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.lab.io.NetworkNamespace;
import org.secondsite.lab.io.TestNamespaces;

/** How exact the emulator is on real interfaces: what the lab's other measurements rest on. */
@Tag("lab")
@Isolated("times what is fast only on a machine of its own")
@Timeout(180)
class WanEmulatorTest {
    private static final int PORT = 9000;
    private static final int HEADERS_BYTES = 14 + 20 + 8;

    @TempDir
    Path directory;

    private TestNamespaces namespaces;
    private DatagramSocket a;
    private DatagramSocket b;

    @BeforeEach
    void joinTwoHosts() throws Exception {
        namespaces = TestNamespaces.create("wan", "a", "b", "x");
        namespaces.wire("a", "wan0", "10.9.0.1/24", "x", "a0");
        namespaces.wire("b", "wan0", "10.9.0.2/24", "x", "b0");
        WanEmulator emulator = namespaces.closing(NetworkNamespace.call(
                namespaces.name("x"), () -> WanEmulator.open(List.of("a0", "b0"), List.of("a", "b"), 7)));
        namespaces.closing(WanControl.open(directory.resolve("wan.sock"), emulator::execute));
        a = socket("a", "10.9.0.1");
        b = socket("b", "10.9.0.2");
        send(0); // resolves the neighbour
        receive();
    }

    @AfterEach
    void leaveNothing() throws Exception {
        namespaces.close();
    }

    @Test
    void addsTheAskedDelayWithinAMillisecond() throws Exception {
        for (int delayMs : new int[] {0, 10, 50, 100}) {
            command("set a>b delayMs=" + delayMs);
            long[] extraNanos = oneWayNanos(60, 5);
            for (int i = 0; i < extraNanos.length; i++) {
                extraNanos[i] -= delayMs * 1_000_000L;
            }
            Arrays.sort(extraNanos);
            long quick = extraNanos[extraNanos.length / 10];
            System.out.printf(
                    "one way, asked %d ms: beyond it p10 %d µs, p50 %d µs, p90 %d µs, max %d µs%n",
                    delayMs,
                    quick / 1000,
                    extraNanos[extraNanos.length / 2] / 1000,
                    extraNanos[extraNanos.length * 9 / 10] / 1000,
                    extraNanos[extraNanos.length - 1] / 1000);
            assertTrue(extraNanos[0] >= 0, "none arrives before its time");
            // Not the median: other processes on the cores delay the test's own threads, which is not the emulator's
            // error.
            assertTrue(quick < 1_000_000, "even the quick ones come " + quick + " ns beyond the delay");
        }
    }

    @Test
    void keepsTheAskedRate() throws Exception {
        int bytes = 1400;
        int frames = 200;
        command("set a>b rateMbit=20");
        long startNanos = System.nanoTime();
        for (int i = 0; i < frames; i++) {
            send(i, bytes);
        }
        for (int i = 0; i < frames; i++) {
            assertEquals(i, receive());
        }
        double seconds = (System.nanoTime() - startNanos) * 1e-9;
        double megabits = frames * (bytes + HEADERS_BYTES) * 8 / seconds * 1e-6;
        System.out.printf("asked 20 Mbit/s, got %.2f%n", megabits);
        assertEquals(20, megabits, 2);
    }

    @Test
    void losesTheAskedShare() throws Exception {
        command("set a>b loss=0.2");
        int sent = 2000;
        int received = 0;
        for (int i = 0; i < sent; i++) {
            send(i);
            if (i % 20 == 19) {
                received += drain(20);
            }
        }
        assertEquals(0.8, received / (double) sent, 0.04);
    }

    @Test
    void aOneWayCutStopsOneWayAndHeals() throws Exception {
        command("cut a>b");
        send(1);
        assertThrows(SocketTimeoutException.class, this::receive);
        ByteBuffer back = ByteBuffer.allocate(16);
        b.send(new DatagramPacket(back.array(), 16, new InetSocketAddress("10.9.0.1", PORT)));
        a.receive(new DatagramPacket(new byte[64], 64));
        command("heal all");
        send(2);
        assertEquals(2, receive());
        assertTrue(command("show").contains("\"cut\":1"), "the counters tell of the cut frame");
    }

    @Test
    void refusesAWrongCommandInWords() {
        IOException refused = assertThrows(IOException.class, () -> command("set a-z delayMs=1"));
        assertTrue(refused.getMessage().contains("no link 'a-z'"), refused.getMessage());
    }

    private String command(String line) throws IOException {
        return WanControl.ask(directory.resolve("wan.sock"), line);
    }

    private long[] oneWayNanos(int count, int gapMs) throws Exception {
        List<Long> delays = new ArrayList<>();
        Thread sender = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < count; i++) {
                    send(i);
                    Thread.sleep(gapMs);
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        byte[] bytes = new byte[64];
        for (int i = 0; i < count; i++) {
            DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
            b.receive(packet);
            delays.add(System.nanoTime() - ByteBuffer.wrap(bytes).getLong(4));
        }
        sender.join();
        return delays.stream().mapToLong(Long::longValue).toArray();
    }

    private void send(int number) throws IOException {
        send(number, 16);
    }

    private void send(int number, int lengthBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(lengthBytes).putInt(number).putLong(System.nanoTime());
        a.send(new DatagramPacket(bytes.array(), lengthBytes, new InetSocketAddress("10.9.0.2", PORT)));
    }

    private int receive() throws IOException {
        byte[] bytes = new byte[2048];
        b.receive(new DatagramPacket(bytes, bytes.length));
        return ByteBuffer.wrap(bytes).getInt();
    }

    private int drain(int most) throws IOException {
        int got = 0;
        b.setSoTimeout(20);
        try {
            while (got < most) {
                receive();
                got++;
            }
        } catch (SocketTimeoutException e) {
            // the rest was lost
        } finally {
            b.setSoTimeout(1_000);
        }
        return got;
    }

    private DatagramSocket socket(String host, String address) throws Exception {
        DatagramSocket socket = namespaces.closing(NetworkNamespace.call(
                namespaces.name(host), () -> new DatagramSocket(new InetSocketAddress(address, PORT))));
        socket.setSoTimeout(1_000);
        socket.setReceiveBufferSize(4 << 20);
        return socket;
    }
}
