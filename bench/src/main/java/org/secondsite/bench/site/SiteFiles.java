package org.secondsite.bench.site;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Configuration of the measured sites. Of each pair of gateways the site that owns all VMs at first is {@code a1}, {@code a2} and so
 * on, the other one {@code b1}, {@code b2}; each VM is a group of its own.
 *
 * @param vms how many VMs a pair has
 * @param intervalMs between two checkpoints of a VM
 */
record SiteFiles(int vms, int intervalMs) {
    /** Held packets of one VM; none speaks here. */
    private static final int PER_VM_MIB = 1;

    /** The owner's end of a pair, or the standby's. */
    enum End {
        OWNER("a"),
        STANDBY("b");

        private final String letter;

        End(String letter) {
            this.letter = letter;
        }

        End other() {
            return this == OWNER ? STANDBY : OWNER;
        }

        /** The site's name in the pair of this number, from 1. */
        String site(int pair) {
            return letter + pair;
        }
    }

    /** Where one gateway listens. */
    record Ports(int tunnel, int agents) {}

    /** The VM of this number, from 0, in the pair of this number, from 1; its group is called so, too. */
    static String vm(int pair, int number) {
        return "vm" + pair + "-" + number;
    }

    List<String> vms(int pair) {
        return IntStream.range(0, vms).mapToObj(number -> vm(pair, number)).toList();
    }

    String witness(int pairs, InetSocketAddress listen) {
        List<String> groups = new ArrayList<>();
        for (int pair = 1; pair <= pairs; pair++) {
            for (String vm : vms(pair)) {
                groups.add("  - {name: %s, sites: [%s, %s], initialOwner: %s}\n"
                        .formatted(vm, End.OWNER.site(pair), End.STANDBY.site(pair), End.OWNER.site(pair)));
            }
        }
        return """
                listen: "127.0.0.1:%d"
                dataDirectory: witness
                tls: {certificate: witness.crt, key: witness.key, authority: ca.crt}
                groups:
                """.formatted(listen.getPort()) + String.join("", groups);
    }

    String gateway(int pair, End end, Ports own, Ports other, InetSocketAddress witness) {
        String site = end.site(pair);
        StringBuilder text = new StringBuilder("""
                site: %1$s
                peerSite: %2$s
                tunnel: {listen: "127.0.0.1:%3$d", connect: "127.0.0.1:%4$d", suspectAfterMs: 600}
                tls: {certificate: %1$s.crt, key: %1$s.key, authority: ca.crt}
                witness: {endpoints: ["127.0.0.1:%5$d"]}
                checkpoint: {listen: "127.0.0.1:%6$d", intervalMs: %7$d, maxIntervalMs: 1000, hosts: [{name: host-%1$s, vms: [%8$s]}]}
                dataPlane: {mode: loopback, poolMiB: %9$d, perVmMiB: %10$d}
                management: {socket: %1$s.sock}
                groups:
                """.formatted(
                        site,
                        end.other().site(pair),
                        own.tunnel(),
                        other.tunnel(),
                        witness.getPort(),
                        own.agents(),
                        intervalMs,
                        String.join(", ", vms(pair)),
                        vms * PER_VM_MIB,
                        PER_VM_MIB));
        for (int number = 0; number < vms; number++) {
            text.append(group(pair, number));
        }
        return text.toString();
    }

    private static String group(int pair, int number) {
        String address = "10.%d.%d.%d".formatted(pair, number / 200, 1 + number % 200);
        return String.format(Locale.ROOT, """
                  - name: %1$s
                    prefixes: [%2$s/32]
                    vms: [{name: %1$s, protected: true, mac: "52:54:00:%3$02x:%4$02x:%5$02x", addresses: [%2$s]}]
                """, vm(pair, number), address, pair, number / 200, 1 + number % 200);
    }

    /** Every certificate that is needed. */
    static List<String> names(int pairs) {
        List<String> names = new ArrayList<>(List.of("witness"));
        for (int pair = 1; pair <= pairs; pair++) {
            for (End end : End.values()) {
                names.add(end.site(pair));
                names.add(host(end.site(pair)));
            }
        }
        return names;
    }

    static String host(String site) {
        return "host-" + site;
    }
}
