package org.secondsite.buffer.io.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Routes as iproute2 6.1 prints them. */
class RouteTextTest {
    @Test
    void theHopsOfEachRouteAreRead() {
        String printed = """
                default proto 83 metric 20\s
                \tnexthop via 10.1.0.1 dev up0 weight 1\s
                \tnexthop via inet6 fe80::1 dev up1 weight 1\s
                \tnexthop via 10.3.0.1 dev up2 weight 1 dead linkdown\s
                192.0.2.10 via 10.1.0.1 dev up0\s
                203.0.113.0/24 dev in0 proto kernel scope link src 203.0.113.1\s
                unreachable 198.51.100.0/24 metric 7
                """;
        List<RouteText> routes = RouteText.read(printed);
        assertEquals(
                List.of(
                        new RouteText("default", 20, Set.of("via 10.1.0.1 dev up0", "via inet6 fe80::1 dev up1")),
                        new RouteText("192.0.2.10", 0, Set.of("via 10.1.0.1 dev up0")),
                        new RouteText("203.0.113.0/24", 0, Set.of()),
                        new RouteText("198.51.100.0/24", 7, Set.of())),
                routes);
        assertEquals(Set.of("via inet6 fe80::1 dev up1"), routes.getFirst().by(List.of("up1", "up2", "up")));
        assertEquals(
                List.of(0, Integer.MAX_VALUE, 24, 24),
                routes.stream().map(RouteText::length).toList());
    }

    @Test
    void ofIpv6TheyLookTheSame() {
        assertEquals(
                List.of(
                        new RouteText("default", 1024, Set.of("via 2001:db8:2::1 dev up0")),
                        new RouteText(
                                "2001:db8:9::10",
                                1024,
                                Set.of("via 2001:db8:2::1 dev up0", "via 2001:db8:3::1 dev up1"))),
                RouteText.read("""
                        default via 2001:db8:2::1 dev up0 metric 1024 pref medium
                        2001:db8:9::10 metric 1024 pref medium
                        \tnexthop via 2001:db8:2::1 dev up0 weight 1\s
                        \tnexthop via 2001:db8:3::1 dev up1 weight 1\s
                        """));
        assertEquals(List.of(), RouteText.read(""));
    }
}
