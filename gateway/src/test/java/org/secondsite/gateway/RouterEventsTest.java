package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Inet4Address;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.RoutePolicies;

/** Under which name a router's session is shown. */
class RouterEventsTest {
    private static final Map<String, String> SESSIONS = Map.of("10.1.0.1", "by address", "eth7", "by interface");

    @Test
    void whoIsAtAnInterfaceIsKnownByThatWhateverItsAddressIs() {
        assertEquals(Optional.of("by interface"), RouterEvents.of("fe80:0:0:0:0:0:0:7%eth7", SESSIONS));
        assertEquals(Optional.of("by interface"), RouterEvents.of("fe80:0:0:0:0:0:0:8%eth7", SESSIONS));
        assertEquals(Optional.of("by address"), RouterEvents.of("10.1.0.1", SESSIONS));
        assertEquals(Optional.empty(), RouterEvents.of("10.1.0.2", SESSIONS));
        assertEquals(Optional.empty(), RouterEvents.of("fe80:0:0:0:0:0:0:7%eth8", SESSIONS));
        assertEquals(Optional.empty(), RouterEvents.of("fe80:0:0:0:0:0:0:7", SESSIONS));
    }

    @Test
    void everyNeighbourOfTheFileHasAName() {
        BgpConfig.Interface at = new BgpConfig.Interface(
                "eth7",
                65007,
                OptionalLong.empty(),
                9,
                List.of(4, 6),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                RoutePolicies.NONE);
        BgpConfig.Neighbor neighbor = new BgpConfig.Neighbor(
                IpPrefix.parseAddress("10.1.0.1"), 65001, Optional.empty(), 179, 9, false, Optional.empty());
        BgpConfig bgp = new BgpConfig(
                65100,
                (Inet4Address) IpPrefix.parseAddress("10.1.0.2"),
                179,
                List.of(),
                BgpConfig.RouteRoles.prepending(3),
                List.of(neighbor),
                List.of(at),
                List.of(),
                Optional.empty());
        assertEquals(List.of("10.1.0.1", "eth7"), RouterEvents.names(bgp));
    }
}
