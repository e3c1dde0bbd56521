package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** Neighbours who are known by the interface alone: sessions between link-local addresses carry IPv4 and IPv6 (RFC 8950). */
@Tag("lab")
@Timeout(180)
class UnnumberedLabTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");
    private static final Nlri THEIRS = Nlri.of(Prefix.parse("198.51.100.0/24"));
    private static final InetAddress ANY = Prefix.parseAddress("::");
    private static final NeighborOptions ON_ETH0 = NeighborOptions.DEFAULT
            .withDevice("eth0")
            .withOffer(NeighborOptions.DEFAULT.offer().withExtendedNextHops(Set.of(AddressFamily.IPV4_UNICAST)));

    private static final int PATIENCE_SECONDS = 60;
    private static final BfdSettings BFD = new BfdSettings(100_000, 100_000, 10);

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "/usr/bin/vtysh");
        for (String version : List.of("-4", "-6")) {
            lab.query("ip", version, "addr", "flush", "dev", "eth0", "scope", "global");
            lab.ourQuery("ip", version, "addr", "flush", "dev", "eth0", "scope", "global");
        }
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private static SpeakerSettings speaker(List<NeighborSettings> neighbors, List<NeighborRange> ranges) {
        return new SpeakerSettings(PeerLab.LOCAL_AS, (Inet4Address) PeerLab.SELF, neighbors)
                .withRanges(ranges)
                .withListen(List.of(new InetSocketAddress(ANY, SpeakerSettings.BGP_PORT)));
    }

    /** Whoever is at the other end of the interface. */
    private static NeighborRange atEth0(NeighborOptions options) {
        return NeighborRange.of(Prefix.parse("fe80::/10"), PeerLab.PEER_AS, 1)
                .withTemplate(NeighborSettings.of(Prefix.parseAddress("fe80::"), PeerLab.PEER_AS)
                        .withPassive(true)
                        .withOptions(options));
    }

    private static Map<Prefix, RouteAttributes> routes() {
        return Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN);
    }

    private void awaitTheirs() throws Exception {
        lab.heard.await("their route", 60, () -> lab.heard.routes().containsKey(THEIRS));
        Optional<InetAddress> hop = lab.heard.routes().get(THEIRS).nextHop();
        assertTrue(hop.orElseThrow() instanceof Inet6Address address && address.isLinkLocalAddress(), hop.toString());
    }

    /** FRR finds us by router advertisements, which a zebra beside us sends, and connects. */
    @Test
    void frrKnowsUsByItsInterfaceAndWeItByOurs() throws Exception {
        Files.createDirectories(lab.directory.resolve("vty"));
        Files.createDirectories(lab.directory.resolve("ours"));
        lab.file("zebra.conf", "hostname zebra\n");
        lab.file("ours/zebra.conf", "interface eth0\n no ipv6 nd suppress-ra\n ipv6 nd ra-interval 1\n");
        lab.file("bgpd.conf", """
                hostname bgpd
                log file %s/bgpd.log informational
                router bgp 65001
                 bgp router-id 10.7.0.2
                 no bgp ebgp-requires-policy
                 no bgp network import-check
                 neighbor eth0 interface remote-as external
                 neighbor eth0 timers 3 9
                 neighbor eth0 timers connect 1
                 address-family ipv4 unicast
                  network 198.51.100.0/24
                 exit-address-family
                 address-family ipv6 unicast
                  neighbor eth0 activate
                 exit-address-family
                """.formatted(lab.directory));
        lab.giveTo("frr");
        String home = lab.directory.resolve("ours").toString();
        lab.startOurs(
                "advertiser",
                List.of(
                        "/usr/lib/frr/zebra",
                        "-f",
                        home + "/zebra.conf",
                        "-i",
                        home + "/zebra.pid",
                        "-z",
                        home + "/zserv.api",
                        "--vty_socket",
                        home));
        lab.startFrr("zebra");
        lab.startFrr("bgpd", "-A", "127.0.0.1");
        try (BgpSpeaker speaker = lab.speaker(speaker(List.of(), List.of(atEth0(ON_ETH0))))) {
            speaker.advertise(routes());
            awaitTheirs();
            for (String asked : List.of("ipv4 unicast " + PREFIX, "ipv6 unicast " + PREFIX6)) {
                lab.await(
                        asked,
                        60,
                        () -> lab.vtysh("show bgp " + asked),
                        text -> text.contains("65100") && text.contains("fe80::") && text.contains("best"));
            }
        }
    }

    @Test
    void birdConnectsFromALinkLocalAddress() throws Exception {
        String ours = linkLocal(lab.ourQuery("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope", "link"));
        bird("neighbor " + ours + "%eth0 as 65100;");
        try (BgpSpeaker speaker = lab.speaker(speaker(List.of(), List.of(atEth0(ON_ETH0))))) {
            speaker.advertise(routes());
            awaitTheirs();
            awaitAtBird();
        }
    }

    /** The key is that of all link-local addresses; the path is watched while the neighbour is there. */
    @Test
    void aKeyProvesWhoIsAtTheInterfaceAndBfdSaysWhenHeIsGone() throws Exception {
        String ours = linkLocal(lab.ourQuery("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope", "link"));
        Process bird = bird("neighbor " + ours + "%eth0 as 65100; password \"k3y\"; bfd on;");
        NeighborRange plain = atEth0(ON_ETH0.withBfd(BFD));
        NeighborRange range = plain.withTemplate(plain.template().withMd5Password("k3y"));
        try (BgpSpeaker speaker = lab.speaker(speaker(List.of(), List.of(range)))) {
            speaker.advertise(routes());
            awaitTheirs();
            awaitAtBird();
            lab.heard.await(
                    "BFD is up",
                    PATIENCE_SECONDS,
                    () -> lab.heard.log().toString().contains("bfd up"));
            PeerLab.run("kill", "-STOP", String.valueOf(bird.pid()));
            lab.heard.await(
                    "down by BFD",
                    PATIENCE_SECONDS,
                    () -> lab.heard.log().toString().contains("BFD: "));
            PeerLab.run("kill", "-CONT", String.valueOf(bird.pid()));
            lab.heard.await("up again", PATIENCE_SECONDS, () -> lab.heard.established() >= 2);
        }
    }

    @Test
    void weConnectToALinkLocalAddressByOurInterface() throws Exception {
        String ours = linkLocal(lab.ourQuery("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope", "link"));
        String theirs = linkLocal(lab.query("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope", "link"));
        bird("passive on; neighbor " + ours + "%eth0 as 65100;");
        NeighborSettings neighbor = NeighborSettings.of(Prefix.parseAddress(theirs), PeerLab.PEER_AS)
                .withOptions(ON_ETH0);
        try (BgpSpeaker speaker = lab.speaker(speaker(List.of(neighbor), List.of()))) {
            speaker.advertise(routes());
            awaitTheirs();
            awaitAtBird();
            assertEquals(1, speaker.status().get().size());
        }
    }

    /** The same link-local address may be somebody else's at another interface. */
    @Test
    void whoComesByAnotherInterfaceIsAStranger() throws Exception {
        String ours = linkLocal(lab.ourQuery("ip", "-6", "-br", "addr", "show", "dev", "eth0", "scope", "link"));
        NeighborOptions elsewhere = ON_ETH0.withDevice("lo");
        try (BgpSpeaker speaker = lab.speaker(speaker(List.of(), List.of(atEth0(elsewhere))))) {
            bird("neighbor " + ours + "%eth0 as 65100;");
            lab.await(
                    "refused",
                    30,
                    () -> lab.query(
                            "birdc", "-s", lab.directory.resolve("bird.ctl").toString(), "show protocols all edge"),
                    text -> text.contains("Last error:") && text.contains("Connection"));
            assertEquals(0, lab.heard.established());
            assertEquals(0, speaker.status().get().size());
        }
    }

    private static String linkLocal(String addresses) {
        for (String word : addresses.split("\\s+", -1)) {
            if (word.startsWith("fe80::")) {
                return word.substring(0, word.indexOf('/'));
            }
        }
        throw new AssertionError("no link-local address in " + addresses);
    }

    private Process bird(String neighbor) throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol bfd { interface "eth0" { interval 100 ms; multiplier 10; }; }
                protocol static { ipv4; route 198.51.100.0/24 blackhole; }
                protocol bgp edge {
                  local as 65001; %s hold time 9; connect retry time 1; connect delay time 1; error wait time 1, 2;
                  ipv4 { import all; export all; extended next hop on; };
                  ipv6 { import all; export all; };
                }
                """.formatted(neighbor));
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
        return bird;
    }

    private void awaitAtBird() throws Exception {
        for (Prefix prefix : List.of(PREFIX, PREFIX6)) {
            lab.await(
                    prefix.toString(),
                    30,
                    () -> lab.query(
                            "birdc",
                            "-s",
                            lab.directory.resolve("bird.ctl").toString(),
                            "show route all for " + prefix),
                    text -> text.contains("BGP.as_path: 65100") && text.contains("fe80::"));
        }
    }
}
