package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.testing.Probes;

/**
 * A hostile VM scans the machine that holds its packets, and what is behind it. Judged by a capture at the VM's own port.
 *
 * <pre>
 *   vm ── in0  gw  up0 ── up                    mg: the management network, wan: witness and the other gateway
 *              mg0 10.1.1.2 ── eth0 10.1.1.1 mg
 *             wan0 10.9.0.1 ── eth0 10.9.0.2 wan
 * </pre>
 */
@Tag("lab")
@Timeout(180)
class NoWayInLabTest {
    private static final int LISTENING = 7400;
    private static final List<Integer> PORTS = Stream.concat(
                    Stream.of(22, 53, 67, 179, 443, 546, 3784, 4784, 6653, 7400, 7500, 7600, 9464),
                    IntStream.iterate(1, port -> port < 65_536, port -> port + 997)
                            .boxed())
            .toList();
    private static final List<String> CLOSED = List.of(
            "203.0.113.1",
            "10.1.0.2",
            "10.1.1.2",
            "10.1.1.1",
            "10.9.0.1",
            "10.9.0.2",
            "2001:db8:1::1",
            "2001:db8:2::2",
            "2001:db8:3::2",
            "2001:db8:3::1",
            "2001:db8:9::1",
            "2001:db8:9::2",
            "ff02::1");
    private static final Map<String, String> OUTSIDE =
            Map.of("10.1.0.1", "203.0.113.10", "2001:db8:2::1", "2001:db8:1::10");

    private RoutedSite site;

    @BeforeEach
    void build() throws IOException {
        site = new RoutedSite(List.of("mg", "wan"));
        behind("mg", "mg0", "10.1.1.", "2001:db8:3::");
        behind("wan", "wan0", "10.9.0.", "2001:db8:9::");
        site.namespaces.ip("gw", "addr add 10.1.1.2/24 dev mg0");
        site.namespaces.ip("gw", "addr add 2001:db8:3::2/64 dev mg0 nodad");
        site.namespaces.ip("gw", "addr add 10.9.0.1/24 dev wan0");
        site.namespaces.ip("gw", "addr add 2001:db8:9::1/64 dev wan0 nodad");
    }

    /** A network behind the gateway whose host has a way back to the VM, and would answer. */
    private void behind(String name, String end, String four, String six) throws IOException {
        boolean management = name.equals("mg");
        site.namespaces.link(name, "eth0", "gw", end);
        site.namespaces.ip(name, "addr add " + four + (management ? 1 : 2) + "/24 dev eth0");
        site.namespaces.ip(name, "addr add " + six + (management ? 1 : 2) + "/64 dev eth0 nodad");
        site.namespaces.ip(name, "route add default via " + four + (management ? 2 : 1));
        site.namespaces.ip(name, "route add default via " + six + (management ? 2 : 1));
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void nothingAnswersAVmThatScansEveryPortAndTheConnectionsOfItsClientsGoOn() throws Exception {
        try (DataPlane plane = site.open();
                ServerSocket gateway = listening("gw");
                ServerSocket management = listening("mg");
                ServerSocket beyond = listening("wan");
                Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6");
                RawPort port = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 1);
            Function<InetAddress, InetAddress> source = NoWayInLabTest::vmAddress;
            Probes probes = new Probes(RoutedSite.VM_MAC.toString(), RoutedSite.INSIDE_MAC.toString());
            long sent = PortScan.send(plane, port, frames(probes, source, every("203.0.113.1")));
            for (String target : CLOSED) {
                sent += PortScan.send(plane, port, frames(probes, source, sampled(target)));
            }
            Eventually.holds(() -> RoutedSite.figures(plane).droppedRelease() == 0, () -> "all were released");
            assertTrue(
                    RoutedSite.figures(plane).releasedPackets() >= sent - PORTS.size(),
                    "released, not lost on the way");
            Exchange.run(site.namespaces, RoutedSite.VM_ADDRESS, 200_000);
            assertEquals(Set.of(), PortScan.answers(vm, CLOSED));
            assertTrue(gateway.isBound() && management.isBound() && beyond.isBound());
            theScannerHearsWhoMayAnswer(plane, port, probes, vm);
        }
        assertEquals(
                List.of(),
                site.namespaces.in("gw", () -> RoutedDataPlane.verify(RoutedSite.settings(), RoutedSite.vms())));
    }

    @Test
    void aVmThatNobodyProtectsIsNotAnsweredEitherAlsoWhenNoGatewayRuns() throws Exception {
        site.open().close();
        try (ServerSocket gateway = listening("gw");
                ServerSocket management = listening("mg");
                Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6");
                RawPort port = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            Probes probes = new Probes("52:54:00:00:00:77", RoutedSite.INSIDE_MAC.toString());
            site.namespaces.ip("gw", "neigh replace 203.0.113.77 lladdr 52:54:00:00:00:77 dev in0 nud permanent");
            site.namespaces.ip("gw", "neigh replace 2001:db8:1::77 lladdr 52:54:00:00:00:77 dev in0 nud permanent");
            Function<InetAddress, InetAddress> source =
                    to -> InetAddress.ofLiteral(to.getAddress().length == 4 ? "203.0.113.77" : "2001:db8:1::77");
            for (String target : CLOSED) {
                for (byte[] frame : frames(probes, source, sampled(target))) {
                    port.send(frame);
                }
            }
            port.send(
                    probes.syn(source.apply(InetAddress.ofLiteral("10.1.0.1")), InetAddress.ofLiteral("10.1.0.1"), 9));
            Eventually.holds(
                    () -> !PortScan.answers(vm, List.of("10.1.0.1")).isEmpty(), () -> "the uplink's host answers");
            assertEquals(Set.of(), PortScan.answers(vm, CLOSED));
            assertTrue(gateway.isBound() && management.isBound());
        }
    }

    /** From there the source address alone tells whose packet it is. */
    @Test
    void aVmOfTheOtherSiteThatComesByTheRoutersIsNotAnswered() throws Exception {
        try (DataPlane plane = site.open();
                ServerSocket gateway = listening("gw");
                Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6");
                Capture uplink = Capture.ofBeginnings(96, site.namespaces, "up", "eth0", "ip or ip6");
                RawPort port = site.namespaces.in("up", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 1);
            String uplinkMac =
                    site.namespaces.exec("gw", "cat /sys/class/net/up0/address").strip();
            Probes probes = new Probes("02:00:00:00:00:99", uplinkMac);
            for (String target : CLOSED) {
                InetAddress to = InetAddress.ofLiteral(target);
                boolean four = to.getAddress().length == 4;
                port.send(probes.syn(InetAddress.ofLiteral(four ? "203.0.113.99" : "2001:db8:1::99"), to, LISTENING));
                port.send(probes.syn(vmAddress(to), to, LISTENING));
            }
            InetAddress stranger = InetAddress.ofLiteral("10.1.0.1");
            InetAddress router = InetAddress.ofLiteral("10.1.0.2");
            port.send(probes.syn(stranger, router, LISTENING));
            Eventually.holds(
                    () -> !PortScan.answers(uplink, List.of(router.getHostAddress()))
                            .isEmpty(),
                    () -> "a router is answered");
            assertEquals(Set.of(), PortScan.answers(vm, CLOSED));
            // The answer may have been sent again, for nobody confirms it.
            assertEquals(
                    0,
                    uplink.count(frame -> !Probes.isNeighbourDiscovery(frame)
                            && Probes.source(frame)
                                    .filter(source -> !source.equals(router))
                                    .isPresent()));
            assertTrue(gateway.isBound());
        }
    }

    @Test
    void anEchoOfTheInsideAddressIsAnsweredWhereThatIsConfiguredAndNothingElse() throws Exception {
        RoutedSettings usual = RoutedSite.settings();
        InetAddress witness = InetAddress.ofLiteral("10.1.0.1");
        RoutedSettings settings = new RoutedSettings(
                usual.insideInterface(),
                usual.insideMac(),
                usual.insideAddresses(),
                usual.releaseName(),
                new TenantAccess(List.of("up0"), List.of(witness), TenantAccess.Echo.ANSWERED),
                usual.poolBytes(),
                usual.perVmBytes());
        try (DataPlane plane = site.namespaces.in(
                        "gw",
                        () -> RoutedDataPlane.open(
                                settings, RoutedSite.vms(), PortKind.AF_PACKET, DataPlaneListener.NONE));
                Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6");
                RawPort port = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 1);
            Probes probes = new Probes(RoutedSite.VM_MAC.toString(), RoutedSite.INSIDE_MAC.toString());
            for (String target :
                    Stream.concat(CLOSED.stream(), OUTSIDE.keySet().stream()).toList()) {
                InetAddress to = InetAddress.ofLiteral(target);
                port.send(probes.echo(vmAddress(to), to));
            }
            Set<InetAddress> expected = Set.of(
                    InetAddress.ofLiteral("203.0.113.1"),
                    InetAddress.ofLiteral("2001:db8:1::1"),
                    InetAddress.ofLiteral("2001:db8:2::1"));
            List<String> all =
                    Stream.concat(CLOSED.stream(), OUTSIDE.keySet().stream()).toList();
            Eventually.holds(() -> PortScan.answers(vm, all).equals(expected), () -> "echoes of " + expected);
            whereNoVmGoesChangesWhileItRuns(plane, port, probes, witness, InetAddress.ofLiteral("2001:db8:2::1"));
        }
    }

    /** Another gateway is no peer any more, and yet another one is. */
    private void whereNoVmGoesChangesWhileItRuns(
            DataPlane plane, RawPort port, Probes probes, InetAddress opened, InetAddress closed) throws Exception {
        site.namespaces.in("gw", () -> {
            plane.confine(RoutedSite.vms(), List.of(closed));
            return true;
        });
        try (Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6")) {
            for (InetAddress to : List.of(closed, opened)) {
                port.send(probes.echo(vmAddress(to), to));
            }
            List<String> both = List.of(closed.getHostAddress(), opened.getHostAddress());
            Eventually.holds(
                    () -> PortScan.answers(vm, both).equals(Set.of(opened)), () -> "an echo of " + opened + " alone");
        }
    }

    @Test
    void verifyFindsEachRuleThatIsGone() throws Exception {
        site.open().close();
        for (String chain : List.of("input", "answered", "forward", "tenant")) {
            site.namespaces.in("gw", () -> Commands.run("nft flush chain inet secondsite_in0 " + chain));
            List<String> problems =
                    site.namespaces.in("gw", () -> RoutedDataPlane.verify(RoutedSite.settings(), RoutedSite.vms()));
            assertEquals(1, problems.size(), problems::toString);
            assertTrue(problems.getFirst().contains("chain " + chain), problems::toString);
            site.open().close();
        }
        assertEquals(
                List.of(),
                site.namespaces.in("gw", () -> RoutedDataPlane.verify(RoutedSite.settings(), RoutedSite.vms())));
    }

    /** A silence proves nothing if the scanner is deaf. */
    private static void theScannerHearsWhoMayAnswer(DataPlane plane, RawPort port, Probes probes, Capture vm)
            throws Exception {
        for (Map.Entry<String, String> outside : OUTSIDE.entrySet()) {
            PortScan.send(
                    plane,
                    port,
                    frames(probes, to -> InetAddress.ofLiteral(outside.getValue()), sampled(outside.getKey())));
            Eventually.holds(
                    () -> vm.count(frame -> Probes.source(frame)
                                    .filter(InetAddress.ofLiteral(outside.getKey())::equals)
                                    .isPresent())
                            >= PORTS.size(),
                    () -> "answers of " + outside.getKey());
        }
    }

    private ServerSocket listening(String namespace) throws Exception {
        ServerSocket socket = site.namespaces.in(namespace, () -> new ServerSocket(LISTENING));
        try (Socket self = site.namespaces.in(namespace, () -> {
            Socket client = new Socket();
            client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), LISTENING), 2000);
            return client;
        })) {
            assertFalse(self.isClosed(), "it answers its own host");
        }
        return socket;
    }

    private static InetAddress vmAddress(InetAddress to) {
        return InetAddress.ofLiteral(to.getAddress().length == 4 ? RoutedSite.VM_ADDRESS : "2001:db8:1::10");
    }

    private record Targets(InetAddress to, List<Integer> tcp, List<Integer> udp) {}

    private static Targets every(String target) {
        return new Targets(
                InetAddress.ofLiteral(target),
                IntStream.rangeClosed(1, 65_535).boxed().toList(),
                List.of());
    }

    private static Targets sampled(String target) {
        return new Targets(InetAddress.ofLiteral(target), PORTS, PORTS);
    }

    private static List<byte[]> frames(Probes probes, Function<InetAddress, InetAddress> source, Targets targets) {
        InetAddress from = source.apply(targets.to());
        List<byte[]> frames = new ArrayList<>();
        targets.tcp().forEach(port -> frames.add(probes.syn(from, targets.to(), port)));
        targets.udp().forEach(port -> frames.add(probes.datagram(from, targets.to(), port)));
        frames.add(probes.echo(from, targets.to()));
        return frames;
    }
}
