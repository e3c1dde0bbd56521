package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.Pressure;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.VmState;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** The routed mode on real interfaces: VM, gateway and uplink in namespaces of their own. */
@Tag("lab")
@Timeout(180)
class RoutedDataPlaneLabTest {
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
    void udpIsHeldUntilItsEpochIsCommitted() throws Exception {
        try (DataPlane plane = site.open();
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp");
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            RoutedSite.hold(plane, 1);
            send(socket, 100);
            heldPackets(plane, 100);
            RoutedSite.seal(plane, 1, 1);
            send(socket, 50);
            heldPackets(plane, 150);
            assertEquals(0, uplink.frames().size());
            plane.commit(RoutedSite.VM, new EpochId(1, 1));
            captured(uplink, 100);
            plane.commit(RoutedSite.VM, new EpochId(1, 2));
            Thread.sleep(100);
            assertEquals(100, uplink.frames().size(), "epoch 1/2 is not sealed");
            RoutedSite.seal(plane, 1, 2);
            plane.commit(RoutedSite.VM, new EpochId(1, 2));
            captured(uplink, 150);
            List<Integer> order = payloads(uplink);
            assertEquals(150, order.size());
            for (int i = 0; i < 150; i++) {
                assertEquals(i < 100 ? i : i - 100, order.get(i), "in order, each once");
            }
        }
    }

    @Test
    void passReleasesAndPassesAndFenceDiscards() throws Exception {
        try (DataPlane plane = site.open();
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp");
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            send(socket, 5);
            Eventually.holds(() -> RoutedSite.figures(plane).droppedClosed() >= 5, () -> plane.counters()
                    .toString());
            RoutedSite.hold(plane, 1);
            send(socket, 10);
            heldPackets(plane, 10);
            RoutedSite.pass(plane, 2);
            captured(uplink, 10);
            send(socket, 10);
            captured(uplink, 20);
            RoutedSite.hold(plane, 2);
            send(socket, 10);
            heldPackets(plane, 10);
            plane.fence(RoutedSite.VM, 3);
            plane.pass(RoutedSite.VM, 2);
            Eventually.holds(
                    () -> RoutedSite.figures(plane).state() == VmState.CLOSED
                            && RoutedSite.figures(plane).refusedCommands() == 1,
                    () -> plane.counters().toString());
            send(socket, 10);
            Thread.sleep(100);
            assertEquals(20, uplink.frames().size());
            assertTrue(RoutedSite.figures(plane).discardedPackets() >= 10);
        }
    }

    @Test
    void aVmThatIsDismissedPassesByTheKernelAndOneThatIsAdmittedIsHeld() throws Exception {
        try (DataPlane plane = site.open();
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp");
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            RoutedSite.pass(plane, 7);
            send(socket, 5);
            captured(uplink, 5);
            site.namespaces.in("gw", () -> {
                plane.confine(List.of(), List.of());
                plane.dismiss(RoutedSite.VM);
                return true;
            });
            assertThrows(IllegalArgumentException.class, () -> RoutedSite.hold(plane, 7));
            send(socket, 5);
            captured(uplink, 10);
            site.namespaces.in("gw", () -> {
                plane.admit(RoutedSite.vms().getFirst());
                plane.confine(RoutedSite.vms(), List.of());
                return true;
            });
            assertThrows(IOException.class, () -> plane.admit(RoutedSite.vms().getFirst()), "it is there");
            RoutedSite.hold(plane, 1);
            send(socket, 5);
            heldPackets(plane, 5);
            assertEquals(10, uplink.frames().size());
            RoutedSite.seal(plane, 1, 1);
            plane.commit(RoutedSite.VM, new EpochId(1, 1));
            captured(uplink, 15);
        }
    }

    @Test
    void icmpAndTcpWaitForCommitsWhileInboundDoesNot() throws Exception {
        try (DataPlane plane = site.open();
                Capture inbound = new Capture(site.namespaces, "vm", "eth0", "icmp");
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "icmp")) {
            RoutedSite.hold(plane, 1);
            assertFalse(reachable(500), "the reply is held");
            assertFalse(inbound.frames().isEmpty(), "the request has come in");
            assertTrue(uplink.frames().isEmpty());
            try (Ticker ticker = new Ticker(plane, RoutedSite.VM, 1, 1)) {
                assertTrue(reachable(5000));
                Exchange.run(site.namespaces, RoutedSite.VM_ADDRESS, 200_000);
                assertTrue(ticker.epochs() > 1);
            }
        }
    }

    /** A VM that knows its router by an advertisement has that one of the other site, too. RFC 4291 appendix A. */
    @Test
    void theRoutersLinkLocalAddressIsMadeOfItsMacWhateverTheInterfaceHadBefore() throws Exception {
        site.namespaces.ip("gw", "link set in0 down");
        site.namespaces.ip("gw", "link set in0 address 02:00:00:00:00:42");
        site.namespaces.ip("gw", "link set in0 up");
        try (DataPlane _ = site.open()) {
            assertEquals(
                    List.of("fe80::5eff:fe00:101/64"),
                    site.namespaces
                            .ip("gw", "-o -6 addr show dev in0 scope link")
                            .lines()
                            .map(line -> line.replaceAll(".* inet6 (\\S+) .*", "$1"))
                            .toList());
        }
    }

    @Test
    void neighborQuestionsAreAnsweredAtOnce() throws Exception {
        try (DataPlane plane = site.open()) {
            RoutedSite.hold(plane, 1);
            site.namespaces.ip("vm", "neigh flush dev eth0");
            site.namespaces.in("vm", () -> {
                try (DatagramSocket socket = new DatagramSocket()) {
                    for (String address : List.of("203.0.113.1", "2001:db8:1::1")) {
                        socket.send(new DatagramPacket(new byte[4], 4, InetAddress.ofLiteral(address), 9000));
                    }
                }
                return null;
            });
            for (String address : List.of("203.0.113.1", "2001:db8:1::1")) {
                Eventually.holds(
                        () -> site.namespaces
                                .ip("vm", "neigh show " + address)
                                .contains(RoutedSite.INSIDE_MAC.toString()),
                        () -> "an answer for " + address);
            }
            // The datagrams themselves are output, like any other.
            heldPackets(plane, 2);
        }
    }

    @Test
    void eastWestFramesReturnInsideAfterTheirCommit() throws Exception {
        byte[] frame = HexFormat.of()
                .parseHex("525400c01002" + "525400c01001" + "88b5" + "00112233445566778899aabbccddeeff".repeat(4));
        try (DataPlane plane = site.open();
                Capture inside = new Capture(site.namespaces, "vm", "eth0", "ether", "proto", "0x88b5");
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "ether", "proto", "0x88b5");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.hold(plane, 1);
            vm.send(frame);
            heldPackets(plane, 1);
            RoutedSite.seal(plane, 1, 1);
            assertEquals(0, inside.frames().size());
            plane.commit(RoutedSite.VM, new EpochId(1, 1));
            captured(inside, 1);
            assertArrayEquals(frame, inside.frames().getFirst());
            assertEquals(0, uplink.frames().size());
        }
    }

    @Test
    void aVmThatFillsItsQuotaIsReportedStepByStep() throws Exception {
        List<Pressure> seen = new CopyOnWriteArrayList<>();
        RoutedSettings small = new RoutedSettings(
                "in0", RoutedSite.INSIDE_MAC, List.of("203.0.113.1/24"), "rel", RoutedSite.TENANTS, 8 << 20, 1 << 20);
        DataPlaneListener listener = new DataPlaneListener() {
            @Override
            public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {
                seen.add(pressure);
            }

            @Override
            public void portDown(String name, String reason) {}

            @Override
            public void portUp(String name) {}

            @Override
            public void failed(Throwable cause) {}
        };
        try (DataPlane plane = site.namespaces.in(
                        "gw", () -> RoutedDataPlane.open(small, RoutedSite.vms(), PortKind.AF_PACKET, listener));
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            RoutedSite.hold(plane, 1);
            Eventually.holds(
                    () -> {
                        send(socket, 50);
                        Thread.sleep(5);
                        return RoutedSite.figures(plane).droppedQuota() > 0;
                    },
                    () -> plane.counters().toString());
            Eventually.holds(() -> seen.contains(Pressure.HARD_LIMIT), seen::toString);
            RoutedSite.pass(plane, 2);
            Eventually.holds(() -> seen.getLast() == Pressure.EASY, seen::toString);
            assertEquals(List.of(Pressure.SEAL_SOONER, Pressure.KEEP_PAUSED, Pressure.HARD_LIMIT), seen.subList(0, 3));
        }
    }

    @Test
    void packetsMakeNoGarbage() throws Exception {
        int count = 20_000;
        try (DataPlane plane = site.open();
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            for (int round = 1; ; round++) {
                RoutedSite.hold(plane, round);
                long before = allocated();
                send(socket, count);
                heldPackets(plane, count);
                RoutedSite.pass(plane, round);
                heldPackets(plane, 0);
                long bytes = allocated() - before;
                // Commands and looks at the state may allocate, packets may not; the first rounds are not compiled yet.
                if (bytes < count) {
                    break;
                }
                assertTrue(round < 20, bytes + " bytes for " + count + " packets in round " + round);
            }
        }
    }

    /** By the two threads of the data plane since they started. */
    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("buffer-(plane|release)-in0"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.threadId()))
                .sum();
    }

    @Test
    void aSecondDataPlaneOnTheSameInterfaceIsRefused() throws Exception {
        try (DataPlane plane = site.open()) {
            IOException refusal =
                    assertThrows(IOException.class, () -> site.open().close());
            assertTrue(refusal.getMessage().contains("another data plane"), refusal.getMessage());
            assertEquals(VmState.CLOSED, RoutedSite.figures(plane).state());
        }
        site.open().close();
    }

    @Test
    void itRefusesToRunWhenSomethingComesBeforeTheTap() throws Exception {
        site.namespaces.exec("gw", "tc qdisc add dev in0 clsact");
        site.namespaces.exec(
                "gw",
                "tc filter add dev in0 ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev up0");
        IOException refusal = assertThrows(IOException.class, () -> site.open().close());
        assertTrue(refusal.getMessage().contains("traffic-control"), refusal.getMessage());
    }

    /** ICMP echo from the uplink's host to the VM. */
    private boolean reachable(int timeoutMillis) throws Exception {
        return site.namespaces.in(
                "up", () -> InetAddress.ofLiteral(RoutedSite.VM_ADDRESS).isReachable(timeoutMillis));
    }

    private static void send(DatagramSocket socket, int count) throws IOException {
        InetAddress target = InetAddress.ofLiteral(RoutedSite.UP_ADDRESS);
        for (int i = 0; i < count; i++) {
            byte[] payload = {(byte) (i >> 8), (byte) i, 's', 's'};
            socket.send(new DatagramPacket(payload, payload.length, target, 9000));
        }
    }

    private static List<Integer> payloads(Capture capture) throws IOException {
        return capture.frames().stream()
                .map(frame -> ((frame[42] & 0xff) << 8) | (frame[43] & 0xff))
                .toList();
    }

    private static void heldPackets(DataPlane plane, int count) throws Exception {
        Eventually.holds(
                () -> RoutedSite.figures(plane).heldPackets() == count, () -> count + " held: " + plane.counters());
    }

    private static void captured(Capture capture, int count) throws Exception {
        Eventually.holds(() -> capture.frames().size() >= count, () -> {
            try {
                return count + " captured, there are " + capture.frames().size();
            } catch (IOException e) {
                return e.toString();
            }
        });
        assertEquals(count, capture.frames().size());
    }
}
