package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;

/** The transparent mode on real interfaces, by both kinds of port. */
@Tag("lab")
@Timeout(180)
class TransparentDataPlaneLabTest {
    private TransparentSite site;

    @BeforeEach
    void build() throws IOException {
        site = new TransparentSite();
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @ParameterizedTest
    @EnumSource(PortKind.class)
    void everyKindOfFrameIsHeldAndReleasedIntact(PortKind port) throws Exception {
        List<byte[]> frames = frames();
        try (DataPlane plane = site.open(port, DataPlaneListener.NONE);
                Capture uplink = new Capture(site.namespaces, "up", "eth0");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.hold(plane, 1);
            for (byte[] frame : frames) {
                vm.send(frame);
            }
            Eventually.holds(() -> figures(plane).heldPackets() >= frames.size(), () -> "held: " + figures(plane));
            RoutedSite.seal(plane, 1, 1);
            assertEquals(0, uplink.frames().size());
            plane.commit(TransparentSite.VM, new EpochId(1, 1));
            Eventually.holds(() -> uplink.frames().size() >= frames.size(), () -> "released: " + figures(plane));
            List<byte[]> heard = uplink.frames();
            assertEquals(frames.size(), heard.size());
            for (int i = 0; i < frames.size(); i++) {
                assertArrayEquals(frames.get(i), heard.get(i), "frame " + i);
            }
        }
    }

    @Test
    void tcpWithSegmentationOffloadArrivesWithRightChecksums() throws Exception {
        // The kernel finishes checksums and segments before the receiver, which then checks them.
        site.namespaces.exec("gw", "ethtool -K out0 tx off tso off gso off");
        try (DataPlane plane = site.open(PortKind.AF_PACKET, DataPlaneListener.NONE);
                Ticker ticker = new Ticker(plane, TransparentSite.VM, 1, 1)) {
            RoutedSite.hold(plane, 1);
            Exchange.run(site.namespaces, TransparentSite.VM_ADDRESS, 5_000_000);
            assertTrue(ticker.epochs() > 1);
            VmCounters figures = figures(plane);
            assertTrue(
                    figures.releasedBytes() / figures.releasedPackets() > 1500,
                    "segmentation-offload frames came through whole: " + figures);
            assertEquals(0, figures.dropped(), figures.toString());
        }
    }

    /** The VM's kernel leaves checksums to its card; libpcap does not tell, and whoever receives them checks. */
    @Test
    void checksumsThatASenderHasLeftAreFinishedByThePortOfLibpcap() throws Exception {
        site.namespaces.exec("vm", "ethtool -K eth0 tso off gso off");
        site.namespaces.exec("gw", "ethtool -K in0 gro on");
        try (DataPlane plane = site.open(PortKind.PCAP4J, DataPlaneListener.NONE);
                Ticker ticker = new Ticker(plane, TransparentSite.VM, 1, 1)) {
            RoutedSite.hold(plane, 1);
            Exchange.run(site.namespaces, TransparentSite.VM_ADDRESS, 500_000);
            assertTrue(ticker.epochs() > 1);
            assertEquals(0, plane.counters().malformedPackets());
            assertEquals(0, figures(plane).dropped(), figures(plane).toString());
            assertTrue(closed());
        }
    }

    @Test
    void framesOfSeveralSegmentsAreRefusedAndCountedByThePortOfLibpcap() throws Exception {
        try (DataPlane plane = site.open(PortKind.PCAP4J, DataPlaneListener.NONE);
                Ticker ticker = new Ticker(plane, TransparentSite.VM, 1, 1);
                ServerSocket server = site.namespaces.in("up", () -> new ServerSocket(7000))) {
            RoutedSite.hold(plane, 1);
            try (Socket socket = site.namespaces.in("vm", () -> new Socket(TransparentSite.UP_ADDRESS, 7000));
                    Socket _ = server.accept()) {
                Thread.ofPlatform().daemon().name("writer").start(() -> {
                    try {
                        socket.getOutputStream().write(new byte[1_000_000]);
                    } catch (IOException closed) {
                        // It is closed as soon as the first has been counted.
                    }
                });
                Eventually.holds(() -> plane.counters().malformedPackets() > 0, () -> figures(plane)
                        .toString());
            }
            assertTrue(ticker.epochs() > 1);
        }
    }

    @Test
    void othersPassInTheKernelAndSpoofedSourcesDoNot() throws Exception {
        byte[] stranger = frame("02:00:00:00:00:77", TransparentSite.UP_MAC.toString(), 0x88b5, 100);
        byte[] thief = ipv4Frame("02:00:00:00:00:77", TransparentSite.VM_ADDRESS);
        byte[] liar = ipv4Frame(RoutedSite.VM_MAC.toString(), "192.0.2.77");
        try (DataPlane plane = site.open(PortKind.AF_PACKET, DataPlaneListener.NONE);
                Capture uplink = new Capture(site.namespaces, "up", "eth0");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 1);
            vm.send(thief);
            vm.send(liar);
            vm.send(stranger);
            Eventually.holds(() -> !uplink.frames().isEmpty(), () -> "the stranger's frame");
            Eventually.holds(() -> figures(plane).droppedSpoofed() == 1, () -> figures(plane)
                    .toString());
            Thread.sleep(100);
            assertEquals(1, uplink.frames().size());
            assertArrayEquals(stranger, uplink.frames().getFirst());
            assertEquals(2, plane.counters().unprotectedPackets());
        }
    }

    @Test
    void aVmThatIsDismissedPassesByTheKernelAndOneThatIsAdmittedIsHeld() throws Exception {
        byte[] output = frame(RoutedSite.VM_MAC.toString(), TransparentSite.UP_MAC.toString(), 0x88b5, 64);
        try (DataPlane plane = site.open(PortKind.AF_PACKET, DataPlaneListener.NONE);
                Capture uplink = new Capture(site.namespaces, "up", "eth0");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 7);
            site.namespaces.in("gw", () -> {
                plane.confine(List.of(), List.of());
                plane.dismiss(TransparentSite.VM);
                return true;
            });
            vm.send(output);
            Eventually.holds(() -> uplink.frames().size() == 1, () -> "by the kernel");
            site.namespaces.in("gw", () -> {
                plane.admit(TransparentSite.vms().getFirst());
                plane.confine(TransparentSite.vms(), List.of());
                return true;
            });
            RoutedSite.hold(plane, 1);
            vm.send(output);
            Eventually.holds(() -> figures(plane).heldPackets() == 1, () -> figures(plane)
                    .toString());
            assertEquals(1, uplink.frames().size());
            RoutedSite.seal(plane, 1, 1);
            plane.commit(TransparentSite.VM, new EpochId(1, 1));
            Eventually.holds(
                    () -> uplink.frames().size() == 2, () -> figures(plane).toString());
        }
    }

    @Test
    void inboundPassesWhileOutputIsHeldAndClosedStaysClosedAfterwards() throws Exception {
        byte[] inbound = frame(TransparentSite.UP_MAC.toString(), RoutedSite.VM_MAC.toString(), 0x88b5, 64);
        byte[] output = frame(RoutedSite.VM_MAC.toString(), TransparentSite.UP_MAC.toString(), 0x88b5, 64);
        try (Capture uplink = new Capture(site.namespaces, "up", "eth0");
                Capture atVm = new Capture(site.namespaces, "vm", "eth0");
                RawPort up = site.namespaces.in("up", () -> new RawPort("eth0"));
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            try (DataPlane plane = site.open(PortKind.AF_PACKET, DataPlaneListener.NONE)) {
                RoutedSite.hold(plane, 1);
                vm.send(output);
                up.send(inbound);
                Eventually.holds(() -> atVm.frames().size() == 1, () -> "inbound");
                Eventually.holds(() -> figures(plane).heldPackets() == 1, () -> figures(plane)
                        .toString());
                assertTrue(closed());
            }
            vm.send(output);
            up.send(inbound);
            Eventually.holds(() -> atVm.frames().size() == 2, () -> "inbound after the end");
            assertEquals(
                    List.of(),
                    uplink.frames().stream().map(HexFormat.of()::formatHex).toList());
            assertTrue(closed());
            site.namespaces.in("gw", () -> {
                TransparentDataPlane.reset(TransparentSite.settings(), TransparentSite.vms());
                return null;
            });
            assertFalse(closed());
        }
    }

    @Test
    void aFrameThatIsTooLongForALoweredMtuIsCountedAndTheNextOnesPass() throws Exception {
        byte[] small = frame(RoutedSite.VM_MAC.toString(), TransparentSite.UP_MAC.toString(), 0x88b5, 100);
        byte[] jumbo = frame(RoutedSite.VM_MAC.toString(), TransparentSite.UP_MAC.toString(), 0x88b5, 9000);
        try (DataPlane plane = site.open(PortKind.AF_PACKET, DataPlaneListener.NONE);
                Capture uplink = new Capture(site.namespaces, "up", "eth0");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.hold(plane, 1);
            vm.send(small);
            vm.send(jumbo);
            vm.send(small);
            Eventually.holds(() -> figures(plane).heldPackets() == 3, () -> "held: " + figures(plane));
            RoutedSite.seal(plane, 1, 1);
            site.namespaces.ip("gw", "link set out0 mtu 1500");
            plane.commit(TransparentSite.VM, new EpochId(1, 1));
            Eventually.holds(() -> uplink.frames().size() == 2, () -> "released: " + figures(plane));
            assertEquals(1, figures(plane).droppedRelease());
            site.namespaces.ip("gw", "link set out0 mtu 9000");
            vm.send(jumbo);
            Eventually.holds(() -> figures(plane).heldPackets() == 1, () -> "held: " + figures(plane));
            RoutedSite.seal(plane, 1, 2);
            plane.commit(TransparentSite.VM, new EpochId(1, 2));
            Eventually.holds(() -> uplink.frames().size() == 3, () -> "released: " + figures(plane));
            assertArrayEquals(small, uplink.frames().get(1));
            assertArrayEquals(jumbo, uplink.frames().get(2));
        }
    }

    private boolean closed() throws Exception {
        return site.namespaces.in(
                "gw", () -> TransparentDataPlane.verify(TransparentSite.settings(), TransparentSite.vms())
                        .isEmpty());
    }

    private static VmCounters figures(DataPlane plane) {
        return plane.counters().vms().get(TransparentSite.VM);
    }

    private static List<byte[]> frames() {
        String vm = RoutedSite.VM_MAC.toString();
        String up = TransparentSite.UP_MAC.toString();
        List<byte[]> frames = new ArrayList<>();
        frames.add(frame(vm, up, 0x88b5, 46));
        frames.add(frame(vm, "ff:ff:ff:ff:ff:ff", 0x88b5, 300));
        frames.add(frame(vm, "01:00:5e:00:00:fb", 0x88b6, 60));
        frames.add(frame(vm, up, 0x88b5, 9000));
        frames.add(ipv4Frame(vm, TransparentSite.VM_ADDRESS));
        // RFC 791 fragments: more-fragments set, and an offset.
        frames.add(fragment(0x2000));
        frames.add(fragment(0x00b9));
        frames.add(arpRequest());
        frames.add(ipv6Frame(17, 0));
        // RFC 8200 §4.5: a fragment header before the payload.
        frames.add(ipv6Frame(44, 0));
        // RFC 4861 §4.3: a neighbour's question, which only a first hop answers itself.
        frames.add(ipv6Frame(58, 135));
        frames.add(tagged(0x8100, 0x2064, frame(vm, up, 0x88b5, 100)));
        frames.add(tagged(0x8100, 0x0064, tagged(0x8100, 0x0065, frame(vm, up, 0x88b5, 100))));
        frames.add(tagged(0x88a8, 0x0064, tagged(0x8100, 0x0065, frame(vm, up, 0x88b5, 1400))));
        return frames;
    }

    private static byte[] frame(String source, String destination, int type, int payload) {
        byte[] noise = new byte[payload];
        new Random(payload).nextBytes(noise);
        return ByteBuffer.allocate(14 + payload)
                .put(octets(destination))
                .put(octets(source))
                .putShort((short) type)
                .put(noise)
                .array();
    }

    private static byte[] ipv4Frame(String source, String address) {
        byte[] frame = frame(source, TransparentSite.UP_MAC.toString(), 0x0800, 64);
        ByteBuffer.wrap(frame)
                .position(14)
                .putInt(0x45000040)
                .putInt(0)
                .putInt(0x40fd0000)
                .put(InetAddress.ofLiteral(address).getAddress());
        return frame;
    }

    private static byte[] fragment(int flagsAndOffset) {
        byte[] frame = ipv4Frame(RoutedSite.VM_MAC.toString(), TransparentSite.VM_ADDRESS);
        ByteBuffer.wrap(frame).putShort(20, (short) flagsAndOffset);
        return frame;
    }

    /** RFC 826: who has the uplink's address? */
    private static byte[] arpRequest() {
        byte[] frame = frame(RoutedSite.VM_MAC.toString(), "ff:ff:ff:ff:ff:ff", 0x0806, 46);
        ByteBuffer.wrap(frame)
                .position(14)
                .putShort((short) 1)
                .putShort((short) 0x0800)
                .putShort((short) 0x0604)
                .putShort((short) 1)
                .put(octets(RoutedSite.VM_MAC.toString()))
                .put(InetAddress.ofLiteral(TransparentSite.VM_ADDRESS).getAddress())
                .put(new byte[6])
                .put(InetAddress.ofLiteral(TransparentSite.UP_ADDRESS).getAddress());
        return frame;
    }

    /** From a link-local address, which is every VM's to use. */
    private static byte[] ipv6Frame(int nextHeader, int firstOctet) {
        byte[] frame = frame(RoutedSite.VM_MAC.toString(), "33:33:ff:00:00:01", 0x86dd, 40 + 32);
        ByteBuffer.wrap(frame)
                .position(14)
                .putInt(0x60000000)
                .putShort((short) 32)
                .put((byte) nextHeader)
                .put((byte) 255)
                .put(InetAddress.ofLiteral("fe80::5054:ff:fec0:1001").getAddress())
                .put(InetAddress.ofLiteral("ff02::1:ff00:1").getAddress())
                .put((byte) firstOctet);
        return frame;
    }

    private static byte[] tagged(int tpid, int tci, byte[] frame) {
        return ByteBuffer.allocate(frame.length + 4)
                .put(frame, 0, 12)
                .putShort((short) tpid)
                .putShort((short) tci)
                .put(frame, 12, frame.length - 12)
                .array();
    }

    static byte[] octets(String mac) {
        byte[] eight = ByteBuffer.allocate(8)
                .putLong(MacAddress.parse(mac).value() << 16)
                .array();
        return Arrays.copyOf(eight, 6);
    }
}
