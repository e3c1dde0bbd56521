package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.secondsite.config.IpPrefix;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Routes from VMs here to VMs that are at other sites. Their subnets are the gateway's own at every site, so that the kernel would look for
 * them beside it; what they are sent goes by the uplinks instead, as it would if the gateway had no address in their subnet.
 *
 * <pre>
 *   from the VM-facing interface, or released  ──▶ table 7483: each VM elsewhere, by the uplinks ──▶ (none) the main table
 *   from an uplink, or from this machine       ──▶ the main table: the VMs' subnets are at the VM-facing interface
 * </pre>
 *
 * What comes from the outside takes another way than these routes, so a takeover waits for none of them, and a packet that two gateways take
 * for the other's does not go to and fro.
 *
 * <p>Ways are found as the main table has them, which an operator, a routing daemon or this gateway made: the most specific one that leads
 * by an uplink, with all of its next hops. VMs of one /24 or /64 are asked for together.
 */
final class ElsewhereRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(ElsewhereRoutes.class);

    /** A table's number, and the preference of the rules that lead there: before the main table's. */
    private static final String TABLE = "7483";

    private static final int GROUP_LENGTH4 = 24;
    private static final int GROUP_LENGTH6 = 64;

    private final List<String> from;
    private final List<String> uplinks;

    /**
     * For one gateway.
     *
     * @param from the interfaces by which VMs' packets come in
     * @param uplinks those by which they leave
     */
    ElsewhereRoutes(List<String> from, List<String> uplinks) {
        this.from = from;
        this.uplinks = uplinks;
    }

    /**
     * Has the routes be those to these VMs.
     *
     * @throws IOException if the kernel does not do it
     */
    void settle(List<InetAddress> vms) throws IOException {
        settle("-4", vms.stream().filter(vm -> vm instanceof Inet4Address).toList());
        if (Sysctl.hasIpv6()) {
            settle(
                    "-6",
                    vms.stream().filter(vm -> !(vm instanceof Inet4Address)).toList());
        }
    }

    private void settle(String family, List<InetAddress> vms) throws IOException {
        Map<InetAddress, Set<String>> wanted = new LinkedHashMap<>();
        Map<IpPrefix, Set<String>> ways = new LinkedHashMap<>();
        for (InetAddress vm : vms) {
            int length = vm instanceof Inet4Address ? GROUP_LENGTH4 : GROUP_LENGTH6;
            IpPrefix around = IpPrefix.around(vm, length);
            if (!ways.containsKey(around)) {
                ways.put(around, ways(family, vm));
            }
            if (!ways.get(around).isEmpty()) {
                wanted.put(vm, ways.get(around));
            }
        }
        Map<InetAddress, Set<String>> present = present(family);
        List<String> changes = new ArrayList<>();
        present.keySet().stream()
                .filter(vm -> !wanted.containsKey(vm))
                .forEach(vm -> changes.add("route del " + vm.getHostAddress() + " table " + TABLE));
        wanted.forEach((vm, hops) -> {
            if (!hops.equals(present.get(vm))) {
                changes.add("route replace " + vm.getHostAddress() + " table " + TABLE + " nexthop "
                        + String.join(" nexthop ", hops));
            }
        });
        if (!wanted.isEmpty()) {
            rules(family);
        }
        if (!changes.isEmpty()) {
            Commands.run(List.of("ip", family, "-batch", "-"), String.join("\n", changes) + "\n");
        }
    }

    private void rules(String family) throws IOException {
        String shown = Commands.run("ip " + family + " rule show");
        for (String name : from) {
            if (shown.lines()
                    .noneMatch(line ->
                            line.contains(" iif " + name + " ") && line.strip().endsWith("lookup " + TABLE))) {
                Commands.run("ip " + family + " rule add pref " + TABLE + " iif " + name + " lookup " + TABLE);
            }
        }
    }

    private static Map<InetAddress, Set<String>> present(String family) throws IOException {
        try {
            Map<InetAddress, Set<String>> routes = new LinkedHashMap<>();
            RouteText.read(Commands.run("ip " + family + " route show table " + TABLE))
                    .forEach(route -> routes.put(IpPrefix.parseAddress(route.destination()), route.hops()));
            return routes;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("table does not exist")) {
                return Map.of();
            }
            throw e;
        }
    }

    /** How packets leave this machine to the address; empty: by none of the uplinks. */
    private Set<String> ways(String family, InetAddress vm) {
        List<RouteText> found = new ArrayList<>();
        for (String uplink : uplinks) {
            try {
                String shown =
                        Commands.run("ip " + family + " route get fibmatch " + vm.getHostAddress() + " oif " + uplink);
                RouteText.read(shown).stream()
                        .filter(route -> !route.by(uplinks).isEmpty())
                        .forEach(found::add);
            } catch (IOException e) {
                LOG.debug("no way to {} by {}: {}", vm, uplink, e.getMessage());
            }
        }
        Comparator<RouteText> better =
                Comparator.comparingInt(RouteText::length).reversed().thenComparingInt(RouteText::metric);
        Set<String> hops = new TreeSet<>();
        found.stream().min(better).ifPresent(best -> found.stream()
                .filter(route -> better.compare(route, best) == 0)
                .forEach(route -> hops.addAll(route.by(uplinks))));
        return hops;
    }

    /** Removes all of them. */
    void remove() throws IOException {
        settle(List.of());
        for (String family : Sysctl.hasIpv6() ? List.of("-4", "-6") : List.of("-4")) {
            for (String name : from) {
                Commands.succeeds("ip " + family + " rule del pref " + TABLE + " iif " + name + " lookup " + TABLE);
            }
        }
    }
}
