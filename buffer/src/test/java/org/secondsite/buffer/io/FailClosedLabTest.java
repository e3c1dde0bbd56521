package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.VmState;

/** FailClosed: what a data plane that dies, hangs or restarts lets out, seen from the uplink. */
@Tag("lab")
@Timeout(180)
class FailClosedLabTest {
    private static final String FROM_VM = "src host 203.0.113.10 or src host 2001:db8:1::10";

    private RoutedSite site;

    @BeforeEach
    void build() throws IOException {
        site = new RoutedSite();
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void aKilledProcessLetsOutNothingThatItHeldAndNothingAfter() throws Exception {
        try (Capture uplink = new Capture(site.namespaces, "up", "eth0", FROM_VM.split(" ", -1));
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket());
                GatewayProcess gateway = new GatewayProcess(site)) {
            send(socket, 500);
            Eventually.holds(() -> gateway.ask("held").equals("1000"), () -> "1000 held");
            assertEquals("sealed", gateway.ask("seal 1"));
            send(socket, 500);
            Eventually.holds(() -> gateway.ask("held").equals("2000"), () -> "2000 held");
            gateway.signal("KILL");
            assertTrue(gateway.ended());
            send(socket, 500);
            Thread.sleep(500);
            assertEquals(0, uplink.frames().size());
            try (DataPlane successor = site.open()) {
                send(socket, 10);
                Eventually.holds(
                        () -> RoutedSite.figures(successor).droppedClosed() >= 10,
                        () -> successor.counters().toString());
                assertEquals(VmState.CLOSED, RoutedSite.figures(successor).state());
                assertEquals(0, uplink.frames().size());
                RoutedSite.pass(successor, 2);
                send(socket, 10);
                Eventually.holds(() -> uplink.frames().size() >= 20, () -> "10 for each of two protocols");
            }
        }
    }

    @Test
    void aProcessThatTheKernelKillsForWantOfMemoryLetsOutNothing() throws Exception {
        try (Capture uplink = new Capture(site.namespaces, "up", "eth0", FROM_VM.split(" ", -1));
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket());
                MemoryGroup group = new MemoryGroup(64L << 20);
                GatewayProcess gateway = new GatewayProcess(site)) {
            send(socket, 500);
            Eventually.holds(() -> gateway.ask("held").equals("1000"), () -> "1000 held");
            assertEquals("sealed", gateway.ask("seal 1"));
            group.add(gateway.pid());
            assertNull(gateway.ask("eat"));
            assertTrue(gateway.ended());
            assertEquals(1, group.kills());
            send(socket, 500);
            Thread.sleep(500);
            assertEquals(0, uplink.frames().size());
        }
    }

    @Test
    void aStoppedProcessLetsOutNothingAndLosesNothing() throws Exception {
        try (Capture uplink = new Capture(site.namespaces, "up", "eth0", FROM_VM.split(" ", -1));
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket());
                GatewayProcess gateway = new GatewayProcess(site)) {
            send(socket, 100);
            Eventually.holds(() -> gateway.ask("held").equals("200"), () -> "200 held");
            assertEquals("sealed", gateway.ask("seal 1"));
            gateway.signal("STOP");
            send(socket, 100);
            Thread.sleep(500);
            assertEquals(0, uplink.frames().size());
            gateway.signal("CONT");
            Eventually.holds(() -> gateway.ask("held").equals("400"), () -> "400 held");
            gateway.ask("commit 1");
            Eventually.holds(() -> uplink.frames().size() >= 200, () -> "the first epoch");
            Thread.sleep(100);
            assertEquals(200, uplink.frames().size());
        }
    }

    /** As many of IPv4 as of IPv6. */
    private static void send(DatagramSocket socket, int count) throws IOException {
        InetAddress four = InetAddress.ofLiteral(RoutedSite.UP_ADDRESS);
        InetAddress six = InetAddress.ofLiteral("2001:db8:2::1");
        for (int i = 0; i < count; i++) {
            socket.send(new DatagramPacket(new byte[4], 4, four, 9000));
            socket.send(new DatagramPacket(new byte[4], 4, six, 9000));
        }
    }
}
