package org.secondsite.bgp.exabgp;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Octets;

/** Communities as words (RFC 1997, 4360, 8092). */
final class CommunityText {
    private static final long U32 = 0xffff_ffffL;
    static final long MAX_RATE = 1_000_000_000_000L;
    /** Type code and octets of IPv6 address specific extended communities (RFC 5701 §2). */
    static final int IPV6_EXTENDED_COMMUNITIES = 25;

    private static final int IPV6_EXTENDED_OCTETS = 20;
    private static final Map<String, Long> WELL_KNOWN = Map.of(
            "no-export", 0xffff_ff01L,
            "no-advertise", 0xffff_ff02L,
            "no-export-subconfed", 0xffff_ff03L,
            "no-peer", 0xffff_ff04L,
            "blackhole", 0xffff_029aL,
            "graceful-shutdown", 0xffff_0000L);
    /** Sub-types of extended communities (RFC 4360 §4, §5). */
    private static final Map<String, Integer> SUBTYPES = Map.of("target", 0x02, "origin", 0x03);

    private static final int TYPE_TWO_OCTET_AS = 0x00;
    private static final int TYPE_IPV4 = 0x01;
    private static final int TYPE_FOUR_OCTET_AS = 0x02;

    /** Traffic actions of RFC 8955 §7, and those of two drafts that ExaBGP writes. */
    static final long ACTION = 0x8007_0000_0000_0000L;

    static final long MARK = 0x8009_0000_0000_0000L;
    static final long TO_NEXT_HOP = 0x0800_0000_0000_0000L;
    static final long TO_NEXT_HOP_IPV4 = 0x010c_0000_0000_0000L;
    private static final int RATE_LIMIT = 0x8006;
    private static final int RATE_LIMIT_PACKETS = 0x800c;
    private static final int INTERFACE_SET = 0x0702;
    private static final int INTERFACE_SET_NON_TRANSITIVE = 0x4702;
    private static final List<String> DIRECTIONS = List.of("none", "input", "output", "input-output");
    private static final int REDIRECT = 0x8008;
    private static final int REDIRECT_FOUR_OCTET_AS = 0x8208;
    private static final int BANDWIDTH = 0x4004;
    private static final int L2INFO = 0x800a;

    private CommunityText() {}

    /** RFC 8955 §7.1: octets per second; 0: nothing passes. */
    static long rateLimit(long octetsPerSecond) {
        return (long) RATE_LIMIT << 48 | floatBits(octetsPerSecond);
    }

    /** {@code 9600}, or {@code 1000:packets} (RFC 8955 §7.2). */
    private static long rateLimit(String text) throws SyntaxException {
        String packets = ":packets";
        boolean ofPackets = text.endsWith(packets);
        String number = ofPackets ? text.substring(0, text.length() - packets.length()) : text;
        return (long) (ofPackets ? RATE_LIMIT_PACKETS : RATE_LIMIT) << 48
                | floatBits(Words.number(number, "rate-limit", MAX_RATE));
    }

    /** The 32 bits of the nearest single-precision number. */
    private static long floatBits(long number) {
        return Float.floatToIntBits((float) number) & U32;
    }

    static long community(String word) throws SyntaxException {
        Long known = WELL_KNOWN.get(word.toLowerCase(Locale.ROOT));
        if (known != null) {
            return known;
        }
        List<String> parts = List.of(word.split(":", -1));
        return switch (parts.size()) {
            case 1 -> Words.number(word, "community", U32);
            case 2 ->
                Words.number(parts.get(0), "community", 0xffff) << 16 | Words.number(parts.get(1), "community", 0xffff);
            default -> throw new SyntaxException("'" + word + "' is no community");
        };
    }

    static LargeCommunity large(String word) throws SyntaxException {
        List<String> parts = List.of(word.split(":", -1));
        if (parts.size() != 3) {
            throw new SyntaxException("'" + word + "' is no large community");
        }
        return new LargeCommunity(
                Words.number(parts.get(0), "large community", U32),
                Words.number(parts.get(1), "large community", U32),
                Words.number(parts.get(2), "large community", U32));
    }

    /** The communities of a list, in which some are two words: {@code mark 10}. */
    static List<Long> extendedList(List<String> words) throws SyntaxException {
        List<Long> values = new ArrayList<>();
        for (Iterator<String> rest = words.iterator(); rest.hasNext(); ) {
            String word = rest.next();
            boolean two = List.of("action", "mark", "redirect-to-nexthop-ietf", "copy-to-nexthop-ietf")
                    .contains(word.toLowerCase(Locale.ROOT));
            if (two && !rest.hasNext()) {
                throw new SyntaxException("a word is missing behind '" + word + "'");
            }
            values.add(two ? twoWords(word.toLowerCase(Locale.ROOT), rest.next()) : extended(word));
        }
        return values;
    }

    /** What is to be done with traffic, in two words. */
    private static long twoWords(String name, String value) throws SyntaxException {
        return switch (name) {
            case "mark" -> MARK | Words.number(value, name, 63);
            case "action" -> sampling(value);
            default -> {
                byte[] address = Words.address(value, name).getAddress();
                if (address.length != 4) {
                    throw new SyntaxException("'" + value + "' is no IPv4 address");
                }
                yield TO_NEXT_HOP_IPV4
                        | (ByteBuffer.wrap(address).getInt() & U32) << 16
                        | (name.startsWith("copy") ? 1 : 0);
            }
        };
    }

    /** {@code sample}, {@code terminal} or {@code sample-terminal}. */
    static long sampling(String what) throws SyntaxException {
        long bits = (what.contains("sample") ? 2 : 0) | (what.contains("terminal") ? 1 : 0);
        if (bits == 0) {
            throw new SyntaxException("'" + what + "' is no action");
        }
        return ACTION | bits;
    }

    /** {@code transitive:input:AS:GROUP}. */
    static long interfaceSet(String set) throws SyntaxException {
        List<String> parts = List.of(set.split(":", -1));
        if (parts.size() != 4) {
            throw new SyntaxException("'" + set + "' is no set like transitive:input:65000:1");
        }
        long type =
                switch (parts.get(0)) {
                    case "transitive" -> INTERFACE_SET;
                    case "non-transitive" -> INTERFACE_SET_NON_TRANSITIVE;
                    default -> throw new SyntaxException("'" + parts.get(0) + "' is not transitive or not");
                };
        long direction = DIRECTIONS.indexOf(parts.get(1));
        if (direction <= 0) {
            throw new SyntaxException("'" + parts.get(1) + "' is no direction");
        }
        long as = Words.number(parts.get(2), set, U32);
        return type << 48 | as << 16 | direction << 14 | Words.number(parts.get(3), set, 0x3fff);
    }

    /** {@code target:AS:n}, {@code origin:AS:n}, either with an IPv4 address for the AS, or 16 hex digits. */
    static long extended(String word) throws SyntaxException {
        if (word.toLowerCase(Locale.ROOT).startsWith("0x") && word.length() == 18) {
            try {
                return Long.parseUnsignedLong(word.substring(2), 16);
            } catch (NumberFormatException e) {
                throw new SyntaxException("'" + word + "' is no extended community");
            }
        }
        switch (word.toLowerCase(Locale.ROOT)) {
            case "redirect-to-nexthop" -> {
                return TO_NEXT_HOP;
            }
            case "copy-to-nexthop" -> {
                return TO_NEXT_HOP | 1;
            }
            default -> {}
        }
        if (word.startsWith("interface-set:")) {
            return interfaceSet(word.substring("interface-set:".length()));
        }
        if (word.startsWith("rate-limit:")) {
            return rateLimit(word.substring("rate-limit:".length()));
        }
        List<String> given = List.of(word.split(":", -1));
        // As ExaBGP has it, a target without its name.
        return extended(word, given.size() == 2 ? List.of("target", given.get(0), given.get(1)) : given);
    }

    /** A community of its parts, of which the first is its name. */
    private static long extended(String word, List<String> parts) throws SyntaxException {
        String name = parts.getFirst().toLowerCase(Locale.ROOT);
        if (parts.size() == 5 && name.equals("l2info")) {
            return (long) L2INFO << 48
                    | Words.number(parts.get(1), word, 0xff) << 40
                    | Words.number(parts.get(2), word, 0xff) << 32
                    | Words.number(parts.get(3), word, 0xffff) << 16
                    | Words.number(parts.get(4), word, 0xffff);
        }
        if (parts.size() == 3 && name.equals("redirect")) {
            long as = Words.number(parts.get(1), word, U32);
            return as > 0xffff
                    ? (long) REDIRECT_FOUR_OCTET_AS << 48 | as << 16 | Words.number(parts.get(2), word, 0xffff)
                    : (long) REDIRECT << 48 | as << 32 | Words.number(parts.get(2), word, U32);
        }
        if (parts.size() == 3 && name.equals("bandwidth")) {
            return (long) BANDWIDTH << 48
                    | Words.number(parts.get(1), word, 0xffff) << 32
                    | floatBits(Words.number(parts.get(2), word, Integer.MAX_VALUE));
        }
        if (parts.size() == 3 && (name.equals("target4") || name.equals("origin4"))) {
            return head(TYPE_FOUR_OCTET_AS, SUBTYPES.get(name.substring(0, 6)))
                    | Words.number(parts.get(1).replaceFirst("L$", ""), word, U32) << 16
                    | Words.number(parts.get(2), word, 0xffff);
        }
        Integer subtype = SUBTYPES.get(parts.getFirst().toLowerCase(Locale.ROOT));
        if (parts.size() != 3 || subtype == null) {
            throw new SyntaxException("'" + word + "' is no extended community that is known here");
        }
        String administrator = parts.get(1);
        if (administrator.indexOf('.') >= 0) {
            InetAddress address = Words.address(administrator, "extended community");
            long octets = ByteBuffer.wrap(address.getAddress()).getInt() & U32;
            return head(TYPE_IPV4, subtype) | octets << 16 | Words.number(parts.get(2), word, 0xffff);
        }
        long as = Words.number(administrator.replaceFirst("L$", ""), word, U32);
        if (parts.get(2).indexOf('.') >= 0) {
            // ExaBGP writes the local part of a two-octet AS as an address, too.
            InetAddress local = Words.address(parts.get(2), "extended community");
            return head(TYPE_TWO_OCTET_AS, subtype)
                    | as << 32
                    | (ByteBuffer.wrap(local.getAddress()).getInt() & U32);
        }
        return as <= 0xffff && !administrator.endsWith("L")
                ? head(TYPE_TWO_OCTET_AS, subtype) | as << 32 | Words.number(parts.get(2), word, U32)
                : head(TYPE_FOUR_OCTET_AS, subtype) | as << 16 | Words.number(parts.get(2), word, 0xffff);
    }

    /** The words of {@link #extended}, or the value in hex where it has none. */
    static String extended(long value) {
        Optional<String> action = action(value);
        if (action.isPresent()) {
            return action.get();
        }
        int type = (int) (value >>> 56);
        int subtype = (int) (value >>> 48) & 0xff;
        Optional<String> name = SUBTYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == subtype)
                .map(Map.Entry::getKey)
                .findFirst();
        if (name.isEmpty() || type > TYPE_FOUR_OCTET_AS) {
            return String.format(Locale.ROOT, "0x%016X", value);
        }
        return switch (type) {
            case TYPE_TWO_OCTET_AS ->
                // ExaBGP shows the number behind an origin's AS as an address.
                name.get() + ":" + (value >>> 32 & 0xffff) + ":"
                        + (name.get().equals("origin") ? ipv4(value & U32) : String.valueOf(value & U32));
            case TYPE_IPV4 -> name.get() + ":" + ipv4(value >>> 16 & U32) + ":" + (value & 0xffff);
            default -> name.get() + ":" + (value >>> 16 & U32) + "L:" + (value & 0xffff);
        };
    }

    /** What is to be done with traffic, in ExaBGP's words. */
    private static Optional<String> action(long value) {
        float number = Float.intBitsToFloat((int) value);
        return switch ((int) (value >>> 48)) {
            case RATE_LIMIT -> Optional.of("rate-limit:" + (long) number);
            case RATE_LIMIT_PACKETS -> Optional.of("rate-limit:" + (long) number + ":packets");
            case INTERFACE_SET, INTERFACE_SET_NON_TRANSITIVE ->
                Optional.of("interface-set:" + DIRECTIONS.get((int) (value >>> 14 & 3)) + ":" + (value >>> 16 & U32)
                        + ":" + (value & 0x3fff));
            case (int) (ACTION >>> 48) ->
                Optional.of(
                        "action " + ((value & 3) == 3 ? "sample-terminal" : (value & 2) != 0 ? "sample" : "terminal"));
            case REDIRECT -> Optional.of("redirect:" + (value >>> 32 & 0xffff) + ":" + (value & U32));
            case REDIRECT_FOUR_OCTET_AS -> Optional.of("redirect:" + (value >>> 16 & U32) + ":" + (value & 0xffff));
            case (int) (MARK >>> 48) -> Optional.of("mark " + (value & 0xff));
            case (int) (TO_NEXT_HOP >>> 48) ->
                Optional.of((value & 1) != 0 ? "copy-to-nexthop" : "redirect-to-nexthop");
            case (int) (TO_NEXT_HOP_IPV4 >>> 48) ->
                Optional.of(((value & 1) != 0 ? "copy-to-nexthop-ietf " : "redirect-to-nexthop-ietf ")
                        + ipv4(value >>> 16 & U32)
                        + ((value & 1) != 0 ? " (with copy)" : ""));
            case BANDWIDTH -> Optional.of("bandwith:" + (value >>> 32 & 0xffff) + ":" + (long) number);
            case L2INFO ->
                Optional.of("l2info:" + (value >>> 40 & 0xff) + ":" + (value >>> 32 & 0xff) + ":"
                        + (value >>> 16 & 0xffff) + ":" + (value & 0xffff));
            default -> Optional.empty();
        };
    }

    /** The words of an IPv6 extended community (RFC 5701) of 20 octets, or hex where it has none. */
    static String ipv6Extended(Octets value) {
        boolean copy = value.length() == IPV6_EXTENDED_OCTETS && value.at(IPV6_EXTENDED_OCTETS - 1) == 1;
        if (value.length() != IPV6_EXTENDED_OCTETS || value.at(0) != 0x00 || value.at(1) != 0x0c) {
            return "0x" + value;
        }
        String hop = AddressText.of(address(Arrays.copyOfRange(value.toArray(), 2, IPV6_EXTENDED_OCTETS - 2)));
        return copy ? "copy-to-nexthop-ietf " + hop + " (with copy)" : "redirect-to-nexthop-ietf " + hop;
    }

    private static InetAddress address(byte[] octets) {
        try {
            return Inet6Address.getByAddress(null, octets, -1);
        } catch (UnknownHostException e) {
            throw new AssertionError("16 octets are an address", e);
        }
    }

    private static String ipv4(long address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    private static long head(int type, int subtype) {
        return (long) type << 56 | (long) subtype << 48;
    }
}
