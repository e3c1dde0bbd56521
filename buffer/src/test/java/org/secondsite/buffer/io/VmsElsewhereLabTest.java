package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.testing.Probes;

/**
 * A VM of a group that another site owns: behind the uplink's router, in a subnet that is the gateway's own, too, because the VM may run
 * here one day.
 */
@Tag("lab")
@Timeout(180)
class VmsElsewhereLabTest {
    private static final int PORT = 9000;
    private static final List<InetAddress> ELSEWHERE =
            List.of(InetAddress.ofLiteral("192.0.2.10"), InetAddress.ofLiteral("2001:db8:9::10"));
    private static final ProtectedVm OTHER =
            new ProtectedVm(new VmId("mail1"), MacAddress.parse("52:54:00:c0:20:01"), ELSEWHERE);

    private RoutedSite site;

    @BeforeEach
    void build() throws IOException {
        site = new RoutedSite();
        site.namespaces.ip("gw", "route add default via 10.1.0.1");
        site.namespaces.ip("gw", "route add default via 2001:db8:2::1");
        // The VM at the other site, for all that this one sees of it.
        site.namespaces.ip("up", "addr add 192.0.2.10/32 dev lo");
        site.namespaces.ip("up", "addr add 2001:db8:9::10/128 dev lo nodad");
    }

    @AfterEach
    void remove() {
        site.close();
    }

    private DataPlane open() throws Exception {
        RoutedSettings usual = RoutedSite.settings();
        RoutedSettings settings = new RoutedSettings(
                usual.insideInterface(),
                usual.insideMac(),
                Stream.concat(usual.insideAddresses().stream(), Stream.of("192.0.2.1/24", "2001:db8:9::1/64"))
                        .toList(),
                usual.releaseName(),
                usual.tenants(),
                usual.poolBytes(),
                usual.perVmBytes());
        List<ProtectedVm> vms = List.of(RoutedSite.vms().getFirst(), OTHER);
        return site.namespaces.in(
                "gw", () -> RoutedDataPlane.open(settings, vms, PortKind.AF_PACKET, DataPlaneListener.NONE));
    }

    /** What the gateway has to VMs elsewhere, as the kernel says. */
    private String routes(String family) {
        try {
            return site.namespaces.ip("gw", family + " route show table 7483");
        } catch (IOException e) {
            // There is no such table.
            return "";
        }
    }

    private void awaitRoutes(String ofV4, String ofV6) throws Exception {
        Eventually.holds(
                () -> routes("-4").contains(ofV4) && routes("-6").contains(ofV6), () -> routes("-4") + routes("-6"));
    }

    private void awaitNoRoutes() throws Exception {
        Eventually.holds(() -> !routes("-4").contains("via") && !routes("-6").contains("via"), () -> routes("-4"));
    }

    @Test
    void itIsReachedByTheUplinkAfterTheCommitAndItsAnswerComesIn() throws Exception {
        try (DataPlane plane = open();
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp");
                DatagramSocket socket = site.namespaces.in("vm", () -> new DatagramSocket())) {
            RoutedSite.hold(plane, 1);
            plane.elsewhere(ELSEWHERE);
            awaitRoutes("192.0.2.10 via 10.1.0.1 dev up0", "2001:db8:9::10 via 2001:db8:2::1 dev up0");
            for (InetAddress address : ELSEWHERE) {
                socket.send(new DatagramPacket(new byte[4], 4, address, PORT));
            }
            Eventually.holds(() -> RoutedSite.figures(plane).heldPackets() >= 2, () -> plane.counters()
                    .toString());
            RoutedSite.seal(plane, 1, 1);
            assertEquals(0, uplink.frames().size(), "held like all that goes to the outside");
            plane.commit(RoutedSite.VM, new EpochId(1, 1));
            Eventually.holds(() -> uplink.frames().size() == 2, () -> "both came");

            RoutedSite.pass(plane, 1);
            for (InetAddress address : ELSEWHERE) {
                assertTrue(answers(address, 20_000), address + " answers");
            }
            plane.elsewhere(List.of());
            awaitNoRoutes();
            for (InetAddress address : ELSEWHERE) {
                assertFalse(answers(address, 1_000), address + " is looked for here");
            }
        }
    }

    private boolean answers(InetAddress address, int limitMillis) throws Exception {
        try (ServerSocket _ = site.namespaces.in("up", () -> new ServerSocket(PORT))) {
            return site.namespaces.in("vm", () -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(address, PORT), limitMillis);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
        }
    }

    @Test
    void whoBearsAVmsAddressAtAnUplinkIsHeardOnlyIfThatVmIsElsewhere() throws Exception {
        try (DataPlane plane = open();
                Capture vm =
                        Capture.ofBeginnings(96, site.namespaces, "vm", "eth0", "dst host " + RoutedSite.VM_ADDRESS);
                RawPort port = site.namespaces.in("up", () -> new RawPort("eth0"))) {
            RoutedSite.pass(plane, 1);
            String mac =
                    site.namespaces.exec("gw", "cat /sys/class/net/up0/address").strip();
            Probes probes = new Probes("02:00:00:00:00:99", mac);
            InetAddress here = InetAddress.ofLiteral(RoutedSite.VM_ADDRESS);
            InetAddress other = ELSEWHERE.getFirst();
            InetAddress stranger = InetAddress.ofLiteral("10.1.0.1");
            port.send(probes.syn(other, here, 1));
            port.send(probes.syn(stranger, here, 1));
            heard(vm, stranger, 1);
            assertEquals(0, heardOf(vm, other), "nobody has said that it is elsewhere");

            plane.elsewhere(ELSEWHERE);
            awaitRoutes("192.0.2.10", "2001:db8:9::10");
            port.send(probes.syn(other, here, 2));
            heard(vm, other, 1);
            // A VM that is here does not come by the uplink.
            port.send(probes.syn(here, here, 2));
            port.send(probes.syn(stranger, here, 2));
            heard(vm, stranger, 2);
            assertEquals(0, heardOf(vm, here));

            plane.elsewhere(List.of());
            awaitNoRoutes();
            port.send(probes.syn(other, here, 3));
            port.send(probes.syn(stranger, here, 3));
            heard(vm, stranger, 3);
            assertEquals(1, heardOf(vm, other), "it is here now");
        }
    }

    private static long heardOf(Capture vm, InetAddress source) throws IOException {
        return vm.count(frame -> Probes.source(frame).filter(source::equals).isPresent());
    }

    private static void heard(Capture vm, InetAddress source, int times) throws Exception {
        Eventually.holds(() -> heardOf(vm, source) >= times, () -> times + " of " + source);
    }

    /** Others change routes, and a former life may have left some. */
    @Test
    void theWayIsTheMainTablesAndWhatSomebodyTakesAwayComesBack() throws Exception {
        site.namespaces.ip("gw", "route add 192.0.2.77 via 10.1.0.1 table 7483");
        try (DataPlane plane = open()) {
            awaitNoRoutes();
            plane.elsewhere(ELSEWHERE);
            awaitRoutes("192.0.2.10 via 10.1.0.1 dev up0", "2001:db8:9::10 via 2001:db8:2::1 dev up0");
            site.namespaces.ip("gw", "route add 192.0.2.0/25 via 10.1.0.9");
            site.namespaces.ip("gw", "rule del pref 7483");
            site.namespaces.ip("gw", "-6 route flush table 7483");
            awaitRoutes("192.0.2.10 via 10.1.0.9 dev up0", "2001:db8:9::10 via 2001:db8:2::1 dev up0");
            String rules = site.namespaces.ip("gw", "rule show");
            assertTrue(rules.contains("iif in0 lookup 7483") && rules.contains("iif rel1 lookup 7483"), rules);
            List<String> problems =
                    site.namespaces.in("gw", () -> RoutedDataPlane.verify(RoutedSite.settings(), RoutedSite.vms()));
            assertTrue(problems.stream().noneMatch(problem -> problem.contains("elsewhere")), problems.toString());
        }
    }
}
