package org.secondsite.bgp.exabgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
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
        assertTrue(text.contains("\"as-path\": []") && text.contains("\"local-preference\": 200"), text);
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
}
