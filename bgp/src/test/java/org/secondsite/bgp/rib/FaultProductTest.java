package org.secondsite.bgp.rib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * Every attribute with every fault, in every kind of message, from every kind of peer. What must become of it is computed
 * here from the documents' own table, not from the code's.
 */
class FaultProductTest {
    private static final Path DOCUMENT = Path.of("docs/faults.md");
    private static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
    private static final Importer RULES = new Importer(65100, Optional.empty(), OptionalLong.empty(), Set.of(), false);
    private static final String NLRI = "18cb0071";
    private static final NeighborSettings NEIGHBOR = NeighborSettings.of(Prefix.parseAddress("10.0.0.2"), 65001);
    private static final EventJson HELPER = new EventJson(EventJson.Form.FOUR, 65100, "here", 1, 1);
    private static final ReceivedRoute BEFORE = route("203.0.113.0/24", "10.0.0.2");
    private static final ReceivedRoute BEFORE6 = route("2001:db8:113::/48", "2001:db8::2");

    /** Whom an attribute is taken from. */
    private enum From {
        ALL,
        INTERNAL,
        OLD
    }

    /** What RFC 7606 §2 knows. */
    private enum Effect {
        OK("·"),
        DISCARD("D"),
        WITHDRAW("W"),
        RESET("R");

        private final String mark;

        Effect(String mark) {
            this.mark = mark;
        }
    }

    private enum Fault {
        FLAGS("flags", "RFC 7606 §3 c"),
        SHORT("one octet short", ""),
        LONG("one octet long", ""),
        EMPTY("empty", ""),
        OVERRUN("length past the end", "RFC 7606 §4"),
        REPEATED("repeated", "RFC 7606 §3 g"),
        MISSING("missing", "RFC 7606 §3 d"),
        CUT_HEADER("cut in its header", "RFC 7606 §4");

        private final String words;
        private final String source;

        /** Without a source of its own the attribute's is meant. */
        Fault(String words, String source) {
            this.words = words;
            this.source = source;
        }
    }

    private enum Carrier {
        NLRI,
        MP_REACH,
        MP_UNREACH,
        NONE
    }

    private enum Peer {
        EXTERNAL,
        INTERNAL,
        TWO_OCTET
    }

    /** One line of the documents. */
    private record Row(
            int code, int flags, String value, String valueOfOld, Effect malformed, From from, String source) {
        Row(int code, int flags, String value, Effect malformed, From from, String source) {
            this(code, flags, value, value, malformed, from, source);
        }
    }

    private static final List<Row> ROWS = List.of(
            new Row(1, 0x40, "00", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.1"),
            new Row(2, 0x40, "02010000fde9", "0201fde9", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.2"),
            new Row(3, 0x40, "0a070001", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.3"),
            new Row(4, 0x80, "00000005", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.4"),
            new Row(5, 0x40, "00000064", Effect.WITHDRAW, From.INTERNAL, "RFC 7606 §7.5"),
            new Row(6, 0x40, "", Effect.DISCARD, From.ALL, "RFC 7606 §7.6"),
            new Row(7, 0xc0, "0000fde90a000001", "fde90a000001", Effect.DISCARD, From.ALL, "RFC 7606 §7.7"),
            new Row(8, 0xc0, "fde90001", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.8"),
            new Row(9, 0x80, "0a000009", Effect.WITHDRAW, From.INTERNAL, "RFC 7606 §7.9"),
            new Row(10, 0x80, "0a000009", Effect.WITHDRAW, From.INTERNAL, "RFC 7606 §7.10"),
            new Row(
                    14,
                    0x80,
                    "0002011020010db80000000000000000000000010030" + "20010db80113",
                    Effect.RESET,
                    From.ALL,
                    "RFC 7606 §7.11, §5.3"),
            new Row(15, 0x80, "00020130" + "20010db80114", Effect.RESET, From.ALL, "RFC 7606 §7.12, §5.3"),
            new Row(16, 0xc0, "0002fde900000009", Effect.WITHDRAW, From.ALL, "RFC 7606 §7.14"),
            new Row(17, 0xc0, "02010000fde9", Effect.DISCARD, From.OLD, "RFC 6793 §6"),
            new Row(18, 0xc0, "0000fde90a000001", Effect.DISCARD, From.OLD, "RFC 6793 §6"),
            new Row(32, 0xc0, "0000fde90000000100000002", Effect.WITHDRAW, From.ALL, "RFC 8092 §6"));

    private static ReceivedRoute route(String prefix, String nextHop) {
        return new ReceivedRoute(
                Nlri.of(Prefix.parse(prefix)), Optional.of(Prefix.parseAddress(nextHop)), PathAttributes.NONE);
    }

    private static String attribute(int flags, int code, String value) {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits((byte) flags)
                + hex.toHexDigits((byte) code)
                + hex.toHexDigits((byte) (value.length() / 2))
                + value;
    }

    private static String value(Row row, Peer peer) {
        return peer == Peer.TWO_OCTET ? row.valueOfOld() : row.value();
    }

    /** The faulty attribute; empty where the fault is that it is not there. */
    private static String faulty(Row row, Fault fault, Peer peer) {
        String value = value(row, peer);
        return switch (fault) {
            case FLAGS -> attribute(row.flags() ^ 0x80, row.code(), value);
            case SHORT -> attribute(row.flags(), row.code(), value.substring(0, Math.max(0, value.length() - 2)));
            case LONG -> attribute(row.flags(), row.code(), value + "ff");
            case EMPTY -> attribute(row.flags(), row.code(), "");
            case OVERRUN -> {
                String sound = attribute(row.flags(), row.code(), value);
                yield sound.substring(0, 4) + HexFormat.of().toHexDigits((byte) (value.length() / 2 + 20)) + value;
            }
            case REPEATED -> attribute(row.flags(), row.code(), value).repeat(2);
            case MISSING -> "";
            case CUT_HEADER ->
                HexFormat.of().toHexDigits((byte) row.flags()) + HexFormat.of().toHexDigits((byte) row.code());
        };
    }

    private static Row row(int code) {
        return ROWS.stream().filter(r -> r.code() == code).findFirst().orElseThrow();
    }

    private static boolean isTaken(Row row, Peer peer) {
        return row.from() == From.ALL
                || (row.from() == From.INTERNAL && peer == Peer.INTERNAL)
                || (row.from() == From.OLD && peer == Peer.TWO_OCTET);
    }

    /** The types that the carrier has besides the faulty one. */
    private static List<Integer> sound(Carrier carrier, Peer peer) {
        List<Integer> codes = new ArrayList<>();
        switch (carrier) {
            case NLRI -> codes.addAll(List.of(1, 2, 3));
            case MP_REACH -> codes.addAll(List.of(14, 1, 2));
            case MP_UNREACH -> codes.add(15);
            case NONE -> codes.addAll(List.of(1, 2));
        }
        if (peer == Peer.INTERNAL && carrier != Carrier.MP_UNREACH) {
            codes.add(5);
        }
        return codes;
    }

    private static Effect expected(Row row, Fault fault, Carrier carrier, Peer peer) {
        boolean prefixes = row.code() == 14 || row.code() == 15;
        boolean reachable = carrier == Carrier.NLRI || carrier == Carrier.MP_REACH;
        Effect effect =
                switch (fault) {
                    case FLAGS ->
                        !isTaken(row, peer) ? Effect.DISCARD : prefixes ? Effect.RESET : Effect.WITHDRAW; // §3 c
                    case SHORT, LONG, EMPTY -> {
                        // An empty AS_PATH is one; so is an ATOMIC_AGGREGATE, which has nothing to be cut.
                        boolean isSound =
                                (row.code() == 2 && fault == Fault.EMPTY) || (row.code() == 6 && fault != Fault.LONG);
                        yield !isTaken(row, peer) ? Effect.DISCARD : isSound ? Effect.OK : row.malformed();
                    }
                    case OVERRUN -> prefixes ? Effect.RESET : Effect.WITHDRAW; // §4
                    case REPEATED -> prefixes ? Effect.RESET : Effect.DISCARD; // §3 g
                    case CUT_HEADER -> Effect.WITHDRAW; // §4
                    case MISSING -> {
                        boolean mandatory = reachable
                                && (row.code() == 1
                                        || row.code() == 2
                                        || (row.code() == 3 && carrier == Carrier.NLRI)
                                        || (row.code() == 5 && peer == Peer.INTERNAL));
                        yield mandatory ? Effect.WITHDRAW : Effect.OK; // §3 d
                    }
                };
        // The prefixes of an MP_REACH_NLRI that is at fault or missing are none that could be withdrawn.
        boolean withdrawable = carrier == Carrier.NLRI || (carrier == Carrier.MP_REACH && row.code() != 14);
        return effect == Effect.WITHDRAW && !withdrawable ? Effect.RESET : effect; // §5.2
    }

    private static Decoded decode(Row row, Fault fault, Carrier carrier, Peer peer) {
        StringBuilder attributes = new StringBuilder();
        for (int code : sound(carrier, peer)) {
            if (code != row.code()) {
                attributes.append(attribute(row(code).flags(), code, value(row(code), peer)));
            }
        }
        attributes.append(faulty(row, fault, peer));
        HexFormat hex = HexFormat.of();
        String body = "0000" + hex.toHexDigits((short) (attributes.length() / 2)) + attributes
                + (carrier == Carrier.NLRI ? NLRI : "");
        String message = "ff".repeat(16) + hex.toHexDigits((short) (19 + body.length() / 2)) + "02" + body;
        SessionTraits traits = new SessionTraits(peer != Peer.INTERNAL, peer != Peer.TWO_OCTET, false, BOTH, Set.of());
        return MessageDecoder.decode(Unpooled.wrappedBuffer(hex.parseHex(message)), traits);
    }

    /** What RIB, helper and metric are told; before it, the RIB has what the carrier announces without a fault. */
    private static Effect effect(Decoded decoded, Carrier carrier) {
        if (!(decoded instanceof Decoded.Message message)) {
            return Effect.RESET;
        }
        ReceivedUpdate told = RULES.judge(message, (UpdateMessage) message.message());
        assertTrue(told.faults().isEmpty() || told.endOfRib().isEmpty(), "an End-of-RIB with faults");
        AdjRibIn rib = new AdjRibIn(Map.of());
        rib.apply(new ReceivedUpdate(
                PathAttributes.NONE, List.of(BEFORE, BEFORE6), List.of(), Map.of(), Optional.empty(), List.of()));
        rib.apply(told);
        String helper = HELPER.update(NEIGHBOR, NEIGHBOR.address(), told, 0);
        Nlri route = carrier == Carrier.NLRI ? BEFORE.nlri() : BEFORE6.nlri();
        boolean stands = rib.route(route).isPresent();
        assertEquals(told.announced().isEmpty(), !helper.contains("\"announce\""), helper);
        assertEquals(told.faults().isEmpty(), !helper.contains("\"faults\""), helper);
        assertEquals(metric(message, told), told.treatment());
        if (message.treatAsWithdraw()) {
            assertTrue(!stands && helper.contains("\"withdraw\""), helper);
            assertTrue(told.announced().isEmpty() && told.attributes().isEmpty(), "announced in spite of a fault");
            assertTrue(!told.withdrawn().isEmpty(), "nothing withdrawn");
            return Effect.WITHDRAW;
        }
        assertTrue(stands, "a route that stood is gone without a word");
        return told.faults().stream().anyMatch(f -> f.treatment() == Treatment.ATTRIBUTE_DISCARD)
                ? Effect.DISCARD
                : Effect.OK;
    }

    private static Optional<Treatment> metric(Decoded.Message message, ReceivedUpdate told) {
        return message.treatAsWithdraw()
                ? Optional.of(Treatment.TREAT_AS_WITHDRAW)
                : told.faults().isEmpty() ? Optional.empty() : Optional.of(Treatment.ATTRIBUTE_DISCARD);
    }

    /** {@code docs/faults.md} is the whole product, as the tests below require it. */
    @Test
    void theDocumentIsTheProduct() throws IOException {
        StringBuilder text = new StringBuilder("""
                # Faults of attributes

                Made from `FaultProductTest`: every attribute with every fault, in messages whose prefixes stand in the NLRI field,
                in MP_REACH_NLRI, that only withdraw (MP_UNREACH_NLRI), or that have none; in each cell from an external peer, an
                internal one, and an external one with AS numbers of two octets. Where nothing could be withdrawn instead, RFC 7606
                §5.2 makes a reset of W.

                | | RIB | helper, listener | metric |
                | --- | --- | --- | --- |
                | **·** no fault | as the message says | the same | none |
                | **D** attribute discard | as the message says, without the attribute | the same, and `faults` | `…_update_attribute_discarded_total` |
                | **W** treat as withdraw | the prefixes are gone | `withdraw` and `faults`, never `announce`, never an End-of-RIB | `…_update_treated_as_withdraw_total` |
                | **R** session reset | all routes of the neighbour are gone | `notification`, `down` | `…_peer_state` 0 |

                | attribute | fault | by | NLRI | MP_REACH | MP_UNREACH | none |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Row row : ROWS) {
            for (Fault fault : Fault.values()) {
                text.append(String.format(
                        Locale.ROOT,
                        "| %s | %s | %s |",
                        AttributeType.ofCode(row.code()).orElseThrow(),
                        fault.words,
                        fault.source.isEmpty() ? row.source() : fault.source));
                for (Carrier carrier : Carrier.values()) {
                    for (Peer peer : Peer.values()) {
                        text.append(' ').append(expected(row, fault, carrier, peer).mark);
                    }
                    text.append(" |");
                }
                text.append('\n');
            }
        }
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(DOCUMENT, text);
        }
        assertEquals(Files.readString(DOCUMENT), text.toString(), "stale: run this test with -Ddocs.write=true");
    }

    @Test
    void everyAttributeIsInTheTable() {
        assertEquals(
                List.of(AttributeType.values()).stream()
                        .map(AttributeType::code)
                        .sorted()
                        .toList(),
                ROWS.stream().map(Row::code).sorted().toList());
    }

    @Test
    void everyFaultOfEveryAttributeInEveryMessageOfEveryPeerDoesWhatTheDocumentsSay() {
        List<String> wrong = new ArrayList<>();
        int cases = 0;
        for (Row row : ROWS) {
            for (Fault fault : Fault.values()) {
                for (Carrier carrier : Carrier.values()) {
                    for (Peer peer : Peer.values()) {
                        cases++;
                        Effect expected = expected(row, fault, carrier, peer);
                        Decoded decoded = decode(row, fault, carrier, peer);
                        Effect became = effect(decoded, carrier);
                        if (became != expected) {
                            wrong.add(row.code() + " " + fault + " in " + carrier + " from " + peer + " ("
                                    + row.source() + "): " + expected + " expected, became " + became + ": " + decoded);
                        }
                    }
                }
            }
        }
        assertEquals(16 * 8 * 4 * 3, cases);
        assertEquals(List.of(), wrong, wrong.size() + " of " + cases);
    }
}
