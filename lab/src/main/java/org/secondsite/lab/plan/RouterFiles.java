package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Configuration of the routers: FRR at site A, and BIRD in the core and at the others. */
final class RouterFiles {
    /** Both kinds of routers tell a dead neighbour after 500 ms: less is told of living ones when this machine stands still. */
    private static final int BFD_MILLIS = 100;

    private static final int BFD_MULTIPLIER = 5;
    private static final int HOLD_SECONDS = 9;

    /** What a site's router does with what the gateway announces. */
    private enum Kind {
        /** It is its way to the VMs. */
        UPSTREAM("", ""),
        /**
         * It has the VMs' own subnet at vm0, and so is their first hop: what the gateway announces decides what the core is told, and
         * is no way to them.
         */
        FIRST_HOP("interface \"-vm0\", \"*\";", "&& proto != \"to_gateway\"");

        private final String direct;
        private final String kernel;

        Kind(String direct, String kernel) {
            this.direct = direct;
            this.kernel = kernel;
        }
    }

    private static final String ADVERTISED = """
            protocol radv {
              interface "%s" { min ra interval 3; max ra interval 4; default lifetime 1800; prefix %s { }; };
            }
            """;

    private final Network network;
    private final List<Site> sites;

    private RouterFiles(LabOptions options) {
        network = options.network();
        sites = options.fleet().sites();
    }

    static Map<Path, String> of(LabOptions options, LabPaths paths) {
        return new RouterFiles(options).files(paths);
    }

    private Kind kind() {
        return network.mode() == Network.Mode.TRANSPARENT ? Kind.FIRST_HOP : Kind.UPSTREAM;
    }

    private Map<Path, String> files(LabPaths paths) {
        Map<Path, String> files = new LinkedHashMap<>();
        files.put(paths.file("core.conf"), core());
        for (Site site : sites) {
            network.uplinks(site).stream()
                    .filter(RouterFiles::isBird)
                    .forEach(uplink -> files.put(paths.file(uplink.process() + ".conf"), birdRouter(uplink)));
        }
        files.put(paths.frrDirectory().resolve("zebra.conf"), frrZebra());
        files.put(paths.frrDirectory().resolve("bfdd.conf"), frrBfd(Site.A));
        files.put(paths.frrDirectory().resolve("bgpd.conf"), frrBgp(Site.A));
        if (network.isDual() && network.mode() == Network.Mode.ROUTED) {
            for (Site site : sites) {
                files.put(
                        paths.file(advertiser(site) + ".conf"),
                        """
                        log stderr all;
                        router id %s;
                        protocol device { scan time 10; }
                        """.formatted(site.uplinkAddress()) + ADVERTISED.formatted("in0", LabNumbers.VM_PREFIX6));
            }
        }
        return files;
    }

    /** Whether the router is a BIRD; else it is an FRR. */
    static boolean isBird(Uplink uplink) {
        return uplink.site() != Site.A || uplink.number() > 0;
    }

    /** The process beside a gateway that tells VMs of their router and their prefix (RFC 4861 §6.2). */
    static String advertiser(Site site) {
        return "advertiser-" + site.id();
    }

    private String core() {
        StringBuilder text = new StringBuilder(birdHead(LabNumbers.CLIENT_GATEWAY, Kind.UPSTREAM));
        for (Site site : sites) {
            for (Uplink uplink : network.uplinks(site)) {
                text.append(birdPeer(
                        "to_" + uplink.process().replace('-', '_'),
                        uplink.coreAddress(),
                        LabNumbers.CORE_AS,
                        uplink.routerCoreAddress(),
                        site.routerAs(),
                        true,
                        "none",
                        uplink.coreAddress6()));
            }
        }
        return text.toString();
    }

    private String birdRouter(Uplink uplink) {
        long routerAs = uplink.site().routerAs();
        return birdHead(uplink.routerAddress(), kind())
                + (network.isRedundant() ? defaults(uplink) : "")
                + birdPeer(
                        "to_core",
                        uplink.routerCoreAddress(),
                        routerAs,
                        uplink.coreAddress(),
                        LabNumbers.CORE_AS,
                        true,
                        "where source = RTS_BGP",
                        uplink.routerCoreAddress6())
                + birdPeer(
                        "to_gateway",
                        uplink.routerAddress(),
                        routerAs,
                        uplink.uplinkAddress(),
                        LabNumbers.GATEWAY_AS,
                        network.isRedundant(),
                        network.isRedundant() ? "where source = RTS_STATIC" : "none",
                        uplink.routerAddress6())
                + (network.isDual() && kind() == Kind.FIRST_HOP
                        ? ADVERTISED.formatted("vm0", LabNumbers.VM_PREFIX6)
                        : "");
    }

    /** What a gateway with two routers learns of each. */
    private String defaults(Uplink uplink) {
        String default4 = "protocol static { ipv4; route 0.0.0.0/0 via %s; }\n".formatted(uplink.coreAddress());
        return network.isDual()
                ? default4 + "protocol static { ipv6; route ::/0 via %s; }\n".formatted(uplink.coreAddress6())
                : default4;
    }

    private String birdHead(String routerId, Kind kind) {
        return """
                log stderr all;
                router id %s;
                protocol device { scan time 10; }
                protocol direct { ipv4; %s %s }
                %s
                protocol bfd { interface "*" { min rx interval %d ms; min tx interval %d ms; multiplier %d; }; }
                """.formatted(
                        routerId,
                        network.isDual() ? "ipv6;" : "",
                        kind.direct,
                        birdKernel("ipv4", kind) + (network.isDual() ? birdKernel("ipv6", kind) : ""),
                        BFD_MILLIS,
                        BFD_MILLIS,
                        BFD_MULTIPLIER);
    }

    private String birdKernel(String family, Kind kind) {
        return "protocol kernel { %s %s { import none; export where source = RTS_BGP %s; }; }\n"
                .formatted(network.isRedundant() ? "merge paths on;" : "", family, kind.kernel);
    }

    private String birdPeer(
            String name,
            String local,
            long localAs,
            String remote,
            long remoteAs,
            boolean bfd,
            String export,
            String local6) {
        String ipv6 = "  ipv6 { import all; export %s; next hop address %s; };\n".formatted(export, local6);
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
                %s}
                """.formatted(
                        name,
                        local,
                        localAs,
                        remote,
                        remoteAs,
                        bfd ? "on" : "off",
                        HOLD_SECONDS,
                        export,
                        network.isDual() ? ipv6 : "");
    }

    private String frrZebra() {
        StringBuilder text = new StringBuilder("frr version 8.4\nhostname router-a\nlog stdout informational\n");
        if (kind() == Kind.FIRST_HOP) {
            text.append(frrFirstHop("ip", LabNumbers.VM_PREFIX));
            if (network.isDual()) {
                text.append(frrFirstHop("ipv6", LabNumbers.VM_PREFIX6));
                text.append("""
                        interface vm0
                         no ipv6 nd suppress-ra
                         ipv6 nd ra-interval 3
                         ipv6 nd prefix %s
                        """.formatted(LabNumbers.VM_PREFIX6));
            }
        }
        return text.toString();
    }

    private static String frrFirstHop(String family, String prefix) {
        return """
                %1$s prefix-list vms-%1$s seq 5 permit %2$s le %3$s
                route-map learnt-%1$s deny 10
                 match %1$s address prefix-list vms-%1$s
                route-map learnt-%1$s permit 20
                %1$s protocol bgp route-map learnt-%1$s
                """.formatted(family, prefix, family.equals("ip") ? "32" : "128");
    }

    private String frrBfd(Site site) {
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
                %s""".formatted(
                        site.id(),
                        BFD_MILLIS,
                        BFD_MILLIS,
                        BFD_MULTIPLIER,
                        site.coreAddress(),
                        network.isRedundant() ? " peer " + site.uplinkAddress() + "\n  profile lab\n" : "");
    }

    private String frrBgp(Site site) {
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
                                LabNumbers.GATEWAY_AS)
                + (network.isRedundant() ? """
                         neighbor %1$s bfd
                         address-family ipv4 unicast
                          neighbor %1$s default-originate
                         exit-address-family
                        """.formatted(site.uplinkAddress()) : "")
                + (network.isDual() ? frrIpv6(site) : "");
    }

    private String frrIpv6(Site site) {
        return """
                 address-family ipv6 unicast
                  neighbor %1$s activate
                  neighbor %2$s activate
                %3$s exit-address-family
                """.formatted(
                        site.coreAddress(),
                        site.uplinkAddress(),
                        network.isRedundant() ? "  neighbor " + site.uplinkAddress() + " default-originate\n" : "");
    }
}
