package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** What is shown of a route is what announces it. */
class RouteTextTest {
    private static final Exporter INTERNAL =
            new Exporter(65100, false, Optional.of((Inet4Address) Prefix.parseAddress("10.7.0.1")), Optional.empty());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "192.0.2.0/24 next-hop 10.0.0.1 origin igp local-preference 100",
                "192.0.2.0/24 next-hop 10.0.0.1 origin egp as-path [ 65001 4200000001 ] med 5 local-preference 7",
                "192.0.2.0/24 next-hop 10.0.0.1 origin igp as-path [ 65001 ( 65002 65003 ) 65004 ] local-preference 100",
                "192.0.2.0/24 path-information 0.0.0.9 next-hop 10.0.0.1 origin igp local-preference 100",
                "2001:db8::/32 next-hop 2001:db8::1 origin incomplete local-preference 100 atomic-aggregate",
                "192.0.2.0/24 next-hop 10.0.0.1 origin igp local-preference 100 aggregator ( 65001:10.0.0.9 )"
                        + " community [ 65001:1 65535:65281 ] originator-id 10.0.0.3 cluster-list [ 10.0.0.4 10.0.0.5 ]"
                        + " extended-community [ 0x0002FDE900000009 0x0102030405060708 ] large-community [ 1:2:3 4:5:6 ]"
                        + " attribute [ 0x63 0xc0 0x0102 ]",
            })
    void isReadAsItWasWritten(String text) {
        ApiCommand.Announce announce =
                assertInstanceOf(ApiCommand.Announce.class, CommandParser.parse("announce route " + text));
        ApiCommand.Route route = announce.routes().getFirst();
        PathAttributes attributes =
                INTERNAL.attributes(route.nlri().family(), route.attributes()).orElseThrow();
        Optional<? extends InetAddress> hop = attributes
                .get(PathAttribute.MpReach.class)
                .map(PathAttribute.MpReach::nextHop)
                .orElseGet(() -> attributes.get(PathAttribute.NextHop.class).map(PathAttribute.NextHop::address));
        assertEquals(text, RouteText.of(route.nlri(), hop, attributes));
    }
}
