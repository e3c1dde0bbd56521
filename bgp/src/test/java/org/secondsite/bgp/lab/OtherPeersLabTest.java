package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;

/** Sessions to a real GoBGP and a real ExaBGP, and how long a hundred thousand prefixes take. */
@Tag("lab")
@Timeout(240)
class OtherPeersLabTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");
    private static final int MANY = 100_000;
    private static final Map<String, String> EXABGP = Map.of(
            "exabgp.daemon.drop", "false",
            "exabgp.api.cli", "false",
            "exabgp.log.level", "ERR",
            "exabgp.log.destination", "stdout");

    private PeerLab lab;

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    @Test
    void gobgpSeesBothFamiliesAndAnswersWithItsOwn() throws Exception {
        lab = PeerLab.open("/usr/bin/gobgpd", "/usr/bin/gobgp");
        lab.startGobgp("ipv4-unicast", "ipv6-unicast");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(2), PREFIX6, RouteAttributes.PLAIN));
            lab.await(
                    "IPv4",
                    20,
                    () -> lab.query("gobgp", "global", "rib"),
                    text -> text.contains("203.0.113.0/24") && text.contains("65100 65100 65100"));
            lab.await(
                    "IPv6",
                    10,
                    () -> lab.query("gobgp", "global", "rib", "-a", "ipv6"),
                    text -> text.contains("2001:db8:113::/48") && text.contains("fd00:7::1"));
            lab.query("gobgp", "global", "rib", "add", "198.51.100.0/24", "aspath", "65009", "community", "65001:5");
            Nlri theirs = Nlri.of(Prefix.parse("198.51.100.0/24"));
            lab.heard.await("theirs", 10, () -> lab.heard.routes().containsKey(theirs));
            assertEquals(
                    List.of(65001L << 16 | 5),
                    lab.heard
                            .routes()
                            .get(theirs)
                            .attributes()
                            .get(PathAttribute.Communities.class)
                            .orElseThrow()
                            .values());
            lab.query("gobgp", "global", "rib", "del", "198.51.100.0/24");
            lab.heard.await("gone", 10, () -> !lab.heard.routes().containsKey(theirs));
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            lab.await("promoted", 10, () -> lab.query("gobgp", "global", "rib"), text -> !text.contains("65100 65100"));
        }
    }

    @Test
    void exabgpHearsUsAndWeHearItsOddities() throws Exception {
        lab = PeerLab.open("/usr/sbin/exabgp");
        lab.file("record.sh", "#!/bin/sh\ncat > " + lab.directory + "/events\n");
        lab.file("exabgp.conf", """
                process record { run /bin/sh %s/record.sh; encoder json; }
                neighbor 10.7.0.1 { router-id 10.7.0.2; local-address 10.7.0.2; local-as 65001; peer-as 65100;
                  hold-time 30; family { ipv4 unicast; ipv6 unicast; }
                  api { processes [ record ]; neighbor-changes; receive { parsed; update; } }
                  static {
                    route 192.0.2.0/24 next-hop 10.7.0.2 as-path [ 65001 [ 65010 65011 ] ] attribute [0x63 0xc0 0x0102];
                    route 192.0.3.0/24 next-hop 10.7.0.2 as-path [ 65001 65100 ];
                  } }
                """.formatted(lab.directory));
        lab.start("exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
        // ExaBGP still sends AS sets, which are not taken unless asked for (RFC 9774).
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withOffer(n.options().offer().withAsSets(true))))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(1), PREFIX6, RouteAttributes.PLAIN));
            lab.await(
                    "ExaBGP's events",
                    30,
                    () -> Files.exists(lab.directory.resolve("events"))
                            ? Files.readString(lab.directory.resolve("events"))
                            : "",
                    text -> text.contains("\"as-path\": [ 65100, 65100 ]") && text.contains("2001:db8:113::/48"));
            lab.heard.await(
                    "its route", 10, () -> lab.heard.routes().containsKey(Nlri.of(Prefix.parse("192.0.2.0/24"))));
            assertEquals(1, lab.heard.routes().size(), "the one with our AS in its path is a loop");
        }
    }

    /** RFC 8950, and its reverse by the same capability. */
    @Test
    void exabgpAndWeTakeNextHopsOfTheOtherIpVersion() throws Exception {
        lab = PeerLab.open("/usr/sbin/exabgp");
        lab.file("record.sh", "#!/bin/sh\ncat > " + lab.directory + "/events\n");
        lab.file("exabgp.conf", """
                process record { run /bin/sh %s/record.sh; encoder json; }
                neighbor 10.7.0.1 { router-id 10.7.0.2; local-address 10.7.0.2; local-as 65001; peer-as 65100;
                  hold-time 30; family { ipv4 unicast; ipv6 unicast; }
                  capability { nexthop; } nexthop { ipv4 unicast ipv6; ipv6 unicast ipv4; }
                  api { processes [ record ]; receive { parsed; update; } }
                  static { route 192.0.2.0/24 next-hop fd00:7::2; route 2001:db8:51::/48 next-hop 10.7.0.2; } }
                """.formatted(lab.directory));
        lab.start("exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
        Set<AddressFamily> both = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withOffer(n.options().offer().withExtendedNextHops(both))))) {
            speaker.advertise(Map.of(
                    PREFIX, RouteAttributes.PLAIN.withNextHop(PeerLab.SELF6),
                    PREFIX6, RouteAttributes.PLAIN.withNextHop(PeerLab.SELF)));
            lab.await(
                    "ExaBGP's events",
                    30,
                    () -> Files.exists(lab.directory.resolve("events"))
                            ? Files.readString(lab.directory.resolve("events")).replace(" ", "")
                            : "",
                    text -> text.contains("\"fd00:7::1\":[{\"nlri\":\"203.0.113.0/24\"}]")
                            && text.contains("\"10.7.0.1\":[{\"nlri\":\"2001:db8:113::/48\"}]"));
            Nlri four = Nlri.of(Prefix.parse("192.0.2.0/24"));
            Nlri six = Nlri.of(Prefix.parse("2001:db8:51::/48"));
            lab.heard.await("its routes", 20, () -> lab.heard.routes().keySet().containsAll(Set.of(four, six)));
            assertEquals(
                    Optional.of(PeerLab.PEER6), lab.heard.routes().get(four).nextHop());
            assertEquals(Optional.of(PeerLab.PEER), lab.heard.routes().get(six).nextHop());
        }
    }

    private static Prefix nth(int i) {
        return Prefix.parse((20 + (i >> 16)) + "." + ((i >> 8) & 0xff) + "." + (i & 0xff) + ".0/24");
    }

    private void bird() throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; passive on; ipv4 { import all; export none; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
    }

    private void awaitCount(int count) throws Exception {
        String wanted = count + " of " + count + " routes";
        lab.await(
                wanted,
                60,
                () -> lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), "show route count"),
                text -> text.contains(wanted));
    }

    @Test
    void hundredThousandPrefixesReachBirdAndLeaveIt() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc");
        bird();
        Map<Prefix, RouteAttributes> many = new HashMap<>();
        for (int i = 0; i < MANY; i++) {
            many.put(nth(i), RouteAttributes.PLAIN);
        }
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(many);
            lab.heard.await("established", 20, () -> lab.heard.established() == 1);
            long begin = System.nanoTime();
            awaitCount(MANY);
            long firstMs = (System.nanoTime() - begin) / 1_000_000;
            assertTrue(lab.heard.updates() <= 110, lab.heard.updates() + " messages");

            // Promotion of everything: all change their path at once.
            Map<Prefix, RouteAttributes> promoted = new HashMap<>();
            many.keySet().forEach(prefix -> promoted.put(prefix, RouteAttributes.PLAIN.withMed(1)));
            begin = System.nanoTime();
            speaker.advertise(promoted);
            lab.await(
                    "all are sent",
                    60,
                    () -> String.valueOf(speaker.status().get().getFirst().pendingPrefixes()),
                    "0"::equals);
            long promotedMs = (System.nanoTime() - begin) / 1_000_000;
            begin = System.nanoTime();
            speaker.advertise(Map.of());
            awaitCount(0);
            long withdrawnMs = (System.nanoTime() - begin) / 1_000_000;
            System.out.println("100k prefixes to BIRD: first table " + firstMs + " ms, changed " + promotedMs
                    + " ms, withdrawn " + withdrawnMs + " ms, " + lab.heard.updates() + " messages in all");
        }
    }

    @Test
    void frozenPeerCostsNoMemoryAndNoMessages() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc");
        bird();
        try (BgpSpeaker speaker = lab.speaker(neighbor -> neighbor.withHoldTimeSeconds(240))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitCount(1);
            Process frozen = lab.lastStarted();
            PeerLab.signal(frozen, "STOP");
            Map<Prefix, RouteAttributes> many = new HashMap<>();
            for (int i = 0; i < MANY; i++) {
                // Ten thousand attribute sets: some 700 KB of messages, more than the socket and the marks take.
                many.put(nth(i), RouteAttributes.PLAIN.withMed(i % 50_000));
            }
            speaker.advertise(many);
            Thread.sleep(1500);
            int stuck = speaker.status().get().getFirst().pendingPrefixes();
            assertTrue(stuck > 0, "nothing waits in the Adj-RIB-Out");
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(1)));
            int pending = speaker.status().get().getFirst().pendingPrefixes();
            PeerLab.signal(frozen, "CONT");
            awaitCount(1);
            assertTrue(pending < MANY - stuck / 2, "what was never sent is not withdrawn either: " + pending);
            assertEquals(1, lab.heard.established());
        }
    }
}
