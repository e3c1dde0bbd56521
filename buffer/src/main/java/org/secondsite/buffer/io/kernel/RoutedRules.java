package org.secondsite.buffer.io.kernel;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.buffer.InterfaceNames;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.config.InterfaceAddress;

/**
 * The static nftables rules of the routed mode. They keep the way closed, with this process and without it: the
 * kernel never forwards a frame of a protected VM that has not come through the release pair, and only this process
 * puts frames there.
 *
 * <p>They stand in two tables. The first sees a frame where it comes in, behind the tap that we listen at; the
 * second, where a packet would be forwarded, whatever way it came. The rules are written as {@code nft list} prints
 * them, so that what is in force can be compared with what should be.
 */
public final class RoutedRules {
    private final String inside;
    private final String kernelEnd;
    private final VmSets sets;
    private final List<InterfaceAddress> gateway;

    RoutedRules(RoutedSettings settings, List<ProtectedVm> vms) {
        inside = settings.insideInterface();
        kernelEnd = settings.kernelEnd();
        sets = new VmSets(vms);
        gateway = settings.inside();
    }

    String table() {
        return InterfaceNames.table(inside);
    }

    /** One transaction that replaces both tables, whatever they were. */
    String script() {
        return removal() + String.join("\n", ingress()) + "\n" + String.join("\n", forward()) + "\n";
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
        VmSets.set(lines, "neighbors6", "ipv6_addr", neighbors6(), true);
        lines.add("}");
        return lines;
    }

    /** What would be forwarded. */
    List<String> forward() {
        List<String> lines = new ArrayList<>();
        lines.add("table inet " + table() + " {");
        lines.add("chain forward {");
        lines.add("type filter hook forward priority raw; policy accept;");
        lines.add("iifname \"" + kernelEnd + "\" accept");
        lines.add("ether saddr @vms drop");
        sets.addressRules(lines);
        lines.add("}");
        sets.vms(lines);
        lines.add("}");
        return lines;
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
