package org.secondsite.bgp.mrt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** RFC 6396 §4.3, octet by octet. */
class MrtTableTest {
    private static final long WALL_MS = 0x10_0000L * 1000 + 999;
    private static final PathAttributes ATTRIBUTES = PathAttributes.of(
            new PathAttribute.Origin(PathAttribute.Origin.Source.IGP), AsPath.sequence(List.of(4_200_000_001L)));

    private static Inet4Address address(String text) {
        return (Inet4Address) Prefix.parseAddress(text);
    }

    private static List<String> records(Map<MrtTable.Peer, List<ReceivedRoute>> routes) {
        List<String> records = new ArrayList<>();
        new MrtTable(routes)
                .write(
                        address("10.7.0.1"),
                        "v",
                        WALL_MS,
                        Unpooled.buffer(),
                        octets -> records.add(ByteBufUtil.hexDump(octets)));
        return records;
    }

    @Test
    void thePeersComeFirstAndThenEachPrefixWithAllItsRoutes() {
        Nlri ipv4 = Nlri.of(Prefix.parse("198.51.100.0/23"));
        Nlri ipv6 = Nlri.of(Prefix.parse("2001:db8::/32"));
        Map<MrtTable.Peer, List<ReceivedRoute>> routes = new LinkedHashMap<>();
        routes.put(
                new MrtTable.Peer(address("10.7.0.2"), address("10.0.0.2"), 65001),
                List.of(
                        new ReceivedRoute(ipv6, Optional.of(Prefix.parseAddress("2001:db8::2")), ATTRIBUTES),
                        new ReceivedRoute(ipv4, Optional.of(address("10.7.0.2")), ATTRIBUTES)));
        routes.put(
                new MrtTable.Peer(Prefix.parseAddress("fd00::3"), address("10.0.0.3"), 4_200_000_001L),
                List.of(new ReceivedRoute(ipv4, Optional.of(address("10.7.0.3")), ATTRIBUTES)));
        String path = "40010100" + "40020602" + "01" + "fa56ea01";
        assertEquals(
                List.of(
                        "00100000" + "000d" + "0001" + "0000002f" + "0a070001" + "0001" + "76" + "0002"
                                + "02" + "0a000002" + "0a070002" + "0000fde9"
                                + "03" + "0a000003" + "fd000000000000000000000000000003" + "fa56ea01",
                        "00100000" + "000d" + "0002" + "00000042" + "00000000" + "17" + "c63364" + "0002"
                                + "0000" + "00100000" + "0014" + path + "4003040a070002"
                                + "0001" + "00100000" + "0014" + path + "4003040a070003",
                        "00100000" + "000d" + "0004" + "00000034" + "00000001" + "20" + "20010db8" + "0001"
                                + "0000" + "00100000" + "0021" + path + "800e11" + "10"
                                + "20010db8000000000000000000000002"),
                records(routes));
    }

    /** RFC 8050 §4. */
    @Test
    void pathsHaveSubtypesOfTheirOwnAndFiltersNone() {
        Map<MrtTable.Peer, List<ReceivedRoute>> routes = Map.of(
                new MrtTable.Peer(address("10.7.0.2"), address("10.0.0.2"), 65001),
                List.of(
                        new ReceivedRoute(
                                new Nlri.Unicast(7, Prefix.parse("10.0.0.0/8")),
                                Optional.of(address("10.7.0.2")),
                                PathAttributes.NONE),
                        new ReceivedRoute(
                                new Nlri.Flow(AddressFamily.IPV4_FLOW, Octets.of(1, 8, 10)),
                                Optional.empty(),
                                PathAttributes.NONE)));
        assertEquals(
                "00100000" + "000d" + "0008" + "0000001b" + "00000000" + "08" + "0a" + "0001" + "0000" + "00100000"
                        + "00000007" + "0007" + "4003040a070002",
                records(routes).getLast());
        assertEquals(2, records(routes).size());
    }
}
