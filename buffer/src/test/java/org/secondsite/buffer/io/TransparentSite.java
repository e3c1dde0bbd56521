package org.secondsite.buffer.io;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * Three namespaces in a row, and the transparent data plane in the middle one.
 *
 * <pre>
 *   vm eth0 192.0.2.10 ── in0  gw  out0 ── eth0 192.0.2.1 up
 * </pre>
 */
public final class TransparentSite implements AutoCloseable {
    static final VmId VM = RoutedSite.VM;
    public static final String VM_ADDRESS = "192.0.2.10";
    static final String UP_ADDRESS = "192.0.2.1";
    static final MacAddress UP_MAC = MacAddress.parse("02:00:00:00:00:99");
    static final int MTU = 9000;

    public final Namespaces namespaces;

    public TransparentSite() throws IOException {
        this(new String[0]);
    }

    /** With more namespaces, which are not linked yet. */
    TransparentSite(String... more) throws IOException {
        String[] names =
                Stream.concat(Stream.of("vm", "gw", "up"), Stream.of(more)).toArray(String[]::new);
        namespaces = new Namespaces(names);
        try {
            for (String name : names) {
                namespaces.exec(name, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
            }
            namespaces.link("vm", "eth0", "gw", "in0");
            namespaces.link("up", "eth0", "gw", "out0");
            namespaces.ip("vm", "link set eth0 address " + RoutedSite.VM_MAC + " mtu " + MTU);
            namespaces.ip("up", "link set eth0 address " + UP_MAC + " mtu " + MTU);
            namespaces.ip("gw", "link set in0 mtu " + MTU);
            namespaces.ip("gw", "link set out0 mtu " + MTU);
            namespaces.ip("vm", "addr add " + VM_ADDRESS + "/24 dev eth0");
            namespaces.ip("up", "addr add " + UP_ADDRESS + "/24 dev eth0");
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    static TransparentSettings settings() {
        return new TransparentSettings("in0", "out0", 64 << 20, 32 << 20);
    }

    static List<ProtectedVm> vms() {
        return List.of(new ProtectedVm(VM, RoutedSite.VM_MAC, List.of(InetAddress.ofLiteral(VM_ADDRESS))));
    }

    DataPlane open(PortKind port, DataPlaneListener listener) throws Exception {
        return namespaces.in("gw", () -> TransparentDataPlane.open(settings(), vms(), port, listener));
    }

    @Override
    public void close() {
        namespaces.close();
    }
}
