package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.bgp.exabgp.HelperProcess.EventKind;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** Configuration files of ExaBGP 4. */
class ConfigurationTest {
    private static final InetAddress PEER = Prefix.parseAddress("10.7.0.2");

    private static Configuration read(String text) {
        Configuration.Outcome outcome = Configuration.parse(text);
        assertInstanceOf(Configuration.Outcome.Read.class, outcome, outcome.toString());
        return ((Configuration.Outcome.Read) outcome).configuration();
    }

    private static String refused(String text) {
        Configuration.Outcome outcome = Configuration.parse(text);
        assertInstanceOf(Configuration.Outcome.Refused.class, outcome, outcome.toString());
        return ((Configuration.Outcome.Refused) outcome).reason();
    }

    private static String neighbor(String body) {
        return """
                neighbor 10.7.0.2 {
                  router-id 10.7.0.1; local-address 10.7.0.1; local-as 65100; peer-as 65001;
                  %s
                }
                """.formatted(body);
    }

    private static NeighborSettings only(String body) {
        return read(neighbor(body)).settings().neighbors().getFirst();
    }

    private static List<String> routes(String body) {
        return read(neighbor(body)).routes().get(PEER).stream()
                .map(route -> route.nlri().toString())
                .toList();
    }

    @Test
    void aNeighbourIsReadAsItStands() {
        NeighborSettings neighbor = only("""
                description "a router, with a ; and a # in its name"; # and a comment
                hold-time 30; passive; connect 1179; listen 2179; md5-password "oh ! a key"; md5-ip 10.7.0.1;
                family { ipv4 unicast; ipv6 unicast; ipv4 flow; }
                capability { asn4 disable; add-path send/receive; graceful-restart 120; multi-session disable; nexthop; }
                add-path { ipv4 unicast; }
                nexthop { ipv4 unicast ipv6; ipv6 unicast ipv4; }
                group-updates false; auto-flush true; adj-rib-out false;
                """);
        assertEquals(PEER, neighbor.address());
        assertEquals(65001, neighbor.remoteAs());
        assertEquals(Prefix.parseAddress("10.7.0.1"), neighbor.localAddress());
        assertEquals(30, neighbor.holdTimeSeconds());
        assertTrue(neighbor.passive());
        assertEquals(1179, neighbor.port());
        assertEquals(Optional.of("oh ! a key"), neighbor.md5Password());
        assertEquals(
                List.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST, AddressFamily.IPV4_FLOW),
                neighbor.options().offer().families());
        assertEquals(
                Set.of(AddressFamily.IPV4_UNICAST), neighbor.options().offer().addPathSend());
        assertEquals(
                Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST),
                neighbor.options().offer().extendedNextHops());
        assertEquals(false, neighbor.options().offer().fourOctetAs());
        Capability.GracefulRestart restart = assertInstanceOf(
                Capability.GracefulRestart.class,
                neighbor.options().offer().further().getFirst());
        assertEquals(120, restart.restartTimeSeconds());
    }

    @Test
    void whereConnectionsAreTakenIsWhatListenSays() {
        assertEquals(
                Optional.of(List.of(new InetSocketAddress(Prefix.parseAddress("10.7.0.1"), 2179))),
                read(neighbor("listen 2179;")).settings().listen());
        assertEquals(Optional.of(List.of()), read(neighbor("")).settings().listen());
    }

    @Test
    void passwordsAreWordsOrBase64() {
        assertEquals(
                Optional.of("oh ! quotes are optional"),
                only("md5-password oh ! quotes are optional;").md5Password());
        assertEquals(
                Optional.of("secret"),
                only("md5-password c2VjcmV0; md5-base64 true;").md5Password());
    }

    @Test
    void routesMayStandOnALineOrInABlock() {
        assertEquals(
                List.of("192.0.2.0/24", "198.51.100.0/24", "203.0.113.1/32", "2001:db8:0:0:0:0:0:0/48"), routes("""
                        static {
                          route 192.0.2.0/24 next-hop self as-path [ 65100 65009 ] community [ 1:2, 3:4 ];
                          route 198.51.100.0/24 { next-hop 10.7.0.9; med 200; }
                        }
                        static { route 203.0.113.1 next-hop 10.7.0.9; }
                        announce { ipv6 { unicast 2001:db8::/48 next-hop fd00:7::1; } }
                        """));
        assertEquals(
                List.of("192.0.2.0/25", "192.0.2.128/25"),
                routes("static { route 192.0.2.0/24 { next-hop self; split /25; } }"));
    }

    @Test
    void flowRoutesAreTheSameAsAHelpers() {
        ApiCommand.Route read = read(neighbor("""
                family { ipv4 flow; }
                flow { route by-name { match { source 10.0.0.1/32; protocol [ udp tcp ]; destination-port >8080&<8088; }
                  then { discard; } } }
                """)).routes().get(PEER).getFirst();
        ApiCommand.Announce said = assertInstanceOf(
                ApiCommand.Announce.class,
                CommandParser.parse("announce flow route { match { source 10.0.0.1/32; protocol [ udp tcp ]; "
                        + "destination-port >8080&<8088; } then { discard; } }"));
        assertEquals(said.routes().getFirst(), read);
        assertInstanceOf(Nlri.Flow.class, read.nlri());
    }

    @Test
    void aNeighboursOwnWordsCountInsteadOfItsTemplates() {
        Configuration configuration = read("""
                template {
                  neighbor usual { hold-time 30; peer-as 1; static { route 192.0.2.0/24 next-hop self; } }
                  neighbor more { family { ipv4 unicast; } }
                }
                neighbor 10.7.0.2 {
                  inherit [ usual more ]; router-id 10.7.0.1; local-as 65100; peer-as 65001;
                  static { route 198.51.100.0/24 next-hop self; }
                }
                neighbor 10.7.0.3 { inherit usual; router-id 10.7.0.1; local-as 65100; }
                """);
        NeighborSettings first = configuration.settings().neighbors().get(0);
        assertEquals(30, first.holdTimeSeconds());
        assertEquals(65001, first.remoteAs());
        assertEquals(
                List.of(AddressFamily.IPV4_UNICAST), first.options().offer().families());
        assertEquals(2, configuration.routes().get(PEER).size());
        assertEquals(1, configuration.settings().neighbors().get(1).remoteAs());
    }

    @Test
    void helpersAreToldWhatTheirNeighboursSay() {
        Configuration configuration = read("""
                process check {
                  run /bin/check --cmd "curl --max-time 2 http://localhost" --set '{a;b}' -x=[1,2];
                  encoder json; respawn false;
                }
                process quiet { run quiet.sh; encoder text; }
                """ + neighbor("""
                        api { processes [ check ]; neighbor-changes; receive { parsed; update; notification; }
                              send { notification; } }
                        api more { processes [ quiet ]; }
                        """));
        HelperProcess check = configuration.processes().get(0);
        assertEquals("/bin/check --cmd \"curl --max-time 2 http://localhost\" --set '{a;b}' -x=[1,2]", check.command());
        assertEquals(false, check.respawn());
        assertEquals(
                Map.of(
                        PEER,
                        Set.of(
                                EventKind.STATE,
                                EventKind.UPDATE,
                                EventKind.NOTIFICATION_IN,
                                EventKind.NOTIFICATION_OUT)),
                check.hears());
        assertEquals(Map.of(PEER, Set.of()), configuration.processes().get(1).hears());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rate-limit 5;|line 3: 'neighbor { rate-limit }' is not supported here",
                "outgoing-ttl 1;|line 3: 'neighbor { outgoing-ttl }' is not supported here",
                "capability { operational enable; }|line 3: 'capability { operational }' is not supported here",
                "l2vpn { }|line 3: 'neighbor { l2vpn }' is not supported here",
                "api { processes [ nobody ]; }|line 3: there is no process nobody",
                "inherit nothing;|line 3: there is no template nothing",
                "static { route 192.0.2.0/24; }|line 3: 'next-hop' is missing",
                "static { route 192.0.2.0/24 next-hop self rd 1:1; }|line 3: 'rd' is not supported here",
                "family { ipv4 lisp; }|line 3: 'ipv4 lisp' is no family that is known here",
                "announce { l2vpn { } }|line 3: 'announce { l2vpn }' is not supported here",
                "hold-time 70000;|line 3: 70000 is not within 0..65535",
                "passive maybe;|line 3: 'maybe' is neither 'enable' nor 'disable'",
            })
    void whatIsNotThereIsNamedWithItsLine(String body, String reason) {
        assertEquals(reason, refused(neighbor(body)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "neighbor 10.7.0.2 { local-as 1;|line 1: '}' is missing behind 'neighbor {'",
                "neighbor 10.7.0.2 { local-as 1 }|line 1: '}' is not expected here; is a ';' missing?",
                "}|line 1: '}' without '{'",
                "neighbor|line 1: ';' is missing at the end",
                "group x { }|line 1: 'group' is not supported here",
                "''|line 1: there is no neighbour",
            })
    void aMalformedFileIsRefusedWithItsLine(String text, String reason) {
        assertEquals(reason, refused(text));
    }

    @Test
    void twoNeighboursOfOneAddressAndTwoRouterIdsAreNotThere() {
        assertTrue(refused(neighbor("") + neighbor("")).contains("two neighbours 10.7.0.2"));
        assertTrue(refused(neighbor("")
                        + neighbor("")
                                .replace("10.7.0.2", "10.7.0.3")
                                .replace("router-id 10.7.0.1", "router-id 10.7.0.9"))
                .contains("different router-ids"));
    }
}
