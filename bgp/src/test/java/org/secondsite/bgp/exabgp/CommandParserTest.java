package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;

/** The text language of ExaBGP's helpers. */
class CommandParserTest {
    private static RouteAttributes attributes(String text) {
        ApiCommand.Announce announce =
                assertInstanceOf(ApiCommand.Announce.class, CommandParser.parse("announce route 10.0.0.0/8 " + text));
        return announce.routes().getFirst().attributes();
    }

    private static void refused(String line) {
        assertInstanceOf(ApiCommand.Fault.class, CommandParser.parse(line), line);
    }

    @Test
    void everyAttributeIsRead() {
        RouteAttributes attributes = attributes(
                "next-hop 192.0.2.1 origin egp as-path [ 65001 4200000001 ( 65010 65011 ) ] med 5 local-preference 7"
                        + " community [65001:100 no-export] large-community [65001:1:2]"
                        + " extended-community [ target:65001:9 origin:10.0.0.1:7 ] originator-id 10.0.0.9"
                        + " cluster-list [ 10.0.0.8 ] aggregator ( 65001:10.0.0.1 ) atomic-aggregate"
                        + " attribute [0x63 0xc0 0x0102030405]");
        assertEquals(Optional.of(Prefix.parseAddress("192.0.2.1")), attributes.nextHop());
        assertEquals(OptionalLong.of(5), attributes.med());
        assertEquals(List.of(65001L << 16 | 100, 0xffff_ff01L), attributes.communities());
        assertEquals(
                "[Origin[source=EGP], 65001 4200000001 {65010 65011}, LocalPreference[value=7],"
                        + " LargeCommunities[values=[65001:1:2]],"
                        + " ExtendedCommunities[values=[842127122628617, 72913014084403207]],"
                        + " OriginatorId[routerId=/10.0.0.9], ClusterList[clusters=[/10.0.0.8]],"
                        + " Aggregator[as=65001, address=/10.0.0.1], AtomicAggregate[],"
                        + " Unrecognized[flags=192, typeCode=99, value=0102030405]]",
                attributes.others().toString());
    }

    @Test
    void nextHopSelfIsLeftToTheSession() {
        assertEquals(RouteAttributes.PLAIN, attributes("next-hop self"));
    }

    @Test
    void olderSpellingsAreUnderstood() {
        assertEquals(
                List.of(new AsPath(List.of(
                        new AsPath.Segment(AsPath.Kind.SEQUENCE, List.of(1L)),
                        new AsPath.Segment(AsPath.Kind.SET, List.of(2L, 3L)),
                        new AsPath.Segment(AsPath.Kind.SEQUENCE, List.of(4L))))),
                attributes("next-hop self as-path [1 [2 3] 4]").others());
        assertEquals(
                List.of(AsPath.sequence(List.of(7L))),
                attributes("next-hop self as-path 7").others());
        assertEquals(
                List.of(new PathAttribute.LargeCommunities(List.of(new LargeCommunity(1, 2, 3)))),
                attributes("next-hop self large-community 1:2:3;").others());
    }

    @Test
    void manyPrefixesShareAttributes() {
        ApiCommand.Announce announce = assertInstanceOf(
                ApiCommand.Announce.class,
                CommandParser.parse("announce attributes next-hop self med 9 nlri 10.0.0.0/8 2001:db8::/32 192.0.2.1"));
        assertEquals(
                List.of("10.0.0.0/8", "2001:db8:0:0:0:0:0:0/32", "192.0.2.1/32"),
                announce.routes().stream().map(route -> route.nlri().toString()).toList());
        ApiCommand.Withdraw withdraw = assertInstanceOf(
                ApiCommand.Withdraw.class, CommandParser.parse("withdraw attributes next-hop self nlri 10.0.0.0/8"));
        assertEquals(List.of(Nlri.of(Prefix.parse("10.0.0.0/8"))), withdraw.routes());
    }

    @Test
    void flowRoutesBecomeFiltersAndActions() {
        ApiCommand.Announce announce = assertInstanceOf(
                ApiCommand.Announce.class,
                CommandParser.parse(
                        "announce flow route { match { source 10.0.0.1/32; destination-port [ =80 >1024&<2048 ];"
                                + " protocol tcp; } then { rate-limit 9600; redirect 65000:12; } }"));
        ApiCommand.Route route = announce.routes().getFirst();
        assertEquals(
                new Nlri.Flow(
                        AddressFamily.IPV4_FLOW,
                        Octets.ofHex("02200a000001" + "038106" + "050150" + "120400" + "d40800")),
                route.nlri());
        assertEquals(
                List.of(new PathAttribute.ExtendedCommunities(List.of(0x8006_0000_4616_0000L, 0x8008_fde8_0000_000cL))),
                route.attributes().others());
    }

    @Test
    void splitMakesMoreSpecifics() {
        ApiCommand.Announce announce = assertInstanceOf(
                ApiCommand.Announce.class, CommandParser.parse("announce route 10.0.0.0/22 next-hop self split /24"));
        assertEquals(
                List.of("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"),
                announce.routes().stream().map(route -> route.nlri().toString()).toList());
    }

    @Test
    void neighborsAreSelected() throws Exception {
        SpeakerSettings speaker = new SpeakerSettings(
                65100,
                (Inet4Address) Prefix.parseAddress("10.0.0.1"),
                List.of(neighbor("10.1.0.1", 65001), neighbor("10.2.0.1", 65002), neighbor("10.3.0.1", 65002)));
        assertEquals(3, select(speaker, "withdraw route 10.0.0.0/8"));
        assertEquals(3, select(speaker, "neighbor * withdraw route 10.0.0.0/8"));
        assertEquals(1, select(speaker, "neighbor 10.1.0.1 withdraw route 10.0.0.0/8"));
        assertEquals(2, select(speaker, "neighbor * local-as 65100 peer-as 65002 withdraw route 10.0.0.0/8"));
        assertEquals(2, select(speaker, "neighbor 10.1.0.1, neighbor 10.2.0.1 withdraw route 10.0.0.0/8"));
        assertEquals(0, select(speaker, "neighbor 10.9.0.1 withdraw route 10.0.0.0/8"));
    }

    private static NeighborSettings neighbor(String address, long as) {
        return new NeighborSettings(Prefix.parseAddress(address), 179, null, as, 90, false, Optional.empty());
    }

    private static int select(SpeakerSettings speaker, String line) {
        return assertInstanceOf(ApiCommand.Withdraw.class, CommandParser.parse(line))
                .neighbors()
                .select(speaker)
                .size();
    }

    @Test
    void aGroupIsOneCommand() {
        assertEquals(
                CommandParser.parse(
                        "neighbor 10.0.0.2 announce attributes next-hop 10.0.0.1 med 5 nlri 10.0.0.0/8 10.1.0.0/16"),
                CommandParser.parse(
                        "neighbor 10.0.0.2 group attributes med 5 ; announce route 10.0.0.0/8 next-hop 10.0.0.1 ;"
                                + " announce route 10.1.0.0/16 next-hop 10.0.0.1"));
        assertEquals(
                CommandParser.parse("withdraw flow route { match { destination 10.0.0.0/8; port =80; } }"),
                CommandParser.parse("group attributes origin igp extended-community [0x800600003f800000] ;"
                        + " withdraw flow route { match { destination 10.0.0.0/8; port =80; } }"));
        refused("group");
        refused("group ;");
        refused("group start");
        refused("group attribute");
        refused("group attributes community [ " + "1:2 ".repeat(2000) + "] ; announce route 10.0.0.0/8 next-hop self");
        refused("group attributes med 5");
        refused("group announce route 10.0.0.0/8 next-hop 10.0.0.1 ; withdraw route 10.1.0.0/16");
        refused("group announce route 10.0.0.0/8 next-hop 10.0.0.1 ; shutdown");
        refused("group announce route 10.0.0.0/8 next-hop 10.0.0.1 ; announce route nowhere next-hop self");
        refused("group group announce route 10.0.0.0/8 next-hop 10.0.0.1");
    }

    @Test
    void otherCommandsAreUnderstood() {
        assertEquals(new ApiCommand.Comment(), CommandParser.parse("  # a comment"));
        assertEquals(new ApiCommand.Nothing(), CommandParser.parse(""));
        assertEquals(
                new ApiCommand.EndOfRib(NeighborFilter.ALL, AddressFamily.IPV6_UNICAST),
                CommandParser.parse("announce eor ipv6 unicast"));
        assertEquals(
                new ApiCommand.RouteRefresh(NeighborFilter.ALL, AddressFamily.IPV4_UNICAST),
                CommandParser.parse("announce route-refresh ipv4 unicast"));
        assertEquals(new ApiCommand.Teardown(NeighborFilter.ALL, 4), CommandParser.parse("teardown 4"));
        assertEquals(new ApiCommand.Flush(NeighborFilter.ALL), CommandParser.parse("flush adj-rib out"));
        assertEquals(new ApiCommand.Clear(NeighborFilter.ALL), CommandParser.parse("clear adj-rib out"));
        Optional<InetAddress> all = Optional.empty();
        Optional<InetAddress> one = Optional.of(Prefix.parseAddress("10.7.0.2"));
        assertEquals(
                new ApiCommand.ShowAdjRib(true, ApiCommand.Detail.EXTENSIVE, all),
                CommandParser.parse("show adj-rib out extensive"));
        assertEquals(
                new ApiCommand.ShowAdjRib(false, ApiCommand.Detail.PLAIN, one),
                CommandParser.parse("show adj-rib in 10.7.0.2"));
        assertEquals(
                new ApiCommand.ShowNeighbor(ApiCommand.Detail.SUMMARY, all),
                CommandParser.parse("show neighbor summary"));
        assertEquals(
                new ApiCommand.ShowNeighbor(ApiCommand.Detail.CONFIGURATION, one),
                CommandParser.parse("show neighbor 10.7.0.2 configuration"));
        assertEquals(new ApiCommand.Help(), CommandParser.parse("help"));
        assertEquals(new ApiCommand.Restart(), CommandParser.parse("restart"));
        assertEquals(new ApiCommand.Nothing(), CommandParser.parse("reset"));
        assertEquals(new ApiCommand.Shutdown(), CommandParser.parse("shutdown"));
        assertEquals(new ApiCommand.Version(), CommandParser.parse("version"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "announce",
                "announce route",
                "announce route 10.0.0.0/8",
                "announce route 10.0.0.0/8 next-hop",
                "announce route 10.0.0.1/8 next-hop self",
                "announce route 10.0.0.0/33 next-hop self",
                "announce route 10.0.0.0/8 next-hop nowhere",
                "announce route 10.0.0.0/8 next-hop self med -1",
                "announce route 10.0.0.0/8 next-hop self med 4294967296",
                "announce route 10.0.0.0/8 next-hop self origin mars",
                "announce route 10.0.0.0/8 next-hop self as-path [ 1 2",
                "announce route 10.0.0.0/8 next-hop self community [ 1:2:3 ]",
                "announce route 10.0.0.0/8 next-hop self community 65536:1",
                "announce route 10.0.0.0/8 next-hop self large-community 1:2",
                "announce route 10.0.0.0/8 next-hop self extended-community colour:1:2",
                "announce route 10.0.0.0/8 next-hop self aggregator 65001",
                "announce route 10.0.0.0/8 next-hop self attribute [0x63 0xc0]",
                "announce route 10.0.0.0/8 next-hop self attribute [0x01 0x40 0x07]",
                "announce route 10.0.0.0/8 next-hop self attribute [0x63 0xc0 0xzz]",
                "announce route 10.0.0.0/8 next-hop self split /4",
                "announce route 10.0.0.0/8 next-hop self split /32",
                "announce route 10.0.0.0/8 next-hop self rd 1:2",
                "announce route 10.0.0.0/8 next-hop self nlri 10.0.0.0/8",
                "announce attributes next-hop self 10.0.0.0/8",
                "announce flow route { match { source 10.0.0.0/8; source 11.0.0.0/8; } then { discard; } }",
                "announce eor ipv4 everything",
                "announce eor ipx unicast",
                "withdraw everything",
                "neighbor route announce",
                "teardown",
                "teardown 256",
                "teardown 4 5",
                "flush",
                "show",
                "show me",
                "dance"
            })
    void isRefusedWithAReason(String line) {
        ApiCommand.Fault fault = assertInstanceOf(ApiCommand.Fault.class, CommandParser.parse(line));
        assertTrue(fault.reason().length() > 5, fault.reason());
    }

    @Test
    void noiseNeverThrows() {
        List<String> words = List.of(
                "announce",
                "withdraw",
                "route",
                "attributes",
                "nlri",
                "neighbor",
                "10.0.0.0/8",
                "::/0",
                "[",
                "]",
                "(",
                ")",
                ",",
                "next-hop",
                "self",
                "as-path",
                "med",
                "community",
                "split",
                "/24",
                "attribute",
                "0x63",
                "teardown",
                "1:2",
                "-1",
                "\"",
                "aggregator",
                "eor",
                "ipv4",
                "unicast",
                "*",
                "é",
                "99999999999999999999");
        for (long seed = 1; seed <= 50_000; seed++) {
            Random random = new Random(seed);
            StringBuilder line =
                    new StringBuilder(random.nextBoolean() ? "announce route 10.0.0.0/8 next-hop self" : "");
            for (int i = random.nextInt(10); i >= 0; i--) {
                line.append(' ').append(words.get(random.nextInt(words.size())));
            }
            try {
                CommandParser.parse(line.toString());
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + line, e);
            }
        }
        refused("neighbor");
    }
}
