package org.secondsite.buffer.io.kernel;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.buffer.InterfaceNames;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.config.InterfaceAddress;
import org.secondsite.config.IpPrefix;

/**
 * The static nftables rules of the routed mode. They keep the way closed, with this process and without it: the
 * kernel never forwards a frame of a protected VM that has not come through the release pair, and only this process
 * puts frames there.
 *
 * <p>They stand in two tables. The first sees a frame where it comes in, behind the tap that we listen at; the
 * second, where a packet would be forwarded or given to this machine, whatever way it came. The rules are written as
 * {@code nft list} prints them, so that what is in force can be compared with what should be.
 *
 * <h2>No way in</h2>
 *
 * No VM, protected or not, reaches anything of this machine, or anything behind it but the uplinks. What came in by the VM-facing
 * interface or the release pair is told by that; what a VM of this or the other site sends by way of the routers, by its source
 * address. Only neighbour discovery and, where configured, an echo of the inside addresses are answered.
 *
 * <h2>VMs elsewhere</h2>
 *
 * What VMs of groups that another site owns send to VMs here comes by an uplink. That is no way around what is held: their frames do not
 * come by the VM-facing interface here, and if they did, the first table would drop them.
 */
public final class RoutedRules {
    private final String inside;
    private final String kernelEnd;
    private final VmSets sets;
    private final List<InterfaceAddress> gateway;
    private final TenantAccess access;
    private final List<InetAddress> elsewhere;

    RoutedRules(RoutedSettings settings, List<ProtectedVm> vms, List<InetAddress> elsewhere) {
        this.elsewhere = elsewhere;
        inside = settings.insideInterface();
        kernelEnd = settings.kernelEnd();
        sets = new VmSets(vms);
        gateway = settings.inside();
        access = settings.tenants();
    }

    String table() {
        return InterfaceNames.table(inside);
    }

    /** One transaction that replaces both tables, whatever they were. */
    String script() {
        return removal() + String.join("\n", ingress()) + "\n" + String.join("\n", machine()) + "\n";
    }

    /**
     * One transaction that has the sets of VMs elsewhere be as they are here, and touches nothing else: whether the rest stands is for those to
     * see who watch it.
     */
    String elsewhereScript() {
        StringBuilder script = new StringBuilder();
        for (boolean isIpv4 : List.of(true, false)) {
            String set = "set inet " + table() + " elsewhere" + (isIpv4 ? "4" : "6");
            script.append("flush ").append(set).append('\n');
            List<String> all = elsewhere.stream()
                    .filter(address -> address instanceof Inet4Address == isIpv4)
                    .map(InetAddress::getHostAddress)
                    .toList();
            if (!all.isEmpty()) {
                script.append("add element ")
                        .append(set.substring("set ".length()))
                        .append(" { ")
                        .append(String.join(", ", all))
                        .append(" }\n");
            }
        }
        return script.toString();
    }

    /** One transaction that removes both tables. */
    String removal() {
        return VmSets.removal("netdev", table()) + VmSets.removal("inet", table());
    }

    /** What comes in at the VM-facing interface. */
    List<String> ingress() {
        List<String> lines = new ArrayList<>();
        lines.add("table netdev " + table() + " {");
        lines.add("chain inside {");
        lines.add("type filter hook ingress device \"" + inside + "\" priority -500; policy accept;");
        lines.add("ether saddr @vms goto held");
        sets.addressRules(lines);
        lines.add("}");
        lines.add("chain held {");
        // Asked of the gateway itself: answered at once, and the answer says nothing about the VM's state.
        lines.add("ether type arp accept");
        if (Sysctl.hasIpv6()) {
            lines.add(
                    "ip6 daddr @neighbors6 icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept");
        }
        lines.add("drop");
        lines.add("}");
        sets.vms(lines);
        VmSets.intervals(lines, "neighbors6", "ipv6_addr", neighbors6());
        lines.add("}");
        return lines;
    }

    /** What would be forwarded, or given to this machine. */
    List<String> machine() {
        List<String> lines = new ArrayList<>();
        lines.add("table inet " + table() + " {");
        lines.add("chain input {");
        lines.add("type filter hook input priority raw; policy accept;");
        lines.add("iifname \"lo\" accept");
        lines.add("iifname \"" + inside
                + "\" icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept");
        lines.add("iifname \"" + inside + "\" goto answered");
        lines.add("iifname \"" + kernelEnd + "\" goto answered");
        lines.add("ip saddr @tenants4 drop");
        lines.add("ip6 saddr @tenants6 drop");
        lines.add("ether saddr @vms drop");
        lines.add("}");
        lines.add("chain answered {");
        if (access.echo() == TenantAccess.Echo.ANSWERED) {
            lines.add("ip daddr @inside4 icmp type echo-request accept");
            lines.add("ip6 daddr @inside6 icmpv6 type echo-request accept");
        }
        lines.add("drop");
        lines.add("}");
        lines.add("chain forward {");
        lines.add("type filter hook forward priority raw; policy accept;");
        // The packets that matter: no look-up of their source.
        lines.add("iifname \"" + kernelEnd + "\" goto released");
        lines.add("iifname \"" + inside + "\" jump tenant");
        lines.add("ip saddr @tenants4 jump tenant");
        lines.add("ip6 saddr @tenants6 jump tenant");
        for (String uplink : access.uplinks()) {
            String between = "iifname \"" + uplink + "\" oifname \"" + inside + "\" ";
            lines.add(between + "ip saddr @elsewhere4 accept");
            lines.add(between + "ip6 saddr @elsewhere6 accept");
        }
        sets.dropAll(lines);
        lines.add("}");
        ofTenants(lines, "released", "accept");
        ofTenants(lines, "tenant", "return");
        sets.vms(lines);
        VmSets.intervals(
                lines,
                "tenants4",
                "ipv4_addr",
                tenants().filter(IpPrefix::isIpv4).map(RoutedRules::element));
        VmSets.intervals(
                lines,
                "tenants6",
                "ipv6_addr",
                tenants().filter(prefix -> !prefix.isIpv4()).map(RoutedRules::element));
        addresses(
                lines, "inside", gateway.stream().map(InterfaceAddress::address).toList());
        addresses(lines, "closed", access.closed());
        addresses(lines, "elsewhere", elsewhere);
        lines.add("}");
        return lines;
    }

    /** A chain that drops what a VM must not reach. */
    private void ofTenants(List<String> lines, String chain, String elsewise) {
        lines.add("chain " + chain + " {");
        lines.add("ip daddr @closed4 drop");
        lines.add("ip6 daddr @closed6 drop");
        access.uplinks().forEach(uplink -> lines.add("oifname \"" + uplink + "\" " + elsewise));
        lines.add("oifname \"" + inside + "\" " + elsewise);
        lines.add("drop");
        lines.add("}");
    }

    private static void addresses(List<String> lines, String name, List<InetAddress> all) {
        VmSets.set(
                lines,
                name + "4",
                "ipv4_addr",
                all.stream().filter(address -> address instanceof Inet4Address).map(InetAddress::getHostAddress));
        VmSets.set(
                lines,
                name + "6",
                "ipv6_addr",
                all.stream()
                        .filter(address -> !(address instanceof Inet4Address))
                        .map(InetAddress::getHostAddress));
    }

    /** Where VMs' source addresses are from: the inside subnets, and VMs' addresses outside of them; none within another. */
    private Stream<IpPrefix> tenants() {
        List<IpPrefix> all = Stream.concat(
                        gateway.stream().map(InterfaceAddress::subnet),
                        sets.addresses().map(address -> IpPrefix.around(address, address.getAddress().length * 8)))
                .distinct()
                .toList();
        return all.stream()
                .filter(prefix -> all.stream().noneMatch(other -> !other.equals(prefix) && other.contains(prefix)));
    }

    /** As {@code nft list} prints it: a prefix of one address is that address. */
    private static String element(IpPrefix prefix) {
        return prefix.length() == prefix.address().getAddress().length * 8
                ? prefix.address().getHostAddress()
                : prefix.toString();
    }

    private Stream<String> neighbors6() {
        return Stream.concat(
                Stream.of("fe80::/10", "ff02::/16"),
                gateway.stream()
                        .map(InterfaceAddress::address)
                        .filter(address -> !(address instanceof Inet4Address))
                        .map(InetAddress::getHostAddress));
    }
}
