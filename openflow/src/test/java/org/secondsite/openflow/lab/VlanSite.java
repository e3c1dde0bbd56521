package org.secondsite.openflow.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;

/**
 * A whole site with VLANs: a gateway that routes between the interfaces of its trunk, and VMs at untagged and tagged ports.
 *
 * <pre>
 *                     trunk                              ┌── vm1   VLAN 100, untagged port
 *   in100 ─ 100 ─┐             ┌───────────────────────┐ ├── vm2   VLAN 100, tagged port ── a bridge that tags ── 100
 *   in200 ─ 200 ─┤ a bridge ── │ br0, the gateway's own│─┤
 *   in0   ─  -  ─┘             └───────────────────────┘ ├── vm3   VLAN 200, untagged port
 *                                                        └── vm4   no VLAN
 * </pre>
 *
 * <p>What puts the tags on and takes them off at the trunk's end, and in the guest of vm2, is Open vSwitch's own switching, which
 * knows nothing of the product. Host {@code n} in VLAN {@code v} has 10.v.0.1n and 2001:db8:v::1n, the gateway 10.v.0.1 and 2001:db8:v::1.
 */
final class VlanSite extends SwitchedHosts {
    static final List<String> VMS = List.of("vm1", "vm2", "vm3", "vm4");
    private static final String GATEWAY_MAC = "02:00:5e:00:01:01";
    private static final String TRUNK_END = "brtrunk";
    private static final String GUEST = "brguest";

    VlanSite(Path directory) throws IOException {
        super(directory, SwitchSite.DATAPATH);
        try {
            addBridge(TRUNK_END, "gw");
            addBridge(GUEST, "vm2");
            addHost("gw");
            for (int vlan : new int[] {0, 100, 200}) {
                String name = "in" + vlan;
                link(name, "gw", name, GATEWAY_MAC);
                address("gw", name, vlan, 1);
                openVSwitch().vsctl("add-port", TRUNK_END, name, "tag=" + vlan);
            }
            for (String vm : VMS) {
                addHost(vm);
                String port = vm.equals("vm2") ? "guest2" : vm;
                link(port, vm, "eth0", mac(vm));
                address(vm, "eth0", vlan(vm).id(), 10 + number(vm));
                host(vm).run("ip", "route", "add", "default", "via", gateway(vm));
                openVSwitch()
                        .vsctl(
                                vm.equals("vm2")
                                        ? new String[] {"add-port", GUEST, port, "tag=100"}
                                        : new String[] {"add-port", OpenVSwitch.BRIDGE, port});
            }
            // Neighbours in a VLAN are reached through the gateway, which answers for them.
            host("gw").run("sysctl", "-qw", "net.ipv4.conf.all.send_redirects=0");
            host("gw").run("sysctl", "-qw", "net.ipv4.conf.in100.proxy_arp_pvlan=1");
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    static VmAttachment vm(String vm, Role role) {
        return new VmAttachment(
                new VmId(vm),
                vm,
                MacAddress.parse(mac(vm)),
                List.of(IpPrefix.parseAddress(ipv4(vm)), IpPrefix.parseAddress(ipv6(vm))),
                role,
                vlan(vm));
    }

    /** The address of a VM. */
    static String ipv4(String vm) {
        return ipv4(vlan(vm).id(), 10 + number(vm));
    }

    /** The address of a VM. */
    static String ipv6(String vm) {
        return ipv6(vlan(vm).id(), 10 + number(vm));
    }

    /** The gateway's address in the VLAN of a VM. */
    static String gateway(String vm) {
        return ipv4(vlan(vm).id(), 1);
    }

    /** The gateway's address in the VLAN of a VM. */
    static String gatewayV6(String vm) {
        return ipv6(vlan(vm).id(), 1);
    }

    /** The gateway lets packets of VMs through to others, or does not. */
    void forward(boolean on) throws IOException {
        host("gw").run("sysctl", "-qw", "net.ipv4.ip_forward=" + (on ? 1 : 0));
    }

    /** Whether a broadcast of the gateway in the VLAN of {@code vlanOf} arrives at the VM. */
    boolean broadcastArrives(String vlanOf, String vm, boolean expected) throws Exception {
        String all = ipv4(vlan(vlanOf).id(), 255);
        return arrives("gw", gateway(vlanOf), vm, "0.0.0.0", all, expected);
    }

    private static int number(String vm) {
        return vm.charAt(2) - '0';
    }

    private static String mac(String vm) {
        return "52:54:00:c0:30:0" + number(vm);
    }

    private static Vlan vlan(String vm) {
        return switch (vm) {
            case "vm1" -> new Vlan(100, Vlan.Port.UNTAGGED);
            case "vm2" -> new Vlan(100, Vlan.Port.TAGGED);
            case "vm3" -> new Vlan(200, Vlan.Port.UNTAGGED);
            default -> Vlan.NONE;
        };
    }

    private static String ipv4(int vlan, int host) {
        return "10." + vlan + ".0." + host;
    }

    private static String ipv6(int vlan, int host) {
        return "2001:db8:" + vlan + "::" + host;
    }

    /** A bridge that switches by itself, and a cable from it to a port of the gateway's. */
    private void addBridge(String bridge, String port) throws IOException {
        openVSwitch().vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev");
        String end = port + "end";
        openVSwitch()
                .vsctl(
                        "add-port",
                        OpenVSwitch.BRIDGE,
                        port,
                        "--",
                        "set",
                        "interface",
                        port,
                        "type=patch",
                        "options:peer=" + end);
        openVSwitch()
                .vsctl("add-port", bridge, end, "--", "set", "interface", end, "type=patch", "options:peer=" + port);
    }

    private void address(String host, String name, int vlan, int number) throws IOException {
        host(host).run("ip", "addr", "add", ipv4(vlan, number) + "/24", "broadcast", ipv4(vlan, 255), "dev", name);
        host(host).run("ip", "addr", "add", ipv6(vlan, number) + "/64", "dev", name, "nodad");
    }
}
