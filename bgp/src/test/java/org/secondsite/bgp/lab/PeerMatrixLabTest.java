package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.bgp.exabgp.AddressText;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/**
 * Two sessions to each router at a time, one over IPv4 and one over IPv6, one of them with TCP-MD5: a prefix in each direction,
 * every attribute of it by the words of whoever received it.
 */
@Tag("lab")
@Timeout(240)
class PeerMatrixLabTest {
    private static final int PATIENCE_SECONDS = 40;
    private static final Prefix OURS = Prefix.parse("203.0.113.0/24");
    private static final Prefix OURS6 = Prefix.parse("2001:db8:113::/48");
    private static final Prefix THEIRS = Prefix.parse("198.51.100.0/24");
    private static final Prefix THEIRS6 = Prefix.parse("2001:db8:51::/48");
    private static final RouteAttributes ROUTE = RouteAttributes.PLAIN
            .withMed(77)
            .withCommunities(List.of(65100L << 16 | 5))
            .withOthers(List.of(
                    new PathAttribute.LargeCommunities(List.of(new LargeCommunity(65100, 1, 2))),
                    new PathAttribute.ExtendedCommunities(List.of(0x0002_fe4c_0000_0009L)),
                    new PathAttribute.Origin(PathAttribute.Origin.Source.INCOMPLETE),
                    AsPath.sequence(List.of(4_200_000_001L))));
    private static final PathAttributes OF_THEIRS = PathAttributes.of(
            new PathAttribute.Origin(PathAttribute.Origin.Source.IGP),
            AsPath.sequence(List.of(PeerLab.PEER_AS)),
            new PathAttribute.MultiExitDiscriminator(30),
            new PathAttribute.Communities(List.of(65001L << 16 | 7)),
            new PathAttribute.LargeCommunities(List.of(new LargeCommunity(65001, 8, 9))));

    private PeerLab lab;

    /** The keys of the two sessions; empty: none. */
    record Keys(String four, String six) {
        String ifSet(boolean ofFour, String text) {
            String key = ofFour ? four : six;
            return key.isEmpty() ? "" : text.formatted(key);
        }
    }

    /** A router: how it is set up, and the words in which it tells what it received. */
    enum Router {
        BIRD {
            @Override
            void start(PeerLab lab, Keys keys) throws Exception {
                String routes = "protocol static { %s; route %s blackhole { bgp_community.add((65001,7));"
                        + " bgp_large_community.add((65001,8,9)); }; }\n";
                String session =
                        "protocol bgp { local %s as 65001; neighbor %s as 65100; hold time 30; connect delay time 1;"
                                + " connect retry time 1; error wait time 1, 2; %s"
                                + " %s { import all; export filter { bgp_med = 30; accept; }; }; }\n";
                lab.file(
                        "bird.conf",
                        "log \"bird.log\" all; router id 10.7.0.2; protocol device {}\n"
                                + routes.formatted("ipv4", THEIRS)
                                + routes.formatted("ipv6", THEIRS6)
                                + session.formatted(
                                        "10.7.0.2", "10.7.0.1", keys.ifSet(true, "password \"%s\";"), "ipv4")
                                + session.formatted(
                                        "fd00:7::2", "fd00:7::1", keys.ifSet(false, "password \"%s\";"), "ipv6"));
                List<String> command = List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl");
                lab.awaitFile(lab.start("bird", command, Map.of()), "bird.ctl");
            }

            @Override
            String shown(PeerLab lab, Prefix prefix) throws Exception {
                String socket = lab.directory.resolve("bird.ctl").toString();
                return lab.query("birdc", "-s", socket, "show route all for " + prefix);
            }

            @Override
            List<String> words(InetAddress nextHop) {
                return List.of(
                        "BGP.origin: Incomplete",
                        "BGP.as_path: 65100 4200000001",
                        "BGP.next_hop: " + text(nextHop) + "\\b",
                        "BGP.med: 77",
                        "BGP.community: \\(65100,5\\)",
                        "BGP.large_community: \\(65100, 1, 2\\)",
                        "BGP.ext_community: \\(rt, 65100, 9\\)");
            }
        },
        FRR {
            @Override
            void start(PeerLab lab, Keys keys) throws Exception {
                lab.file("zebra.conf", "hostname zebra\n");
                lab.file("bgpd.conf", """
                        router bgp 65001
                         bgp router-id 10.7.0.2
                         no bgp ebgp-requires-policy
                         no bgp network import-check
                         no bgp default ipv4-unicast
                         neighbor 10.7.0.1 remote-as 65100
                         neighbor 10.7.0.1 timers connect 1
                         %s
                         neighbor fd00:7::1 remote-as 65100
                         neighbor fd00:7::1 timers connect 1
                         %s
                         address-family ipv4 unicast
                          network 198.51.100.0/24 route-map SET
                          neighbor 10.7.0.1 activate
                         exit-address-family
                         address-family ipv6 unicast
                          network 2001:db8:51::/48 route-map SET
                          neighbor fd00:7::1 activate
                         exit-address-family
                        route-map SET permit 10
                         set metric 30
                         set community 65001:7
                         set large-community 65001:8:9
                        """.formatted(
                                keys.ifSet(true, "neighbor 10.7.0.1 password %s"),
                                keys.ifSet(false, "neighbor fd00:7::1 password %s")));
                Files.createDirectories(lab.directory.resolve("vty"));
                lab.giveTo("frr");
                lab.startFrr("zebra");
                lab.startFrr("bgpd", "-A", "127.0.0.1");
            }

            @Override
            String shown(PeerLab lab, Prefix prefix) throws Exception {
                String version = prefix.isIpv4() ? "ipv4" : "ipv6";
                return lab.vtysh("show bgp " + version + " unicast " + prefix + " json")
                        .replaceAll("\\s", "");
            }

            @Override
            List<String> words(InetAddress nextHop) {
                return List.of(
                        "\"origin\":\"incomplete\"",
                        "\"aspath\":\\{\"string\":\"651004200000001\"",
                        "\"ip\":\"" + text(nextHop) + "\"",
                        "\"metric\":77",
                        "\"community\":\\{\"string\":\"65100:5\"",
                        "\"largeCommunity\":\\{\"string\":\"65100:1:2\"",
                        "\"extendedCommunity\":\\{\"string\":\"RT:65100:9\"");
            }
        },
        GOBGP {
            @Override
            void start(PeerLab lab, Keys keys) throws Exception {
                String neighbor = """
                        [[neighbors]]
                          [neighbors.config]
                            neighbor-address = "%s"
                            peer-as = 65100
                            %s
                          [neighbors.timers.config]
                            connect-retry = 1
                          [neighbors.transport.config]
                            local-address = "%s"
                          [[neighbors.afi-safis]]
                            [neighbors.afi-safis.config]
                              afi-safi-name = "%s"
                        """;
                lab.startGobgpWith("[global.config]\n  as = 65001\n  router-id = \"10.7.0.2\"\n"
                        + neighbor.formatted(
                                "10.7.0.1", keys.ifSet(true, "auth-password = \"%s\""), "10.7.0.2", "ipv4-unicast")
                        + neighbor.formatted(
                                "fd00:7::1", keys.ifSet(false, "auth-password = \"%s\""), "fd00:7::2", "ipv6-unicast"));
                for (Prefix prefix : List.of(THEIRS, THEIRS6)) {
                    String family = prefix.isIpv4() ? "ipv4" : "ipv6";
                    String add = "gobgp global rib add -a " + family + " " + prefix
                            + " origin igp med 30 community 65001:7 large-community 65001:8:9";
                    assertEquals("", lab.query(add.split(" ", -1)));
                }
            }

            @Override
            String shown(PeerLab lab, Prefix prefix) throws Exception {
                String family = prefix.isIpv4() ? "ipv4" : "ipv6";
                return lab.query("gobgp", "global", "rib", "-a", family, prefix.toString());
            }

            @Override
            List<String> words(InetAddress nextHop) {
                return List.of(
                        "\\{Origin: \\?\\}",
                        "65100 4200000001",
                        " " + text(nextHop) + " ",
                        "\\{Med: 77\\}",
                        "\\{Communities: 65100:5\\}",
                        "\\{LargeCommunity: \\[ 65100:1:2\\]\\}",
                        "\\{Extcomms: \\[65100:9\\]\\}");
            }
        },
        EXABGP {
            @Override
            void start(PeerLab lab, Keys keys) throws Exception {
                lab.file("record.sh", "#!/bin/sh\ncat >> " + lab.directory + "/events\n");
                String neighbor = """
                        neighbor %s { router-id 10.7.0.2; local-address %s; local-as 65001; peer-as 65100; hold-time 30; %s
                          family { %s unicast; }
                          api { processes [ record ]; receive { parsed; update; } }
                          static { route %s next-hop %s med 30 community 65001:7 large-community 65001:8:9; } }
                        """;
                lab.file(
                        "exabgp.conf",
                        "process record { run /bin/sh " + lab.directory + "/record.sh; encoder json; }\n"
                                + neighbor.formatted(
                                        "10.7.0.1",
                                        "10.7.0.2",
                                        keys.ifSet(true, "md5-password '%s';"),
                                        "ipv4",
                                        THEIRS,
                                        "10.7.0.2")
                                + neighbor.formatted(
                                        "fd00:7::1",
                                        "fd00:7::2",
                                        keys.ifSet(false, "md5-password '%s';"),
                                        "ipv6",
                                        THEIRS6,
                                        "fd00:7::2"));
                lab.start(
                        "exabgp",
                        List.of("exabgp", "exabgp.conf"),
                        Map.of(
                                "exabgp.daemon.user", "root",
                                "exabgp.daemon.drop", "false",
                                "exabgp.api.cli", "false",
                                "exabgp.log.level", "ERR",
                                "exabgp.log.destination", "stdout"));
            }

            @Override
            String shown(PeerLab lab, Prefix prefix) throws IOException {
                if (!Files.exists(lab.directory.resolve("events"))) {
                    return "";
                }
                String address = text(prefix.address()) + "/" + prefix.length();
                return Files.readString(lab.directory.resolve("events"))
                        .lines()
                        .filter(line -> line.contains("\"announce\"") && line.contains("\"" + address + "\""))
                        .findFirst()
                        .orElse("");
            }

            @Override
            List<String> words(InetAddress nextHop) {
                return List.of(
                        "\"origin\": \"incomplete\"",
                        "\"as-path\": \\[ 65100, 4200000001 \\]",
                        "\"" + text(nextHop) + "\": \\[",
                        "\"med\": 77",
                        "\"community\": \\[ \\[ 65100, 5 \\] \\]",
                        "\"large-community\": \\[ \\[ 65100, 1 ?, 2 \\] \\]",
                        "target:65100:9");
            }
        },
        /** Of a package that the usual run does without. */
        OPENBGPD {
            @Override
            void start(PeerLab lab, Keys keys) throws Exception {
                String set = " set { metric 30 community 65001:7 large-community 65001:8:9 }\n";
                String neighbor = """
                        neighbor %s {
                          remote-as 65100
                          local-address %s
                          announce %s unicast
                          announce %s none
                          %s
                        }
                        """;
                Path file = lab.file(
                        "bgpd.conf",
                        "AS 65001\nrouter-id 10.7.0.2\nfib-update no\nlisten on 10.7.0.2\nlisten on fd00:7::2\nsocket \""
                                + lab.directory.resolve("bgpd.sock") + "\"\n"
                                + "network " + THEIRS + set
                                + "network " + text(THEIRS6.address()) + "/48" + set
                                + neighbor.formatted(
                                        "10.7.0.1",
                                        "10.7.0.2",
                                        "IPv4",
                                        "IPv6",
                                        keys.ifSet(true, "tcp md5sig password %s"))
                                + neighbor.formatted(
                                        "fd00:7::1",
                                        "fd00:7::2",
                                        "IPv6",
                                        "IPv4",
                                        keys.ifSet(false, "tcp md5sig password %s"))
                                + "allow from any\nallow to any\n");
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
                Files.createDirectories(Path.of("/run/openbgpd")); // its processes shut themselves in there
                lab.awaitFile(
                        lab.start("openbgpd", List.of("/usr/sbin/bgpd", "-d", "-f", file.toString()), Map.of()),
                        "bgpd.sock");
            }

            @Override
            String shown(PeerLab lab, Prefix prefix) throws Exception {
                String socket = lab.directory.resolve("bgpd.sock").toString();
                String address = text(prefix.address()) + "/" + prefix.length();
                return lab.query("bgpctl", "-s", socket, "show", "rib", "detail", address);
            }

            @Override
            List<String> words(InetAddress nextHop) {
                return List.of(
                        "Origin incomplete",
                        "65100 4200000001",
                        "Nexthop " + text(nextHop) + " ",
                        "metric 77",
                        "Communities: 65100:5",
                        "Large Communities: 65100:1:2",
                        "Ext. Communities: rt 65100:9");
            }
        };

        abstract void start(PeerLab lab, Keys keys) throws Exception;

        /** What the router tells of the prefix. */
        abstract String shown(PeerLab lab, Prefix prefix) throws Exception;

        /** What must be in it. */
        abstract List<String> words(InetAddress nextHop);

        private static String text(InetAddress address) {
            return AddressText.of(address);
        }
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    static Stream<Arguments> sessions() {
        return Stream.of(Router.values())
                .filter(router -> router != Router.OPENBGPD || Boolean.getBoolean("secondsite.openbgpd"))
                .flatMap(router -> Stream.of(
                        Arguments.of(router, new Keys("s3cret", "")), Arguments.of(router, new Keys("", "s3cret"))));
    }

    private static NeighborSettings neighbor(InetAddress peer, InetAddress self, AddressFamily family, String key) {
        NeighborSettings neighbor = NeighborSettings.of(peer, PeerLab.PEER_AS)
                .withLocalAddress(self)
                .withOptions(NeighborOptions.DEFAULT.withFamilies(List.of(family)));
        return key.isEmpty() ? neighbor : neighbor.withMd5Password(key);
    }

    @MethodSource("sessions")
    @ParameterizedTest
    void everyAttributeArrivesInBothDirections(Router router, Keys keys) throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/lib/frr/bgpd", "/usr/bin/gobgpd", "/usr/sbin/exabgp");
        router.start(lab, keys);
        SpeakerSettings settings = new SpeakerSettings(
                        PeerLab.LOCAL_AS,
                        (Inet4Address) PeerLab.SELF,
                        List.of(
                                neighbor(PeerLab.PEER, PeerLab.SELF, AddressFamily.IPV4_UNICAST, keys.four()),
                                neighbor(PeerLab.PEER6, PeerLab.SELF6, AddressFamily.IPV6_UNICAST, keys.six())))
                .withListen(
                        List.of(new InetSocketAddress(PeerLab.SELF, 179), new InetSocketAddress(PeerLab.SELF6, 179)));
        try (BgpSpeaker speaker = lab.speaker(settings)) {
            speaker.advertise(Map.of(OURS, ROUTE, OURS6, ROUTE));
            for (boolean four : List.of(true, false)) {
                InetAddress self = four ? PeerLab.SELF : PeerLab.SELF6;
                Prefix prefix = four ? OURS : OURS6;
                lab.await(
                        router + " of " + prefix + ": " + router.words(self),
                        PATIENCE_SECONDS,
                        () -> router.shown(lab, prefix),
                        text -> router.words(self).stream()
                                .allMatch(word ->
                                        Pattern.compile(word).matcher(text).find()));
                Nlri theirs = Nlri.of(four ? THEIRS : THEIRS6);
                lab.heard.await(theirs.toString(), PATIENCE_SECONDS, () -> lab.heard
                        .routes()
                        .containsKey(theirs));
                assertEquals(
                        new ReceivedRoute(theirs, Optional.of(four ? PeerLab.PEER : PeerLab.PEER6), OF_THEIRS),
                        lab.heard.routes().get(theirs));
            }
        }
    }
}
