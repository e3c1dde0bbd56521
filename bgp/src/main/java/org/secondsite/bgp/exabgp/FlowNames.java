package org.secondsite.bgp.exabgp;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.wire.FlowSpec;

/** The words for the values of a traffic filter's components, as ExaBGP has them. */
final class FlowNames {
    private static final Map<String, Integer> PROTOCOLS = Map.ofEntries(
            Map.entry("icmp", 1),
            Map.entry("igmp", 2),
            Map.entry("tcp", 6),
            Map.entry("egp", 8),
            Map.entry("udp", 17),
            Map.entry("rsvp", 46),
            Map.entry("gre", 47),
            Map.entry("esp", 50),
            Map.entry("ah", 51),
            Map.entry("ospf", 89),
            Map.entry("ipip", 94),
            Map.entry("pim", 103),
            Map.entry("sctp", 132));
    private static final Map<String, Integer> ICMP_TYPES = Map.ofEntries(
            Map.entry("echo-reply", 0),
            Map.entry("unreachable", 3),
            Map.entry("source-quench", 4),
            Map.entry("redirect", 5),
            Map.entry("echo-request", 8),
            Map.entry("router-advertisement", 9),
            Map.entry("router-solicit", 10),
            Map.entry("time-exceeded", 11),
            Map.entry("parameter-problem", 12),
            Map.entry("timestamp", 13),
            Map.entry("timestamp-reply", 14),
            Map.entry("info-request", 15),
            Map.entry("info-reply", 16),
            Map.entry("mask-request", 17),
            Map.entry("mask-reply", 18),
            Map.entry("traceroute", 30),
            Map.entry("experimental-mobility", 41),
            Map.entry("extended-echo-request", 42),
            Map.entry("extended-echo-reply", 43),
            Map.entry("experimental-one", 253),
            Map.entry("experimental-two", 254));
    private static final Map<String, Integer> ICMP_CODES = Map.ofEntries(
            Map.entry("network-unreachable", 0),
            Map.entry("host-unreachable", 1),
            Map.entry("protocol-unreachable", 2),
            Map.entry("port-unreachable", 3),
            Map.entry("fragmentation-needed", 4),
            Map.entry("source-route-failed", 5),
            Map.entry("destination-network-unknown", 6),
            Map.entry("destination-host-unknown", 7),
            Map.entry("source-host-isolated", 8),
            Map.entry("destination-network-prohibited", 9),
            Map.entry("destination-host-prohibited", 10),
            Map.entry("network-unreachable-for-tos", 11),
            Map.entry("host-unreachable-for-tos", 12),
            Map.entry("communication-prohibited-by-filtering", 13),
            Map.entry("host-precedence-violation", 14),
            Map.entry("precedence-cutoff-in-effect", 15),
            Map.entry("redirect-for-network", 0),
            Map.entry("redirect-for-host", 1),
            Map.entry("redirect-for-tos-and-net", 2),
            Map.entry("redirect-for-tos-and-host", 3),
            Map.entry("ttl-eq-zero-during-transit", 0),
            Map.entry("ttl-eq-zero-during-reassembly", 1),
            Map.entry("required-option-missing", 1),
            Map.entry("ip-header-bad", 2));
    private static final Map<String, Integer> TCP_FLAGS = Map.of(
            "fin", 0x01, "syn", 0x02, "rst", 0x04, "push", 0x08, "ack", 0x10, "urg", 0x20, "urgent", 0x20, "ece", 0x40,
            "cwr", 0x80, "ns", 0x100);
    private static final Map<String, Integer> FRAGMENT =
            Map.of("not-a-fragment", 0, "dont-fragment", 1, "is-fragment", 2, "first-fragment", 4, "last-fragment", 8);
    private static final Map<Integer, String> PROTOCOL_NAMES = inverted(PROTOCOLS);
    private static final Map<Integer, String> ICMP_TYPE_NAMES = inverted(ICMP_TYPES);
    private static final Map<Integer, String> FRAGMENT_NAMES = inverted(FRAGMENT);
    private static final Map<Integer, String> TCP_FLAG_NAMES = Map.of(
            0x01, "fin", 0x02, "syn", 0x04, "rst", 0x08, "push", 0x10, "ack", 0x20, "urg", 0x40, "ece", 0x80, "cwr",
            0x100, "ns");

    private FlowNames() {}

    private static Map<Integer, String> inverted(Map<String, Integer> names) {
        Map<Integer, String> inverted = new HashMap<>();
        names.forEach((name, value) -> inverted.put(value, name));
        return Map.copyOf(inverted);
    }

    /** The value of a word: names and numbers, joined by {@code +}. */
    static long value(FlowSpec.Kind kind, String word) throws SyntaxException {
        Map<String, Integer> names =
                switch (kind) {
                    case PROTOCOL -> PROTOCOLS;
                    case ICMP_TYPE -> ICMP_TYPES;
                    case ICMP_CODE -> ICMP_CODES;
                    case TCP_FLAGS -> TCP_FLAGS;
                    case FRAGMENT -> FRAGMENT;
                    default -> Map.of();
                };
        long sum = 0;
        for (String part : word.split("\\+", -1)) {
            Integer known = names.get(part.toLowerCase(Locale.ROOT).replace('_', '-'));
            sum += known != null ? known : Words.number(part, word, maximum(kind));
        }
        if (sum > maximum(kind)) {
            throw new SyntaxException(sum + " is not within 0.." + maximum(kind) + ": " + word);
        }
        return sum;
    }

    private static long maximum(FlowSpec.Kind kind) {
        return switch (kind) {
            case PROTOCOL, ICMP_TYPE, ICMP_CODE, FRAGMENT -> 0xff;
            case DSCP -> 0xff; // 6 bits with IPv4, the whole traffic class with IPv6
            case FLOW_LABEL -> 0xf_ffff;
            case PORT, DESTINATION_PORT, SOURCE_PORT, TCP_FLAGS, PACKET_LENGTH, DESTINATION, SOURCE -> 0xffff;
        };
    }

    /** A number in words, where it has one. */
    static String name(FlowSpec.Kind kind, long value) {
        Optional<String> name =
                switch (kind) {
                    case PROTOCOL -> Optional.ofNullable(PROTOCOL_NAMES.get((int) value));
                    case ICMP_TYPE -> Optional.ofNullable(ICMP_TYPE_NAMES.get((int) value));
                    default -> Optional.empty();
                };
        return name.orElseGet(() -> String.valueOf(value));
    }

    /** The bits of a mask in words, the lowest first, joined by the separator. */
    static String bits(FlowSpec.Kind kind, long value, String separator) {
        Map<Integer, String> names = kind == FlowSpec.Kind.TCP_FLAGS ? TCP_FLAG_NAMES : FRAGMENT_NAMES;
        if (value == 0) {
            return names.getOrDefault(0, "0");
        }
        StringBuilder text = new StringBuilder();
        for (long bit = Long.lowestOneBit(value), left = value; left != 0; bit = Long.lowestOneBit(left)) {
            text.append(text.isEmpty() ? "" : separator)
                    .append(names.getOrDefault((int) bit, "0x" + Long.toHexString(bit)));
            left &= ~bit;
        }
        return text.toString();
    }
}
