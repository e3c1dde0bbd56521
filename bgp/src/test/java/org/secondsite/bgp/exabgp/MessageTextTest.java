package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.bgp.wire.Prefix;

/** What {@code bgp decode} and {@code bgp encode} make of messages and commands of each kind of session. */
class MessageTextTest {
    private static final MessageText EXTERNAL = MessageText.ofExternalSession(65000);

    private static MessageText session(long localAs, OptionalLong peerAs, boolean twoOctetAs, boolean addPath) {
        return new MessageText(
                localAs,
                peerAs,
                twoOctetAs,
                addPath,
                false,
                MessageText.ALL_FAMILIES,
                Optional.of((Inet4Address) Prefix.parseAddress("10.0.1.254")),
                Optional.empty());
    }

    private static String update(String body) {
        return "ff".repeat(16) + HexFormat.of().toHexDigits((short) (19 + body.length() / 2)) + "02" + body;
    }

    @Test
    void aFaultyUpdateIsNoEndOfRib() {
        String text = EXTERNAL.decode(update("0000000440012000"));
        assertFalse(text.contains("eor"), text);
        assertTrue(text.contains("Attribute Length Error (3/5)"), text);
    }

    @Test
    void aRouteThatIsTreatedAsWithdrawnIsShownWithdrawnWithItsFault() {
        String text =
                EXTERNAL.decode(update("0000001c4001010040020602010000fde94003040a000001c00805fde900010018c63364"));
        assertTrue(text.contains("\"withdraw\": { \"ipv4 unicast\": [ { \"nlri\": \"198.51.100.0/24\" } ] }"), text);
        assertFalse(text.contains("announce"), text);
        assertTrue(text.contains("TREAT_AS_WITHDRAW: COMMUNITIES: 5 octets"), text);
    }

    @Test
    void pathIdentifierZeroIsOne() {
        String text = session(65000, OptionalLong.empty(), false, true)
                .decode(update("0000001c4001010040020040030465016501800404000000c840050400000064000000002001010101"));
        assertTrue(text.contains("\"path-information\": \"0.0.0.0\""), text);
    }

    @Test
    void attributesWithoutAPrefixAreShown() {
        String text = session(65000, OptionalLong.of(65000), false, false)
                .decode(update(
                        "000000384001010040020e02030000aaaa0000aaaa0000aaaac0070800aa00aa0a0a0a0a4006004003040a0a0a0a80"
                                + "04040000000040050400000064"));
        for (String shown : List.of("origin", "as-path", "med", "local-preference", "atomic-aggregate", "aggregator")) {
            assertTrue(text.contains("\"" + shown + "\""), shown + " in " + text);
        }
    }

    @Test
    void theSessionSaysWhetherAPeerIsInternalAndHowLongAsNumbersAre() {
        String internal = session(65000, OptionalLong.of(65000), false, false)
                .decode(update("00000020400101004002004003040f0f0f0140050400000064c0100800030064000003e8200a000001"));
        assertTrue(internal.contains("\"local-preference\": 100"), internal);
        String old = session(65000, OptionalLong.of(100), true, false)
                .decode(update("0000001940010100400204020100644003040a00fffe40050400000064180a0001"));
        assertTrue(old.contains("\"as-path\": [ 100 ]"), old);
    }

    @Test
    void rfc8950IsReadWhereItIsOffered() {
        String text = session(65000, OptionalLong.of(65000), false, false)
                .decode(
                        update(
                                "0000002b4001010040020040050400000064800e1a000101100badcafe0badcafe0badcafe0badcafe002099999999"));
        assertTrue(
                text.contains("\"bad:cafe:bad:cafe:bad:cafe:bad:cafe\": [ { \"nlri\": \"153.153.153.153/32\""), text);
    }

    @Test
    void aWrittenAsPathIsSentAsWritten() {
        assertEquals(
                List.of("ff".repeat(16) + "002f02000000144001010040020602010000fffd4003040a0001fe180a0000"),
                session(65533, OptionalLong.empty(), false, false)
                        .encode("announce route 10.0.0.0/24 next-hop 10.0.1.254 origin igp as-path [65533]"));
        String other = EXTERNAL.decode(session(65000, OptionalLong.empty(), false, false)
                .encode("announce route 10.0.0.0/24 next-hop self as-path [ 64999 ]")
                .getFirst());
        assertTrue(other.contains("\"as-path\": [ 64999 ]"), other);
    }

    @Test
    void internalPeersAreToldLocalPreferenceAndAnEmptyPath() {
        MessageText internal = session(65000, OptionalLong.of(65000), false, false);
        String text = internal.decode(internal.encode("announce route 10.0.0.0/24 next-hop self local-preference 200")
                .getFirst());
        assertTrue(text.contains("\"local-preference\": 200"), text);
        assertFalse(text.contains("as-path"), text); // an empty path is not shown, as by ExaBGP
    }

    @Test
    void pathInformationIsTheIdentifierOfAddPath() {
        String hex = session(65000, OptionalLong.empty(), false, true)
                .encode("announce route 193.0.2.1/32 next-hop 10.0.0.1 path-information 1.2.3.4")
                .getFirst();
        assertTrue(hex.endsWith("0102030420c1000201"), hex);
    }

    @Test
    void extendedCommunitiesHaveNames() {
        String hex = EXTERNAL.encode("announce route 10.0.0.1/32 next-hop 15.15.15.1"
                        + " extended-community [ origin:100:0.0.3.232 redirect:1300:83000 ]")
                .getFirst();
        assertTrue(hex.contains("00030064000003e88008051400014438"), hex);
        assertTrue(EXTERNAL.decode(hex).contains("\"redirect:1300:83000\""));
    }

    @Test
    void linkLocalNextHopsStandBesideTheGlobalOnes() {
        String hex = EXTERNAL.encode(
                        "announce ipv6 unicast 2001:db8:1::1/128 next-hop 2001:db8::ffff link-local fe80::1")
                .getFirst();
        assertTrue(
                hex.contains("00020120" + "20010db800000000000000000000ffff" + "fe800000000000000000000000000001"),
                hex);
    }

    @Test
    void flowRoutesGoBothWays() {
        String hex = EXTERNAL.encode("announce flow route { match { destination 10.0.0.2/32; } then { discard; } }")
                .getFirst();
        assertTrue(hex.contains("0001850000" + "06" + "01200a000002"), hex);
        assertTrue(EXTERNAL.decode(hex).contains("\"string\": \"flow destination-ipv4 10.0.0.2/32\""));
    }

    @Test
    void otherFamiliesAreOctetsInAndTheSameOctetsShown() {
        String text = EXTERNAL.decode(update("00000025" + "800e15" + "00018000" + "00"
                + "0102030405060708090a0b0c0d0e0f10" + "40010100" + "40020602010000fde9"));
        assertTrue(text.contains("\"raw\": \"0102030405060708090A0B0C0D0E0F10\""), text);
    }

    /** ExaBGP 5's form of a filter: no sections, actions as extended communities. Type 0x80 06, 0x80 0c, 0x07 02, 0x47 02, … */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rate-limit:0 | 8006000000000000 | rate-limit:0",
                "rate-limit:9600 | 8006000046160000 | rate-limit:9600",
                "rate-limit:1000:packets | 800c0000447a0000 | rate-limit:1000:packets",
                "interface-set:transitive:input-output:1234:10 | 0702000004d2c00a | interface-set:input-output:1234:10",
                "interface-set:non-transitive:output:254:7 | 4702000000fe8007 | interface-set:output:254:7",
                "copy-to-nexthop | 0800000000000001 | copy-to-nexthop",
                "redirect-to-nexthop | 0800000000000000 | redirect-to-nexthop",
                "action sample-terminal | 8007000000000003 | action sample-terminal",
                "mark 10 | 800900000000000a | mark 10",
                "redirect-to-nexthop-ietf 192.0.2.4 | 010cc00002040000 | redirect-to-nexthop-ietf 192.0.2.4",
                "redirect:65000:12345 | 8008fde800003039 | redirect:65000:12345"
            })
    void filtersOfOneLineHaveTheirActionsAmongTheExtendedCommunities(String word, String hex, String shown) {
        MessageText session = session(65000, OptionalLong.of(65000), false, false);
        String message = session.encode(
                        "announce ipv4 flow destination-ipv4 192.0.2.0/25 protocol =tcp port [ =80 >1024&<2048 ]"
                                + " extended-community [ " + word + " ] community [ 65000:1 ]")
                .getFirst();
        assertTrue(message.contains("c01008" + hex), message);
        assertTrue(message.contains("c00804fde80001"), message);
        assertTrue(message.contains("0119c0000200" + "038106" + "040150" + "120400" + "d40800"), message);
        String text = session.decode(message, EventJson.Form.FIVE);
        assertTrue(text.contains("\"" + shown + "\""), text);
        String withdrawn = session.encode("withdraw ipv4 flow destination-ipv4 192.0.2.0/25 protocol =tcp")
                .getFirst();
        assertTrue(withdrawn.contains("000185090119c0000200038106"), withdrawn);
    }

    @Test
    void oneLineOfAFilterIsTheSameAsItsSections() {
        assertEquals(
                EXTERNAL.encode("announce flow route { match { source 192.0.2.9/32; } scope { interface-set"
                        + " [ transitive:input:64500:7 ]; } then { discard; } }"),
                EXTERNAL.encode(
                        "announce flow route source 192.0.2.9/32 interface-set [ transitive:input:64500:7 ] discard"));
        for (String refused : List.of(
                "announce ipv4 flow destination-ipv6 2001:db8::/48 discard",
                "announce ipv6 flow destination-ipv4 192.0.2.0/24 discard",
                "announce ipv4 flow rd 65000:1 destination-ipv4 192.0.2.0/24 discard",
                "announce ipv4 flow destination-ipv4 192.0.2.0/24 extended-community [ mark ]",
                "announce ipv4 flow destination-ipv4 192.0.2.0/24 destination-ipv4 198.51.100.0/24",
                "announce ipv4 flow extended-community [ rate-limit:0 ]",
                "announce ipv4 multicast 192.0.2.0/24 next-hop self")) {
            assertThrows(IllegalArgumentException.class, () -> EXTERNAL.encode(refused), refused);
        }
    }

    @Test
    void ipv6NextHopsOfFiltersHaveWords() {
        String hex = EXTERNAL.encode("announce flow route { match { destination 192.0.2.0/24; } then {"
                        + " redirect-to-nexthop-ietf 2001:db8::7; } }")
                .getFirst();
        String five = EXTERNAL.decode(hex, EventJson.Form.FIVE);
        assertTrue(five.contains("\"extended-community-ipv6\": [ { \"value\": "), five);
        assertTrue(five.contains("\"redirect-to-nexthop-ietf 2001:db8::7\""), five);
        String four = EXTERNAL.decode(hex);
        assertTrue(four.contains("\"attribute-0x19-0xC0\": \"redirect-to-nexthop-ietf 2001:db8::7\""), four);
    }

    /** RFC 8956 §3.1 has the bits behind the offset alone; ExaBGP writes those before it, too. */
    @Test
    void patternsBehindAnOffsetAreReadInBothForms() {
        String command = "announce ipv6 flow source-ipv6 ::1/128/120 next-header =udp discard";
        String ours = EXTERNAL.encode(command).getFirst();
        assertTrue(ours.contains("000285" + "0000" + "07" + "02807801" + "038111"), ours);
        String theirs = update("0000002c" + "800e1c" + "000285" + "0000" + "16" + "028078" + "0".repeat(30) + "01"
                + "038111" + "40010100" + "40020602010000fde9");
        for (String hex : List.of(ours, theirs)) {
            String text = EXTERNAL.decode(hex);
            assertTrue(text.contains("\"source-ipv6\": [ \"::1/128/120\" ]"), text);
            assertTrue(text.contains("\"next-header\": [ \"=udp\" ]"), text);
        }
    }

    @Test
    void attributesGivenByOctetsAreThoseOfTheirWords() {
        assertEquals(
                EXTERNAL.encode("announce route 192.0.2.0/24 next-hop 10.0.0.1 med 7 community [ 1:2 ]"
                        + " large-community [ 1:2:3 1:2:3 ]"),
                EXTERNAL.encode(
                        "announce route 192.0.2.0/24 next-hop 10.0.0.1 attribute [ 0x20 0xc0"
                                + " 0x000000010000000200000003 ] attribute [ 4 0x80 0x00000007 ] attribute [ 8 0xc0 0x00010002 ]"));
        for (String refused : List.of("4 0x40 0x00000007", "4 0x80 0x07", "3 0x40 0x0a000001", "0x63 0xc0 0x0g")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> EXTERNAL.encode(
                            "announce route 192.0.2.0/24 next-hop 10.0.0.1 attribute [ " + refused + " ]"),
                    refused);
        }
    }

    @Test
    void whatASessionDoesWithALoopbackNextHopDependsOnItsEnds() {
        String hex = EXTERNAL.encode("announce route 192.0.2.0/24 next-hop 127.0.0.1")
                .getFirst();
        String announced = "\"announce\": { \"ipv4 unicast\": { \"127.0.0.1\"";
        String unknown = EXTERNAL.decode(hex);
        assertTrue(unknown.contains(announced), unknown);
        assertTrue(unknown.contains("\"refused-between-hosts\": { \"192.0.2.0/24\": \"the next hop"), unknown);
        String within = between("127.0.0.1").decode(hex);
        assertTrue(within.contains(announced) && !within.contains("refused"), within);
        String between = between("192.0.2.1").decode(hex);
        assertTrue(between.contains("\"refused\": { \"192.0.2.0/24\"") && !between.contains(announced), between);
        String nobody = EXTERNAL.encode("announce route 192.0.2.0/24 next-hop 255.255.255.255")
                .getFirst();
        assertTrue(EXTERNAL.decode(nobody).contains("\"refused\": {"), nobody);
    }

    private static MessageText between(String self) {
        return new MessageText(
                0,
                OptionalLong.empty(),
                false,
                false,
                false,
                MessageText.ALL_FAMILIES,
                Optional.of((Inet4Address) Prefix.parseAddress(self)),
                Optional.empty());
    }

    /** As ExaBGP writes of a message that has no prefix. */
    @Test
    void attributesAloneMakeAMessageWithoutAPrefix() {
        String attributes = "40010100" + "40020602010000fde8" + "800404" + "00000007";
        assertEquals(List.of(update("00000014" + attributes)), EXTERNAL.encode("attributes origin igp med 7"));
        assertThrows(IllegalArgumentException.class, () -> EXTERNAL.encode("attributes med"));
        assertThrows(IllegalArgumentException.class, () -> EXTERNAL.encode("attributes med 7 nlri 10.0.0.0/8"));
    }

    @Test
    void largeCommunitiesAreNotRepeated() {
        String hex = EXTERNAL.encode(
                        "announce route 192.0.2.0/24 next-hop 10.0.0.1 large-community [ 1:2:3 4:5:6 1:2:3 ]")
                .getFirst();
        assertTrue(hex.contains("c02018" + "000000010000000200000003" + "000000040000000500000006"), hex);
    }
}
