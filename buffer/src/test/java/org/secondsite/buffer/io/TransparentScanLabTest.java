package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.testing.Probes;

/**
 * A hostile VM behind a gateway in transparent mode scans the machine that holds its packets: every TCP port of an address, and some of the others
 * (all, and UDP, with {@code -Dsecondsite.scan.every=true}), at the Ethernet address of either port. The machine knows the way back, and listens, so that
 * its closed state alone keeps it silent. Judged by captures at the VM's own port and at the uplink's host.
 *
 * <pre>
 *   vm eth0 192.0.2.10 ── in0 192.0.2.3  gw  out0 192.0.2.2 ── eth0 192.0.2.1 up
 *                                        mg0 10.1.1.2 ── eth0 10.1.1.1 mg
 * </pre>
 */
@Tag("lab")
@Timeout(1200)
class TransparentScanLabTest {
    private static final boolean EVERY = Boolean.getBoolean("secondsite.scan.every");
    private static final int LISTENING = 7400;
    private static final String MANAGEMENT = "10.1.1.2";
    private static final String NEIGHBOUR = "10.1.1.1";
    private static final String VM_ADDRESS_V6 = "2001:db8:1::10";
    private static final List<String> OWN =
            List.of(MANAGEMENT, "192.0.2.2", "192.0.2.3", "2001:db8:1::2", "2001:db8:1::3", "2001:db8:3::2", "ff02::1");
    private static final List<String> CLOSED =
            Stream.concat(OWN.stream(), Stream.of(NEIGHBOUR, "2001:db8:3::1")).toList();
    private static final List<Integer> SAMPLED = Stream.concat(
                    Stream.of(22, 53, 67, 179, 443, 546, 3784, 4784, 6653, 7400, 7500, 7600, 9464),
                    IntStream.iterate(1, port -> port < 65_536, port -> port + 1997)
                            .boxed())
            .toList();

    private static final List<ProtectedVm> VMS = List.of(new ProtectedVm(
            TransparentSite.VM,
            RoutedSite.VM_MAC,
            List.of(InetAddress.ofLiteral(TransparentSite.VM_ADDRESS), InetAddress.ofLiteral(VM_ADDRESS_V6))));

    private TransparentSite site;

    @BeforeEach
    void build() throws IOException {
        site = new TransparentSite("mg");
        site.namespaces.exec("gw", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        site.namespaces.link("mg", "eth0", "gw", "mg0");
        address("mg", "eth0", NEIGHBOUR + "/24", "2001:db8:3::1/64");
        address("gw", "mg0", MANAGEMENT + "/24", "2001:db8:3::2/64");
        address("gw", "out0", "192.0.2.2/32", "2001:db8:1::2/128");
        address("gw", "in0", "192.0.2.3/32", "2001:db8:1::3/128");
        site.namespaces.ip("mg", "route add default via " + MANAGEMENT);
        site.namespaces.ip("mg", "route add default via 2001:db8:3::2");
        for (String vm : List.of(TransparentSite.VM_ADDRESS, VM_ADDRESS_V6)) {
            site.namespaces.ip("gw", "route add " + vm + " dev in0");
            site.namespaces.ip("gw", "neigh replace " + vm + " lladdr " + RoutedSite.VM_MAC + " dev in0 nud permanent");
        }
    }

    private void address(String namespace, String link, String four, String six) throws IOException {
        site.namespaces.exec(namespace, "sysctl -qw net.ipv6.conf." + link + ".disable_ipv6=0");
        site.namespaces.ip(namespace, "addr add " + four + " dev " + link);
        site.namespaces.ip(namespace, "addr add " + six + " dev " + link + " nodad");
    }

    private DataPlane open() throws Exception {
        return site.namespaces.in(
                "gw",
                () -> TransparentDataPlane.open(
                        TransparentSite.settings(), VMS, PortKind.AF_PACKET, DataPlaneListener.NONE));
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void nothingAnswersAVmThatScansEveryPort() throws Exception {
        try (ServerSocket gateway = site.namespaces.in("gw", () -> new ServerSocket(LISTENING));
                ServerSocket neighbour = site.namespaces.in("mg", () -> new ServerSocket(LISTENING));
                RawPort port = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            try (Capture open = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6")) {
                whoIsOpenAnswers(port, open);
            }
            theClosedStateKeepsSilent(port);
            assertFalse(gateway.isClosed() || neighbour.isClosed());
        }
    }

    private void theClosedStateKeepsSilent(RawPort port) throws Exception {
        try (Capture vm = Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "ip or ip6");
                Capture up = Capture.ofBeginnings(96, site.namespaces, "up", "eth0", "ip or ip6")) {
            try (DataPlane plane = open()) {
                RoutedSite.pass(plane, 1);
                int sent = 0;
                for (Probes probes : probes()) {
                    for (String target : CLOSED) {
                        sent += PortScan.send(
                                plane,
                                port,
                                frames(probes, target, EVERY ? every() : SAMPLED, EVERY ? every() : SAMPLED));
                    }
                }
                sent += PortScan.send(
                        plane, port, frames(probes().getFirst(), MANAGEMENT, every(), EVERY ? every() : SAMPLED));
                System.out.printf(
                        "%d probes sent, %d released%n", sent, plane.counters().releasedPackets());
                Exchange.run(site.namespaces, TransparentSite.VM_ADDRESS, 200_000);
                assertEquals(Set.of(), PortScan.answers(vm, CLOSED));
                assertEquals(Set.of(), PortScan.answers(up, CLOSED));
            }
            for (Probes probes : probes()) {
                for (String target : CLOSED) {
                    for (byte[] frame : frames(probes, target, SAMPLED, SAMPLED)) {
                        port.send(frame);
                    }
                }
            }
            assertTrue(
                    site.namespaces
                            .in("gw", () -> TransparentDataPlane.verify(TransparentSite.settings(), VMS))
                            .isEmpty(),
                    "it stays closed when the process has ended");
            assertEquals(Set.of(), PortScan.answers(vm, CLOSED));
            assertEquals(Set.of(), PortScan.answers(up, CLOSED));
        }
    }

    /** A silence proves nothing if the machine would not answer anyhow. An echo is answered once; a SYN that nobody acknowledges, for a minute. */
    private void whoIsOpenAnswers(RawPort port, Capture vm) throws Exception {
        List<String> unicast =
                CLOSED.stream().filter(target -> !target.startsWith("ff")).toList();
        Probes probes = probes().getFirst();
        for (String target : unicast) {
            InetAddress to = InetAddress.ofLiteral(target);
            port.send(probes.echo(vmAddress(to), to));
        }
        Eventually.holds(
                () -> PortScan.answers(vm, CLOSED).size() == unicast.size(), () -> "all of " + unicast + " to answer");
    }

    /** To the Ethernet address of either port, and to the uplink's host. */
    private List<Probes> probes() throws IOException {
        List<Probes> all = new ArrayList<>();
        for (String link : List.of("in0", "out0")) {
            String mac = site.namespaces
                    .exec("gw", "cat /sys/class/net/" + link + "/address")
                    .strip();
            all.add(new Probes(RoutedSite.VM_MAC.toString(), mac));
        }
        all.add(new Probes(RoutedSite.VM_MAC.toString(), TransparentSite.UP_MAC.toString()));
        return all;
    }

    private static List<Integer> every() {
        return IntStream.rangeClosed(1, 65_535).boxed().toList();
    }

    private static InetAddress vmAddress(InetAddress to) {
        return InetAddress.ofLiteral(to.getAddress().length == 4 ? TransparentSite.VM_ADDRESS : VM_ADDRESS_V6);
    }

    private static List<byte[]> frames(Probes probes, String target, List<Integer> tcp, List<Integer> udp) {
        InetAddress to = InetAddress.ofLiteral(target);
        InetAddress from = vmAddress(to);
        List<byte[]> frames = new ArrayList<>();
        frames.add(probes.echo(from, to));
        tcp.forEach(port -> frames.add(probes.syn(from, to, port)));
        udp.forEach(port -> frames.add(probes.datagram(from, to, port)));
        return frames;
    }
}
