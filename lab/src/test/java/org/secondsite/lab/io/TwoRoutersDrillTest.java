package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;

/**
 * Each site has two routers, and traffic of IPv4 and IPv6 goes by both. One of the owner's dies as machines do: it forwards nothing, answers nothing, and its
 * cables stay in. No connection breaks and nothing fails over; then the site dies.
 */
@Tag("lab")
@Timeout(300)
class TwoRoutersDrillTest {
    private static final int PATIENCE_SECONDS = 30;
    private static final List<String> FAMILIES = List.of("-4", "-6");

    @Test
    void theDeathOfARouterIsNoFailoverAndThatOfTheSiteIsOne() throws IOException {
        try (JudgedLab drill = JudgedLab.up(
                "two-routers",
                options -> options.withNetwork(Network.USUAL.withRouters(2).withFamilies(Network.Families.DUAL)))) {
            String gateway = Topology.gateway(drill.lab().name(), Site.A);
            String core = Topology.core(drill.lab().name());
            long term = drill.site(Site.A).term();
            for (String family : FAMILIES) {
                Waiting.until("both ways out", PATIENCE_SECONDS, () -> hops(gateway, family, "default") == 2);
                Waiting.until("both ways in", PATIENCE_SECONDS, () -> hops(core, family, prefix(family)) == 2);
            }
            // Each connection its own way: the same two addresses have all.
            for (String namespace : List.of(gateway, core)) {
                for (String version : List.of("ipv4", "ipv6")) {
                    inside(namespace, "sysctl", "-qw", "net." + version + ".fib_multipath_hash_policy=1");
                }
            }
            drill.run(1_000);
            String router = Topology.secondRouter(drill.lab().name(), Site.A);
            long forwarded = forwarded(router);
            Waiting.until(
                    "traffic by the router that dies", PATIENCE_SECONDS, () -> forwarded(router) > forwarded + 20);

            inside(router, "nft", "add", "table", "inet", "dead");
            for (String hook : List.of("input", "forward", "output")) {
                inside(
                        router,
                        "nft",
                        "add chain inet dead " + hook + " { type filter hook " + hook
                                + " priority -300; policy drop; }");
            }
            drill.lab().kill("router-a2");
            drill.requireServiceOnEveryConnection();
            drill.requireUnchanged(Site.A, term);
            for (String family : FAMILIES) {
                assertEquals(1, hops(gateway, family, "default"), "the way by the dead router is gone");
                assertEquals(1, hops(core, family, prefix(family)), "and so is the way in");
            }

            System.out.println(SiteKill.kill(drill.lab(), Site.A, drill.client()));
            drill.requireServiceOnEveryConnection();
            drill.judge(1);
        }
    }

    private static String prefix(String family) {
        return family.equals("-4") ? LabNumbers.VM_PREFIX : LabNumbers.VM_PREFIX6;
    }

    private static int hops(String namespace, String family, String destination) throws IOException {
        String shown = Commands.run("ip", "-n", namespace, family, "route", "show", destination, "proto", "83")
                + Commands.run("ip", "-n", namespace, family, "route", "show", destination, "proto", "bird");
        return shown.split("via", -1).length - 1;
    }

    /** Packets that the router has forwarded. */
    private static long forwarded(String router) throws IOException {
        String[] lines = inside(router, "cat", "/proc/net/snmp").split("\n", -1);
        List<String> names = List.of(lines[0].split(" ", -1));
        return Long.parseLong(lines[1].split(" ", -1)[names.indexOf("ForwDatagrams")]);
    }

    private static String inside(String namespace, String... command) throws IOException {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        all.addAll(List.of(command));
        return Commands.run(all.toArray(String[]::new));
    }
}
