package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;

/** Sessions to a real BIRD. */
@Tag("lab")
@Timeout(240)
class BirdLabTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix HALF = Prefix.parse("203.0.113.0/25");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");
    private static final String PASSIVE = "passive on;";

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private Process bird(String options, String... more) throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol static { ipv4; route 198.51.100.0/24 blackhole { bgp_community.add((65001,7)); bgp_large_community.add((65001,8,9)); }; }
                protocol static more { disabled; ipv4; route 192.0.2.0/24 blackhole; }
                protocol static { ipv6; route 2001:db8:100::/48 blackhole; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100;
                  hold time 30; connect retry time 1; connect delay time 1; error wait time 1, 2;
                  %s
                  ipv4 { import all; export all; };
                  ipv6 { import all; export all; next hop address fd00:7::2; };
                }
                """.formatted(options));
        Files.deleteIfExists(lab.directory.resolve("bird.ctl"));
        List<String> command = new ArrayList<>(List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"));
        command.addAll(List.of(more));
        return lab.awaitFile(lab.start("bird", command, Map.of()), "bird.ctl");
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    private void awaitRoute(Prefix prefix, String path) throws Exception {
        lab.await(prefix + " by " + path, 15, () -> birdc("show route all for " + prefix), text -> text.lines()
                .anyMatch(line -> line.strip().equals("BGP.as_path: " + path)));
    }

    private void awaitNoRoute(Prefix prefix) throws Exception {
        lab.await(
                "no " + prefix, 15, () -> birdc("show route all for " + prefix), text -> !text.contains("BGP.as_path"));
    }

    @Test
    void standbyRouteIsSeenPrependedThenPromotedThenWithdrawn() throws Exception {
        bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(3)));
            awaitRoute(PREFIX, "65100 65100 65100 65100");

            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN, HALF, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
            awaitRoute(HALF, "65100");
            assertTrue(birdc("show route all for " + PREFIX).contains("BGP.next_hop: 10.7.0.1"));

            speaker.advertise(Map.of());
            awaitNoRoute(PREFIX);
            awaitNoRoute(HALF);
            assertEquals(1, lab.heard.established());
        }
    }

    @Test
    void attributesArriveAsSent() throws Exception {
        bird(PASSIVE);
        RouteAttributes route = RouteAttributes.PLAIN
                .withMed(77)
                .withCommunities(List.of(65100L << 16 | 5, RouteAttributes.GRACEFUL_SHUTDOWN))
                .withOthers(List.of(
                        new PathAttribute.LargeCommunities(List.of(new LargeCommunity(65100, 1, 2))),
                        new PathAttribute.ExtendedCommunities(List.of(0x0002_fe4c_0000_0009L)),
                        new PathAttribute.Origin(PathAttribute.Origin.Source.INCOMPLETE),
                        AsPath.sequence(List.of(4_200_000_001L))));
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, route, PREFIX6, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100 4200000001");
            String text = birdc("show route all for " + PREFIX);
            for (String line : List.of(
                    "BGP.origin: Incomplete",
                    "BGP.med: 77",
                    "BGP.community: (65100,5) (65535,0)",
                    "BGP.large_community: (65100, 1, 2)",
                    "BGP.ext_community: (rt, 65100, 9)")) {
                assertTrue(text.contains(line), line + " in\n" + text);
            }
            awaitRoute(PREFIX6, "65100");
            assertTrue(birdc("show route all for " + PREFIX6).contains("BGP.next_hop: fd00:7::1"));
        }
    }

    @Test
    void routesOfThePeerAreReceivedInBothFamilies() throws Exception {
        bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            lab.heard.await("two routes", 15, () -> lab.heard.routes().size() == 2);
            var route = lab.heard.routes().get(Nlri.of(Prefix.parse("198.51.100.0/24")));
            assertEquals(Optional.of(PeerLab.PEER), route.nextHop());
            assertEquals(
                    List.of(65001L << 16 | 7),
                    route.attributes()
                            .get(PathAttribute.Communities.class)
                            .orElseThrow()
                            .values());
            assertEquals(
                    List.of(new LargeCommunity(65001, 8, 9)),
                    route.attributes()
                            .get(PathAttribute.LargeCommunities.class)
                            .orElseThrow()
                            .values());
            assertEquals(
                    PeerLab.PEER6,
                    lab.heard
                            .routes()
                            .get(Nlri.of(Prefix.parse("2001:db8:100::/48")))
                            .nextHop()
                            .orElseThrow());
            assertEquals(2, speaker.receivedRoutes(PeerLab.PEER).get().size());
        }
    }

    @Test
    void killedPeerGetsEverythingAgainAfterItsRestart() throws Exception {
        Process first = bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(2)));
            awaitRoute(PREFIX, "65100 65100 65100");
            PeerLab.signal(first, "KILL");
            lab.heard.await("down", 5, () -> lab.heard.downs() == 1);
            bird(PASSIVE);
            awaitRoute(PREFIX, "65100 65100 65100");
            assertEquals(2, lab.heard.established());
        }
    }

    /** RFC 4724: BIRD is killed and comes back with one route less; what it had stays meanwhile. */
    @Test
    void routesOfARestartingBirdStayUntilItsEndOfRib() throws Exception {
        String restarting = PASSIVE + " graceful restart on; graceful restart time 60;";
        Process first = bird(restarting);
        birdc("enable more");
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withOffer(n.options().offer().withRestartHelp())))) {
            lab.heard.await("three routes", 30, () -> lab.heard.routes().size() == 3);
            PeerLab.signal(first, "KILL");
            lab.heard.await("down", 30, () -> lab.heard.downs() == 1);
            assertTrue(lab.heard.log().contains("kept"), "its routes are kept");
            assertEquals(3, speaker.receivedRoutes(PeerLab.PEER).get().size());
            bird(restarting, "-R");
            lab.heard.await("back", 30, () -> lab.heard.established() == 2);
            lab.await(
                    "what it has now",
                    30,
                    () -> String.valueOf(
                            speaker.receivedRoutes(PeerLab.PEER).get().size()),
                    "2"::equals);
        }
    }

    @Test
    void silentPeerIsGivenUpWhenTheHoldTimeIsOver() throws Exception {
        Process bird = bird("hold time 3; " + PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
            long stopped = System.nanoTime();
            PeerLab.signal(bird, "STOP");
            lab.heard.await("down", 6, () -> lab.heard.downs() == 1);
            double seconds = (System.nanoTime() - stopped) / 1e9;
            PeerLab.signal(bird, "CONT");
            assertTrue(seconds > 1.5 && seconds < 10, seconds + " s");
            assertEquals("Hold Timer Expired", lab.heard.lastDown());
            lab.heard.await("up again", 20, () -> lab.heard.established() == 2);
            awaitRoute(PREFIX, "65100");
        }
    }

    @Test
    void md5WorksWhenWeConnect() throws Exception {
        bird(PASSIVE + " password \"s3cret\";");
        try (BgpSpeaker speaker = lab.speaker(n -> PeerLab.withPassword(n, false, "s3cret"))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
        }
    }

    @Test
    void md5WorksWhenThePeerConnects() throws Exception {
        bird("password \"s3cret\";");
        try (BgpSpeaker speaker = lab.speaker(n -> PeerLab.withPassword(n, true, "s3cret"))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
        }
    }

    @Test
    void wrongMd5PasswordMeansNoSession() throws Exception {
        bird("password \"other\";");
        try (BgpSpeaker speaker = lab.speaker(n -> PeerLab.withPassword(n, false, "s3cret"))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            Thread.sleep(4000);
            assertEquals(0, lab.heard.established());
            assertFalse(birdc("show protocols edge").contains("Established"));
        }
    }

    @Test
    void bothSidesConnectingEndInOneSession() throws Exception {
        bird("");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
            assertEquals(1, lab.heard.established() - lab.heard.downs());
        }
    }

    @Test
    void routeRefreshIsAnswered() throws Exception {
        bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
            int updates = lab.heard.updates();
            birdc("reload in edge");
            lab.heard.await("sent again", 10, () -> lab.heard.updates() > updates);
            awaitRoute(PREFIX, "65100");
            assertEquals(0, lab.heard.downs());
        }
    }

    @Test
    void ttlSecurityWorksAndRefusesFarPeers() throws Exception {
        bird("ttl security on; " + PASSIVE);
        try (BgpSpeaker speaker = lab.speaker(n -> n.withOptions(n.options().withTtlSecurityHops(1)))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
        }
        lab.heard.await("down", 5, () -> lab.heard.downs() == 1);
        // Without the option our packets leave with a TTL of 64, and BIRD drops them.
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            Thread.sleep(2500);
            // What we sent before BIRD took the connection may have slipped in, but never a whole handshake.
            assertFalse(birdc("show protocols edge").contains("Established"));
            awaitNoRoute(PREFIX);
        }
    }

    @Test
    void tooManyPrefixesEndTheSessionUntilItIsEnabled() throws Exception {
        bird(""); // not passive: it goes on to connect
        PrefixLimit limit = new PrefixLimit(1, PrefixLimit.Action.DOWN);
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withPrefixLimits(Map.of(AddressFamily.IPV4_UNICAST, limit))))) {
            lab.heard.await("two routes", 15, () -> lab.heard.routes().size() == 2);
            birdc("enable more");
            lab.heard.await("down", 15, () -> lab.heard.downs() == 1);
            lab.await(
                    "BIRD knows why",
                    5,
                    () -> birdc("show protocols all edge"),
                    text -> text.contains("Maximum number of prefixes reached"));
            // BIRD tries again after one to two seconds, and is refused for as long as nobody says otherwise.
            lab.await(
                    "BIRD is refused",
                    10,
                    () -> birdc("show protocols all edge"),
                    text -> text.contains("Connection rejected"));
            assertEquals(1, lab.heard.established());
            speaker.enable(PeerLab.PEER);
            lab.heard.await("down again", 15, () -> lab.heard.downs() == 2);
            assertEquals(2, lab.heard.established());
        }
    }

    @Test
    void shutdownCommunicationIsReadByThePeer() throws Exception {
        bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            lab.heard.await("established", 15, () -> lab.heard.established() == 1);
            speaker.close("drill at noon");
            lab.await("text", 5, () -> birdc("show protocols all edge"), text -> text.contains("drill at noon"));
        }
    }

    @Test
    void gracefulShutdownIsAnnouncedAndTakenBack() throws Exception {
        bird(PASSIVE);
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute(PREFIX, "65100");
            speaker.retire(true);
            lab.await("marked", 10, () -> birdc("show route all for " + PREFIX), text -> text.contains("(65535,0)"));
            assertFalse(birdc("show route all for " + PREFIX).contains("local_pref: 0"));
            speaker.retire(false);
            lab.await("unmarked", 10, () -> birdc("show route all for " + PREFIX), text -> !text.contains("(65535,0)"));
            assertEquals(1, lab.heard.established());
        }
    }

    @Test
    void sessionOverIpv6WithMd5AndTtlSecurityThatThePeerOpens() throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol bgp edge {
                  local fd00:7::2 as 65001; neighbor fd00:7::1 as 65100; password "s3cret"; ttl security on;
                  connect delay time 1; connect retry time 1; error wait time 1, 2;
                  ipv4 { import all; export all; };
                  ipv6 { import all; export all; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
        try (BgpSpeaker speaker = lab.speaker(n -> new NeighborSettings(
                PeerLab.PEER6,
                179,
                PeerLab.SELF6,
                PeerLab.PEER_AS,
                PeerLab.HOLD_SECONDS,
                true,
                Optional.of("s3cret"),
                NeighborOptions.DEFAULT.withOtherSelf(PeerLab.SELF).withTtlSecurityHops(1)))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN.withPrepend(1)));
            awaitRoute(PREFIX6, "65100 65100");
            awaitRoute(PREFIX, "65100");
        }
    }

    @Test
    void severalPathsToAPrefixCrossInBothDirections() throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol static { ipv4; route 198.51.100.0/24 blackhole { bgp_med = 1; }; }
                protocol static { ipv4 { preference 150; }; route 198.51.100.0/24 unreachable { bgp_med = 2; }; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; passive on;
                  ipv4 { import all; export all; add paths on; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
        Set<AddressFamily> ipv4 = Set.of(AddressFamily.IPV4_UNICAST);
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withOffer(n.options().offer().withAddPath(ipv4, ipv4))))) {
            speaker.announce(
                            PeerLab.PEER,
                            Map.of(
                                    new Nlri.Unicast(1, PREFIX), RouteAttributes.PLAIN.withMed(11),
                                    new Nlri.Unicast(2, PREFIX), RouteAttributes.PLAIN.withMed(12)))
                    .get();
            lab.await(
                    "both of ours",
                    20,
                    () -> birdc("show route all for " + PREFIX),
                    text -> text.contains("BGP.med: 11") && text.contains("BGP.med: 12"));
            speaker.withdraw(PeerLab.PEER, List.of(new Nlri.Unicast(1, PREFIX))).get();
            lab.await(
                    "the other one",
                    20,
                    () -> birdc("show route all for " + PREFIX),
                    text -> !text.contains("BGP.med: 11") && text.contains("BGP.med: 12"));
            lab.heard.await("two paths", 15, () -> lab.heard.routes().size() == 2);
            assertEquals(
                    1,
                    lab.heard.routes().keySet().stream()
                            .map(nlri -> ((Nlri.Unicast) nlri).prefix())
                            .distinct()
                            .count());
            birdc("disable static1");
            lab.heard.await("one path", 10, () -> lab.heard.routes().size() == 1);
        }
    }
}
