package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
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
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * Interfaces and rules that go away under a running data plane: held packets stay held, and all is well again
 * afterwards.
 */
@Tag("lab")
@Timeout(180)
class RecoveryLabTest {
    private final List<String> news = new CopyOnWriteArrayList<>();
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
    void theInsideInterfaceGoesDownAndComesBack() throws Exception {
        survives(() -> {
            site.namespaces.ip("gw", "link set in0 down");
            told("down in0");
            site.namespaces.ip("gw", "link set in0 up");
        });
    }

    @Test
    void theInsideInterfaceIsTakenAwayAndAnotherOneGetsItsName() throws Exception {
        survives(() -> {
            site.namespaces.ip("gw", "link delete in0");
            told("down in0");
            site.linkVm();
            site.namespaces.ip("gw", "link set in0 up");
        });
    }

    @Test
    void theInsideInterfaceIsMovedToAnotherNamespaceAndBack() throws Exception {
        survives(() -> {
            site.namespaces.ip("gw", "link set in0 netns " + site.namespaces.full("up"));
            told("down in0");
            site.namespaces.ip("up", "link set in0 netns " + site.namespaces.full("gw"));
            site.namespaces.ip("gw", "link set in0 up");
        });
    }

    @Test
    void theInsideInterfaceIsRenamedAndNamedBack() throws Exception {
        survives(() -> {
            site.namespaces.ip("gw", "link set in0 down");
            site.namespaces.ip("gw", "link set in0 name other0");
            site.namespaces.ip("gw", "link set other0 up");
            told("down in0");
            site.namespaces.ip("gw", "link set other0 down");
            site.namespaces.ip("gw", "link set other0 name in0");
            site.namespaces.ip("gw", "link set in0 up");
        });
    }

    @Test
    void theReleasePairIsTakenAway() throws Exception {
        survives(() -> {
            site.namespaces.ip("gw", "link delete rel0");
            told("down in0");
        });
    }

    @Test
    void somebodyFlushesTheRules() throws Exception {
        survives(() -> {
            site.namespaces.exec("gw", "nft flush ruleset");
            told("down in0");
        });
    }

    /** Holds packets before and after some trouble, and lets them out when it is over. */
    private void survives(Trouble trouble) throws Exception {
        try (DataPlane plane = site.namespaces.in(
                        "gw",
                        () -> RoutedDataPlane.open(
                                RoutedSite.settings(), RoutedSite.vms(), PortKind.AF_PACKET, new News()));
                Capture uplink = new Capture(site.namespaces, "up", "eth0", "udp", "and", "port", "9000")) {
            RoutedSite.hold(plane, 1);
            send(50);
            Eventually.holds(() -> RoutedSite.figures(plane).heldPackets() >= 50, () -> plane.counters()
                    .toString());
            RoutedSite.seal(plane, 1, 1);
            trouble.happens();
            told("up in0");
            send(30);
            Eventually.holds(() -> RoutedSite.figures(plane).heldPackets() >= 80, () -> plane.counters()
                    .toString());
            assertEquals(0, uplink.frames().size());
            plane.commit(RoutedSite.VM, new EpochId(1, 1));
            Eventually.holds(
                    () -> uplink.frames().size() >= 50, () -> plane.counters().toString());
            RoutedSite.seal(plane, 1, 2);
            assertEquals(50, uplink.frames().size());
            plane.commit(RoutedSite.VM, new EpochId(1, 2));
            Eventually.holds(
                    () -> uplink.frames().size() >= 80, () -> plane.counters().toString());
            assertTrue(site.namespaces.in("up", () -> reachableFromUplink(plane)));
        }
    }

    private static boolean reachableFromUplink(DataPlane plane) throws IOException {
        plane.pass(RoutedSite.VM, 2);
        return InetAddress.ofLiteral(RoutedSite.VM_ADDRESS).isReachable(5000);
    }

    private void told(String expected) throws Exception {
        Eventually.holds(() -> news.contains(expected), () -> expected + " in " + news);
    }

    private void send(int count) throws Exception {
        site.namespaces.in("vm", () -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                InetAddress target = InetAddress.ofLiteral(RoutedSite.UP_ADDRESS);
                for (int i = 0; i < count; i++) {
                    socket.send(new DatagramPacket(new byte[4], 4, target, 9000));
                }
            }
            return null;
        });
    }

    private interface Trouble {
        void happens() throws Exception;
    }

    private final class News implements DataPlaneListener {
        @Override
        public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {}

        @Override
        public void portDown(String name, String reason) {
            news.add("down " + name);
        }

        @Override
        public void portUp(String name) {
            news.add("up " + name);
        }

        @Override
        public void failed(Throwable cause) {
            news.add("failed " + cause);
        }
    }
}
