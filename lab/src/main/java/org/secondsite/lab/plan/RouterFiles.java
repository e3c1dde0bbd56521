package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Configuration of the three routers: BIRD in the core and at site B, FRR at site A. */
final class RouterFiles {
    /** Both kinds of routers tell a dead neighbour after 500 ms: less is told of living ones when this machine stands still. */
    private static final int BFD_MILLIS = 100;

    private static final int BFD_MULTIPLIER = 5;
    private static final int HOLD_SECONDS = 9;

    /** A router whose way to the VMs is what the gateway announces. */
    private static final String UPSTREAM = """
            protocol direct { ipv4; }
            protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
            """;

    /**
     * A router that has the VMs' own subnet at vm0, and so is their first hop: what the gateway announces decides what the core is told,
     * and is no way to them.
     */
    private static final String FIRST_HOP = """
            protocol direct { ipv4; interface "-vm0", "*"; }
            protocol kernel { ipv4 { import none; export where source = RTS_BGP && proto != "to_gateway"; }; }
            """;

    /** The same for FRR. */
    private static final String FRR_FIRST_HOP = """
            ip prefix-list vms seq 5 permit %s le 32
            route-map learnt deny 10
             match ip address prefix-list vms
            route-map learnt permit 20
            ip protocol bgp route-map learnt
            """.formatted(LabNumbers.VM_PREFIX);

    private RouterFiles() {}

    static Map<Path, String> of(LabOptions options, LabPaths paths) {
        boolean bump = options.network().mode() == Network.Mode.TRANSPARENT;
        Map<Path, String> files = new LinkedHashMap<>();
        files.put(paths.file("core.conf"), core());
        files.put(paths.file("router-b.conf"), birdRouter(Site.B, bump ? FIRST_HOP : UPSTREAM));
        files.put(
                paths.frrDirectory().resolve("zebra.conf"),
                "frr version 8.4\nhostname router-a\nlog stdout informational\n" + (bump ? FRR_FIRST_HOP : ""));
        files.put(paths.frrDirectory().resolve("bfdd.conf"), frrBfd(Site.A));
        files.put(paths.frrDirectory().resolve("bgpd.conf"), frrBgp(Site.A));
        return files;
    }

    private static String core() {
        StringBuilder text = new StringBuilder(birdHead(LabNumbers.CLIENT_GATEWAY, UPSTREAM));
        for (Site site : Site.values()) {
            text.append(birdPeer(
                    "to_router_" + site.id(),
                    site.coreAddress(),
                    LabNumbers.CORE_AS,
                    site.routerCoreAddress(),
                    site.routerAs(),
                    true,
                    "none"));
        }
        return text.toString();
    }

    private static String birdRouter(Site site, String kind) {
        return birdHead(site.routerAddress(), kind)
                + birdPeer(
                        "to_core",
                        site.routerCoreAddress(),
                        site.routerAs(),
                        site.coreAddress(),
                        LabNumbers.CORE_AS,
                        true,
                        "where source = RTS_BGP")
                + birdPeer(
                        "to_gateway",
                        site.routerAddress(),
                        site.routerAs(),
                        site.uplinkAddress(),
                        LabNumbers.GATEWAY_AS,
                        false,
                        "none");
    }

    private static String birdHead(String routerId, String kind) {
        return """
                log stderr all;
                router id %s;
                protocol device { scan time 10; }
                %s
                protocol bfd { interface "*" { min rx interval %d ms; min tx interval %d ms; multiplier %d; }; }
                """.formatted(routerId, kind.strip(), BFD_MILLIS, BFD_MILLIS, BFD_MULTIPLIER);
    }

    private static String birdPeer(
            String name, String local, long localAs, String remote, long remoteAs, boolean bfd, String export) {
        return """
                protocol bgp %s {
                  local %s as %d;
                  neighbor %s as %d;
                  bfd %s;
                  hold time %d;
                  connect delay time 1;
                  connect retry time 1;
                  error wait time 1, 2;
                  graceful restart off;
                  ipv4 { import all; export %s; next hop self; };
                }
                """.formatted(name, local, localAs, remote, remoteAs, bfd ? "on" : "off", HOLD_SECONDS, export);
    }

    private static String frrBfd(Site site) {
        return """
                frr version 8.4
                hostname router-%s
                log stdout informational
                bfd
                 profile lab
                  transmit-interval %d
                  receive-interval %d
                  detect-multiplier %d
                 peer %s
                  profile lab
                """.formatted(site.id(), BFD_MILLIS, BFD_MILLIS, BFD_MULTIPLIER, site.coreAddress());
    }

    private static String frrBgp(Site site) {
        return """
                frr version 8.4
                hostname router-%1$s
                log stdout informational
                router bgp %2$d
                 bgp router-id %3$s
                 no bgp ebgp-requires-policy
                 no bgp network import-check
                 bgp graceful-restart-disable
                 timers bgp 3 %4$d
                 neighbor %5$s remote-as %6$d
                 neighbor %5$s timers connect 1
                 neighbor %5$s advertisement-interval 0
                 neighbor %5$s bfd
                 neighbor %7$s remote-as %8$d
                 neighbor %7$s timers connect 1
                """.formatted(
                        site.id(),
                        site.routerAs(),
                        site.routerAddress(),
                        HOLD_SECONDS,
                        site.coreAddress(),
                        LabNumbers.CORE_AS,
                        site.uplinkAddress(),
                        LabNumbers.GATEWAY_AS);
    }
}
