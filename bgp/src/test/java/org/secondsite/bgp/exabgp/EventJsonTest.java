package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Prefix;

/** JSON as ExaBGP 4.2.21 printed it for the same messages, apart from blanks. */
class EventJsonTest {
    private static final String MARKER = "ff".repeat(16);
    private static final Inet4Address LOCAL = (Inet4Address) Prefix.parseAddress("10.7.0.1");
    private static final NeighborSettings PEER =
            new NeighborSettings(Prefix.parseAddress("10.7.0.2"), 179, null, 65002, 90, false, Optional.empty());
    private static final MessageText TEXT = new MessageText(
            65001,
            OptionalLong.empty(),
            false,
            false,
            true,
            MessageText.ALL_FAMILIES,
            Optional.of(LOCAL),
            Optional.empty());
    private final EventJson json = new EventJson(EventJson.Form.FOUR, 65001, "vm", 14763, 14699);

    private static String squeezed(String text) {
        return text.replace(" ", "");
    }

    @Test
    void stateEvents() {
        assertEquals(
                squeezed("{ \"exabgp\": \"4.0.1\", \"time\": 1795369199.674059, \"host\" : \"vm\", \"pid\" : 14763,"
                        + " \"ppid\" : 14699, \"counter\": 1, \"type\": \"state\", \"neighbor\": { \"address\": {"
                        + " \"local\": \"10.7.0.1\", \"peer\": \"10.7.0.2\" }, \"asn\": { \"local\": 65001, \"peer\":"
                        + " 65002 } , \"state\": \"connected\" } }"),
                squeezed(json.state(PEER, LOCAL, "connected", Optional.empty(), 1_795_369_199_674_059L)));
        assertTrue(json.state(PEER, LOCAL, "down", Optional.of("a \"quoted\"\nreason"), 0)
                .contains("\"counter\": 2, \"type\": \"state\""));
        assertTrue(json.state(PEER, LOCAL, "down", Optional.of("a \"quoted\"\nreason"), 0)
                .endsWith("\"state\": \"down\", \"reason\": \"a \\\"quoted\\\"\\nreason\" } }"));
        assertTrue(json.shutdown(0).endsWith("\"type\": \"notification\", \"notification\": \"shutdown\" }"));
    }

    @Test
    void notificationEvents() {
        NotificationMessage message = NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, "hi");
        assertTrue(json.notification(PEER, LOCAL, true, message, 0)
                .contains("\"direction\": \"receive\", \"notification\": { \"code\": 6, \"subcode\": 2,"
                        + " \"data\": \"026869\", \"message\": \"hi\" }"));
    }

    @Test
    void updateWithEveryAttribute() {
        String hex = MARKER
                + "009302000000784001010140021402020000fde9fa56ea0101020000fdf20000fdf34003040a07000180040400000005400600"
                + "c007080000fde90a000001c00808fde90064ffffff01c010100002fde90000000900030a0000010007c020180000fde9000000"
                + "0100000002fa56ea010000000300000004c06305010203040518c00002";
        assertEquals(
                squeezed("{ \"type\": \"update\", \"message\": { \"update\": { \"attribute\": { \"origin\": \"egp\","
                        + " \"as-path\": [ 65001, 4200000001 ], \"as-set\": [ 65010, 65011 ], \"confederation-path\":"
                        + " [], \"med\": 5, \"atomic-aggregate\": true, \"aggregator\": \"65001:10.0.0.1\","
                        + " \"community\": [ [ 65001, 100 ], [ 65535, 65281 ] ], \"extended-community\": [ {"
                        + " \"value\": 842127122628617, \"string\": \"target:65001:9\" }, { \"value\":"
                        + " 855420046475271, \"string\": \"origin:2560:0.1.0.7\" } ], \"large-community\": [ [ 65001, 1"
                        + " , 2 ], [ 4200000001, 3 , 4 ] ], \"attribute-0x63-0xC0\": \"0x0102030405\" },"
                        + " \"announce\": { \"ipv4 unicast\": { \"10.7.0.1\": [ { \"nlri\": \"192.0.2.0/24\" } ] } } }"
                        + " } }"),
                squeezed(TEXT.decode(hex)));
    }

    @Test
    void inTheFormOfExabgp5ThePathIsAnObjectOfSegments() {
        String hex = MARKER + "003d" + "02" + "0000" + "0022"
                + "40010100" + "400214" + "02020000fde9fa56ea01" + "01020000fdf20000fdf3" + "400304" + "0a070001"
                + "18c00002";
        String text = TEXT.decode(hex, EventJson.Form.FIVE);
        assertTrue(
                squeezed(text)
                        .contains(
                                "\"attribute\":{\"origin\":\"igp\",\"as-path\":{\"0\":{\"element\":\"as-sequence\","
                                        + "\"value\":[65001,4200000001]},\"1\":{\"element\":\"as-set\",\"value\":[65010,65011]}}}"),
                text);
        EventJson five = new EventJson(EventJson.Form.FIVE, 65001, "vm", 14763, 14699);
        assertTrue(five.shutdown(0).contains("\"exabgp\": \"5.0.0\""));
        assertThrows(IllegalArgumentException.class, () -> EventJson.Form.of("6"));
    }

    @Test
    void otherMessages() {
        assertEquals(
                squeezed("{\"type\":\"update\",\"message\":{\"update\":{\"withdraw\":{\"ipv6 unicast\":"
                        + "[{\"nlri\":\"2001:db8:113::/48\"}]}}}}"),
                squeezed(TEXT.decode(MARKER + "0024020000000d800f0a0002013020010db80113")));
        assertEquals(
                "{\"type\":\"update\",\"message\":{\"eor\":{\"afi\":\"ipv4\",\"safi\":\"unicast\"}}}",
                squeezed(TEXT.decode(MARKER + "00170200000000")));
        assertTrue(TEXT.decode(MARKER + "001304" + MARKER + "0013").lines().count() == 2);
        assertTrue(TEXT.decode("zz").contains("not hex"));
        assertTrue(TEXT.decode(MARKER + "001305").contains("Bad Message Length"));
    }

    @Test
    void encodedCommandsDecodeToThemselves() {
        List<String> announced = TEXT.encode("announce route 192.0.2.0/24 next-hop self med 5");
        assertEquals(
                squeezed("{\"type\":\"update\",\"message\":{\"update\":{\"attribute\":{\"origin\":\"igp\",\"as-path\":"
                        + "[65001],\"confederation-path\":[],\"med\":5},\"announce\":{\"ipv4 unicast\":{\"10.7.0.1\":"
                        + "[{\"nlri\":\"192.0.2.0/24\"}]}}}}}"),
                squeezed(TEXT.decode(announced.getFirst())));
        List<String> withdrawn = TEXT.encode("withdraw route 2001:db8::/32");
        assertTrue(TEXT.decode(withdrawn.getFirst()).contains("withdraw"));
        assertThrows(IllegalArgumentException.class, () -> TEXT.encode("announce route 2001:db8::/32 next-hop self"));
        assertThrows(IllegalArgumentException.class, () -> TEXT.encode("shutdown"));
    }

    @Test
    void watchdogsAnnounceAndWithdrawTheirRoutesTogether() {
        DesiredRoutes routes = new DesiredRoutes(new SpeakerSettings(65001, LOCAL, List.of(PEER)));
        routes.apply(CommandParser.parse("announce route 10.0.0.0/8 next-hop self watchdog dog withdraw"));
        routes.apply(CommandParser.parse("announce route 11.0.0.0/8 next-hop self watchdog dog"));
        assertEquals(1, routes.routes(PEER.address()).size());
        routes.apply(CommandParser.parse("announce watchdog dog"));
        assertEquals(2, routes.routes(PEER.address()).size());
        routes.apply(CommandParser.parse("withdraw watchdog dog"));
        assertEquals(0, routes.routes(PEER.address()).size());
        routes.apply(CommandParser.parse("announce watchdog cat"));
        assertEquals(0, routes.routes(PEER.address()).size());
    }

    @Test
    void peersTextCannotDriveATerminal() {
        String hostile = "a\u001b[2Jb\u0085c\u202ed\u2028e\u007ff\u0000";
        String line = json.state(PEER, LOCAL, "down", Optional.of(hostile), 0);
        assertTrue(line.contains("a\\u001b[2Jb\\u0085c\\u202ed\\u2028e\\u007ff\\u0000"), line);
        NotificationMessage message = NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, hostile);
        assertTrue(
                message.toString().endsWith(": a\\u001b[2Jb\\u0085c\\u202ed\\u2028e\\u007ff\\u0000"),
                message.toString());
    }

    @Test
    void rfc5952Addresses() {
        for (String text : List.of(
                "::",
                "::1",
                "2001:db8::1",
                "2001:db8:0:1:1:1:1:1",
                "2001:0:0:1::1",
                "1:2:3:4:5:6:7:8",
                "fe80::1:0:0:1",
                "10.0.0.1")) {
            assertEquals(text, AddressText.of(Prefix.parseAddress(text)));
        }
    }

    @Test
    void helpersRoutesAreTheirs() {
        SpeakerSettings speaker = new SpeakerSettings(65001, LOCAL, List.of(PEER));
        DesiredRoutes routes = new DesiredRoutes(speaker);
        Nlri prefix = Nlri.of(Prefix.parse("10.0.0.0/8"));
        String announcement = "announce route 10.0.0.0/8 next-hop self as-path [ 65001 7 ]";
        assertEquals(Map.of(PEER.address(), Set.of(prefix)), routes.apply(CommandParser.parse(announcement)));
        assertEquals(Map.of(), routes.apply(CommandParser.parse(announcement)));
        assertEquals(
                "[65001 7]", routes.routes(PEER.address()).get(prefix).others().toString());
        assertEquals(Map.of(), routes.apply(CommandParser.parse("show neighbor")));
        assertEquals(Map.of(), routes.apply(CommandParser.parse("neighbor 10.9.9.9 withdraw route 10.0.0.0/8")));
        assertEquals(1, routes.routes(PEER.address()).size());
        routes.apply(CommandParser.parse("withdraw route 10.0.0.0/8"));
        assertEquals(0, routes.routes(PEER.address()).size());
    }
}
