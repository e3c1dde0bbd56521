package org.secondsite.buffer.io;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.VmState;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * Three namespaces in a row, and the routed data plane in the middle one.
 *
 * <pre>
 *   vm eth0 203.0.113.10 ── in0 203.0.113.1  gw  10.1.0.2 up0 ── eth0 10.1.0.1 up
 *      2001:db8:1::10           2001:db8:1::1    2001:db8:2::2   2001:db8:2::1
 * </pre>
 */
final class RoutedSite implements AutoCloseable {
    static final VmId VM = new VmId("vm1");
    static final MacAddress VM_MAC = MacAddress.parse("52:54:00:c0:10:01");
    static final MacAddress INSIDE_MAC = MacAddress.parse("02:00:5e:00:01:01");
    static final String VM_ADDRESS = "203.0.113.10";
    static final String UP_ADDRESS = "10.1.0.1";
    static final TenantAccess TENANTS = TenantAccess.by("up0");

    final Namespaces namespaces;

    RoutedSite() throws IOException {
        this(List.of());
    }

    /** With more namespaces, which the test joins to the others itself. */
    RoutedSite(List<String> more) throws IOException {
        namespaces = new Namespaces(
                Stream.concat(Stream.of("vm", "gw", "up"), more.stream()).toArray(String[]::new));
        try {
            // A VM's own chatter when its link comes up would blur the tests' counts.
            namespaces.exec("vm", "nft add table ip6 quiet");
            namespaces.exec("vm", "nft add chain ip6 quiet out { type filter hook output priority 0 ; }");
            namespaces.exec("vm", "nft add rule ip6 quiet out icmpv6 type mld2-listener-report drop");
            namespaces.exec("vm", "nft add rule ip6 quiet out ip6 saddr :: drop");
            linkVm();
            namespaces.link("up", "eth0", "gw", "up0");
            namespaces.ip("gw", "addr add 10.1.0.2/24 dev up0");
            namespaces.ip("gw", "addr add 2001:db8:2::2/64 dev up0 nodad");
            namespaces.ip("up", "addr add " + UP_ADDRESS + "/24 dev eth0");
            namespaces.ip("up", "addr add 2001:db8:2::1/64 dev eth0 nodad");
            namespaces.ip("up", "route add 203.0.113.0/24 via 10.1.0.2");
            namespaces.ip("up", "route add 2001:db8:1::/64 via 2001:db8:2::2");
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** The wire between VM and gateway, and the VM's addresses. */
    void linkVm() throws IOException {
        namespaces.link("vm", "eth0", "gw", "in0");
        namespaces.ip("vm", "link set eth0 address " + VM_MAC);
        namespaces.ip("vm", "addr add " + VM_ADDRESS + "/24 dev eth0");
        namespaces.ip("vm", "addr add 2001:db8:1::10/64 dev eth0 nodad");
        namespaces.ip("vm", "route add default via 203.0.113.1");
        namespaces.ip("vm", "route add default via 2001:db8:1::1");
    }

    static RoutedSettings settings() {
        return new RoutedSettings(
                "in0", INSIDE_MAC, List.of("203.0.113.1/24", "2001:db8:1::1/64"), "rel", TENANTS, 64 << 20, 32 << 20);
    }

    static List<ProtectedVm> vms() {
        return List.of(new ProtectedVm(
                VM, VM_MAC, List.of(InetAddress.ofLiteral(VM_ADDRESS), InetAddress.ofLiteral("2001:db8:1::10"))));
    }

    DataPlane open() throws Exception {
        return namespaces.in("gw", () -> RoutedDataPlane.open(settings(), vms()));
    }

    static VmCounters figures(DataPlane plane) {
        return plane.counters().vms().get(VM);
    }

    /** Holds, and waits until that is in force. */
    static void hold(DataPlane plane, long term) throws Exception {
        plane.hold(VM, term);
        Eventually.holds(() -> figures(plane).state() == VmState.HOLD, () -> plane.counters()
                .toString());
    }

    /** Passes, and waits until that is in force. */
    static void pass(DataPlane plane, long term) throws Exception {
        plane.pass(VM, term);
        Eventually.holds(() -> figures(plane).state() == VmState.PASS, () -> plane.counters()
                .toString());
    }

    /** Seals and waits until it is sealed. */
    static void seal(DataPlane plane, long term, long number) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        plane.seal(VM, new EpochId(term, number), done::countDown);
        if (!done.await(5, TimeUnit.SECONDS)) {
            throw new AssertionError("not sealed within 5 s");
        }
    }

    @Override
    public void close() {
        namespaces.close();
    }
}
