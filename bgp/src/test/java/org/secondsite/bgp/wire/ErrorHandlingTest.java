package org.secondsite.bgp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each fault does: RFC 4271 §6 with the revisions of RFC 7606 and those who use it. */
class ErrorHandlingTest {
    private static final String MARKER = "ff".repeat(16);
    private static final String ORIGIN = "40010100";
    private static final String AS_PATH = "40020602010000fde9";
    private static final String NEXT_HOP = "4003040a070001";
    private static final String NLRI = "18cb0071";
    private static final Set<AddressFamily> BOTH = GoldenMessages.BOTH;
    private static final SessionTraits EXTERNAL = new SessionTraits(true, true, false, BOTH, Set.of());
    private static final SessionTraits INTERNAL = new SessionTraits(false, true, false, BOTH, Set.of());

    private static Decoded decode(String hex, SessionTraits traits) {
        return MessageDecoder.decode(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)), traits);
    }

    private static String framed(String typeAndBody) {
        return MARKER + HexFormat.of().toHexDigits((short) (18 + typeAndBody.length() / 2)) + typeAndBody;
    }

    private static String update(String withdrawn, String attributes, String nlri) {
        HexFormat hex = HexFormat.of();
        return framed("02" + hex.toHexDigits((short) (withdrawn.length() / 2)) + withdrawn
                + hex.toHexDigits((short) (attributes.length() / 2)) + attributes + nlri);
    }

    @ParameterizedTest(name = "rfc4271Section6: {0}")
    @CsvSource(textBlock = """
            marker, fffffffffffffffffffffffffffffffe001304, CONNECTION_NOT_SYNCHRONIZED, ''
            length below the header, ffffffffffffffffffffffffffffffff001204, BAD_MESSAGE_LENGTH, 0012
            length above 4096, ffffffffffffffffffffffffffffffff100102, BAD_MESSAGE_LENGTH, 1001
            long KEEPALIVE, ffffffffffffffffffffffffffffffff00140400, BAD_MESSAGE_LENGTH, 0014
            short OPEN, ffffffffffffffffffffffffffffffff001c01, BAD_MESSAGE_LENGTH, 001c
            short UPDATE, ffffffffffffffffffffffffffffffff001602, BAD_MESSAGE_LENGTH, 0016
            short NOTIFICATION, ffffffffffffffffffffffffffffffff001403, BAD_MESSAGE_LENGTH, 0014
            type 0, ffffffffffffffffffffffffffffffff001300, BAD_MESSAGE_TYPE, 00
            type 6, ffffffffffffffffffffffffffffffff001306, BAD_MESSAGE_TYPE, 06
            version 3, ffffffffffffffffffffffffffffffff001d0103fde9005a0a00000100, UNSUPPORTED_VERSION_NUMBER, 0004
            AS 0, ffffffffffffffffffffffffffffffff001d01040000005a0a00000100, BAD_PEER_AS, ''
            hold time 1, ffffffffffffffffffffffffffffffff001d0104fde900010a00000100, UNACCEPTABLE_HOLD_TIME, ''
            hold time 2, ffffffffffffffffffffffffffffffff001d0104fde900020a00000100, UNACCEPTABLE_HOLD_TIME, ''
            identifier 0, ffffffffffffffffffffffffffffffff001d0104fde9005a0000000000, BAD_BGP_IDENTIFIER, ''
            parameter 1, ffffffffffffffffffffffffffffffff00200104fde9005a0a00000103010100, UNSUPPORTED_OPTIONAL_PARAMETER, ''
            parameter cut, ffffffffffffffffffffffffffffffff001f0104fde9005a0a000001020206, OPEN_UNSPECIFIC, ''
            capability cut, ffffffffffffffffffffffffffffffff00210104fde9005a0a0000010402020104, OPEN_UNSPECIFIC, ''
            wrong parameters length, ffffffffffffffffffffffffffffffff001d0104fde9005a0a00000105, OPEN_UNSPECIFIC, ''
            refresh mark of 5 octets, ffffffffffffffffffffffffffffffff0018050001010100, INVALID_MESSAGE_LENGTH, ffffffffffffffffffffffffffffffff0018050001010100
            """)
    void resets(String name, String hex, BgpError error, String data) {
        Decoded.Reset reset = assertInstanceOf(Decoded.Reset.class, decode(hex, EXTERNAL));
        assertEquals(NotificationMessage.of(error, Octets.ofHex(data)), reset.notification());
    }

    @Test
    void rfc8654LongMessagesAreForThoseWhoAgreedAndNotForOpen() {
        SessionTraits extended = new SessionTraits(true, true, true, BOTH, Set.of());
        assertInstanceOf(Decoded.NeedMore.class, decode(MARKER + "ffff02", extended));
        assertInstanceOf(Decoded.Reset.class, decode(MARKER + "ffff02", EXTERNAL));
        assertInstanceOf(Decoded.Reset.class, decode(MARKER + "ffff01", extended));
        assertInstanceOf(Decoded.Reset.class, decode(MARKER + "ffff04", extended));
    }

    /** One faulty attribute in an otherwise sound announcement. */
    @ParameterizedTest(name = "rfc7606Section7: {0}")
    @CsvSource(textBlock = """
            ORIGIN of 2 octets,          4001020000,             TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            ORIGIN 3,                    40010103,               TREAT_AS_WITHDRAW, INVALID_ORIGIN_ATTRIBUTE
            ORIGIN optional,             c0010100,               TREAT_AS_WITHDRAW, ATTRIBUTE_FLAGS_ERROR
            AS_PATH segment kind 9,      40020609010000fde9,     TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            AS_PATH overrun,             40020602020000fde9,     TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            AS_PATH underrun,            40020702010000fde902,   TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            AS_PATH empty segment,       4002020200,             TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            AS_PATH with AS 0,           4002060201 00000000,    TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            AS_PATH confederation,       40020603010000fde9,     TREAT_AS_WITHDRAW, MALFORMED_AS_PATH
            NEXT_HOP of 5 octets,        4003050a07000100,       TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            MED of 3 octets,             800403000001,           TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            MED well-known,              40040400000001,         TREAT_AS_WITHDRAW, ATTRIBUTE_FLAGS_ERROR
            ATOMIC_AGGREGATE of 1 octet, 40060100,               ATTRIBUTE_DISCARD, ATTRIBUTE_LENGTH_ERROR
            ATOMIC_AGGREGATE optional,   c00600,                 TREAT_AS_WITHDRAW, ATTRIBUTE_FLAGS_ERROR
            AGGREGATOR of 6 octets,      c00706fde90a000001,     ATTRIBUTE_DISCARD, ATTRIBUTE_LENGTH_ERROR
            AGGREGATOR with AS 0,        c00708000000000a000001, ATTRIBUTE_DISCARD, OPTIONAL_ATTRIBUTE_ERROR
            COMMUNITIES of 3 octets,     c00803000001,           TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            COMMUNITIES empty,           c00800,                 TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            LOCAL_PREF from outside,     4005020000,             ATTRIBUTE_DISCARD, OPTIONAL_ATTRIBUTE_ERROR
            ORIGINATOR_ID from outside,  80090100,               ATTRIBUTE_DISCARD, OPTIONAL_ATTRIBUTE_ERROR
            CLUSTER_LIST from outside,   800a0100,               ATTRIBUTE_DISCARD, OPTIONAL_ATTRIBUTE_ERROR
            EXTENDED_COMMUNITIES of 7,   c01007 00020000000000,  TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            AS4_PATH of a new speaker,   c01102 0200,            ATTRIBUTE_DISCARD, OPTIONAL_ATTRIBUTE_ERROR
            LARGE_COMMUNITIES of 11,     c0200b 0000000000000000000000, TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            LARGE_COMMUNITIES empty,     c02000,                 TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            unknown well-known,          406300,                 TREAT_AS_WITHDRAW, UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE
            runs past the list,          c0630a00,               TREAT_AS_WITHDRAW, ATTRIBUTE_LENGTH_ERROR
            cut in its header,           c063,                   TREAT_AS_WITHDRAW, MALFORMED_ATTRIBUTE_LIST
            cut in its length,           d06301,                 TREAT_AS_WITHDRAW, MALFORMED_ATTRIBUTE_LIST
            """)
    void treats(String name, String attribute, Treatment treatment, BgpError error) {
        String faulty = attribute.replace(" ", "");
        StringBuilder attributes = new StringBuilder();
        for (String sound : List.of(ORIGIN, AS_PATH, NEXT_HOP)) {
            boolean replaced = sound.substring(2, 4).equals(faulty.substring(2, 4));
            attributes.append(replaced ? "" : sound);
        }
        attributes.append(faulty);
        Decoded.Message message =
                assertInstanceOf(Decoded.Message.class, decode(update("", attributes.toString(), NLRI), EXTERNAL));
        assertEquals(1, message.faults().size(), message.toString());
        assertEquals(treatment, message.faults().getFirst().treatment());
        assertEquals(error, message.faults().getFirst().error());
        assertEquals(treatment == Treatment.TREAT_AS_WITHDRAW, message.treatAsWithdraw());
        UpdateMessage update = (UpdateMessage) message.message();
        assertEquals(List.of(Nlri.of(Prefix.parse("203.0.113.0/24"))), update.reachable());
    }

    @ParameterizedTest(name = "from an internal peer: {0}")
    @CsvSource(textBlock = """
            LOCAL_PREF of 2 octets,    4005020000,   TREAT_AS_WITHDRAW
            ORIGINATOR_ID of 1 octet,  80090100,     TREAT_AS_WITHDRAW
            CLUSTER_LIST of 5 octets,  800a050000000000, TREAT_AS_WITHDRAW
            """)
    void treatsInternal(String name, String attribute, Treatment treatment) {
        String localPreference = attribute.startsWith("4005") ? "" : "40050400000064";
        Decoded.Message message = assertInstanceOf(
                Decoded.Message.class,
                decode(update("", ORIGIN + AS_PATH + NEXT_HOP + localPreference + attribute, NLRI), INTERNAL));
        assertEquals(treatment, message.faults().getFirst().treatment());
    }

    @ParameterizedTest(name = "resets: {0}")
    @CsvSource(textBlock = """
            MP_REACH twice, 800e1c0002011020010db8000000000000000000000001003020010db80113800e1c0002011020010db8000000000000000000000001003020010db80113, MALFORMED_ATTRIBUTE_LIST
            MP_UNREACH twice, 800f03000201800f03000201, MALFORMED_ATTRIBUTE_LIST
            MP_REACH next hop of 5, 800e0a000201 050102030405 00, OPTIONAL_ATTRIBUTE_ERROR
            MP_REACH next hop runs past, 800e05000201 1000, OPTIONAL_ATTRIBUTE_ERROR
            MP_REACH prefix of 129 bits, 800e160002011020010db8000000000000000000000001 0081, OPTIONAL_ATTRIBUTE_ERROR
            MP_REACH prefix cut, 800e160002011020010db8000000000000000000000001 0030, OPTIONAL_ATTRIBUTE_ERROR
            MP_REACH well-known, 400e150002011020010db800000000000000000000000100, ATTRIBUTE_FLAGS_ERROR
            MP_REACH runs past the list, 800eff000201, OPTIONAL_ATTRIBUTE_ERROR
            MP_UNREACH of 2 octets, 800f020002, ATTRIBUTE_LENGTH_ERROR
            MP_UNREACH prefix cut, 800f0400020130, OPTIONAL_ATTRIBUTE_ERROR
            ORIGIN 3 and no prefix, 40010103, INVALID_ORIGIN_ATTRIBUTE
            """)
    void resetsSession(String name, String attributes, BgpError error) {
        String hex = attributes.replace(" ", "");
        Decoded.Reset reset = assertInstanceOf(Decoded.Reset.class, decode(update("", hex, ""), EXTERNAL));
        assertTrue(reset.notification().is(error), reset.toString());
    }

    @Test
    void rfc7606Section3PrefixesThatCannotBeReadReset() {
        for (String nlri : List.of("21cb0071", "18cb00")) {
            Decoded.Reset announced = assertInstanceOf(
                    Decoded.Reset.class, decode(update("", ORIGIN + AS_PATH + NEXT_HOP, nlri), EXTERNAL));
            assertTrue(announced.notification().is(BgpError.INVALID_NETWORK_FIELD));
            Decoded.Reset withdrawn = assertInstanceOf(Decoded.Reset.class, decode(update(nlri, "", ""), EXTERNAL));
            assertTrue(withdrawn.notification().is(BgpError.INVALID_NETWORK_FIELD));
        }
    }

    @Test
    void rfc4271Section6_3LengthsThatRunPastTheMessageReset() {
        for (String body : List.of("02000500000000", "0200000005")) {
            Decoded.Reset reset =
                    assertInstanceOf(Decoded.Reset.class, decode(framed((body + "000000").substring(0, 14)), EXTERNAL));
            assertTrue(reset.notification().is(BgpError.MALFORMED_ATTRIBUTE_LIST));
        }
    }

    @Test
    void rfc7606Section3RepeatedAttributesCountOnce() {
        Decoded.Message message = assertInstanceOf(
                Decoded.Message.class, decode(update("", ORIGIN + AS_PATH + NEXT_HOP + "40010102", NLRI), EXTERNAL));
        assertEquals(Treatment.ATTRIBUTE_DISCARD, message.faults().getFirst().treatment());
        UpdateMessage update = (UpdateMessage) message.message();
        assertEquals(
                PathAttribute.Origin.Source.IGP,
                update.attributes()
                        .get(PathAttribute.Origin.class)
                        .orElseThrow()
                        .source());
    }

    @Test
    void rfc7606Section3MissingMandatoryAttributesWithdraw() {
        for (String attributes : List.of(AS_PATH + NEXT_HOP, ORIGIN + NEXT_HOP, ORIGIN + AS_PATH)) {
            Decoded.Message message =
                    assertInstanceOf(Decoded.Message.class, decode(update("", attributes, NLRI), EXTERNAL));
            assertTrue(message.treatAsWithdraw());
            assertEquals(
                    BgpError.MISSING_WELL_KNOWN_ATTRIBUTE,
                    message.faults().getFirst().error());
        }
        Decoded.Message internal = assertInstanceOf(
                Decoded.Message.class, decode(update("", ORIGIN + AS_PATH + NEXT_HOP, NLRI), INTERNAL));
        assertTrue(internal.treatAsWithdraw());
    }

    @Test
    void withdrawalsNeedNoAttributes() {
        Decoded.Message message = assertInstanceOf(Decoded.Message.class, decode(update(NLRI, "", ""), EXTERNAL));
        assertTrue(message.faults().isEmpty());
    }

    @Test
    void familiesThatWereNotAgreedAreIgnored() {
        SessionTraits ipv4Only = new SessionTraits(true, true, false, Set.of(AddressFamily.IPV4_UNICAST), Set.of());
        Decoded.Message message = assertInstanceOf(
                Decoded.Message.class,
                decode(
                        update(
                                "",
                                "800e1c0002011020010db8000000000000000000000001003020010db80113" + ORIGIN + AS_PATH,
                                ""),
                        ipv4Only));
        assertEquals(Treatment.ATTRIBUTE_DISCARD, message.faults().getFirst().treatment());
        assertTrue(((UpdateMessage) message.message()).reachable().isEmpty());
    }

    @Test
    void ipv4MappedIpv6PrefixesStayIpv6() {
        String mapped = "00000000000000000000ffff0a000001";
        Decoded.Message message = assertInstanceOf(
                Decoded.Message.class,
                decode(
                        update("", "800e26000201" + "10" + mapped + "00" + "80" + mapped + ORIGIN + AS_PATH, ""),
                        EXTERNAL));
        Nlri.Unicast nlri =
                (Nlri.Unicast) ((UpdateMessage) message.message()).reachable().getFirst();
        assertEquals(128, nlri.prefix().length());
        assertEquals(16, nlri.prefix().address().getAddress().length);
    }

    @Test
    void notificationThatQuotesTooMuchIsCutToFit() {
        NotificationMessage quoting =
                NotificationMessage.of(BgpError.INVALID_MESSAGE_LENGTH, Octets.copyOf(new byte[5000]));
        ByteBuf out = Unpooled.buffer();
        MessageEncoder.encode(quoting, SessionTraits.BASIC, out);
        assertEquals(4096, out.readableBytes());
        assertInstanceOf(Decoded.Message.class, MessageDecoder.decode(out, SessionTraits.BASIC));
    }
}
