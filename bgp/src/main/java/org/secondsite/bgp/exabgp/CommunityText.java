package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.wire.LargeCommunity;

/** Communities as words (RFC 1997, 4360, 8092). */
final class CommunityText {
    private static final long U32 = 0xffff_ffffL;
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
    private static final int REDIRECT = 0x8008;
    private static final int REDIRECT_FOUR_OCTET_AS = 0x8208;
    private static final int BANDWIDTH = 0x4004;
    private static final int L2INFO = 0x800a;

    private CommunityText() {}

    /** RFC 8955 §7.1: octets per second; 0: nothing passes. */
    static long rateLimit(long octetsPerSecond) {
        return (long) RATE_LIMIT << 48 | floatBits(octetsPerSecond);
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

    /** {@code target:AS:n}, {@code origin:AS:n}, either with an IPv4 address for the AS, or 16 hex digits. */
    static long extended(String word) throws SyntaxException {
        if (word.toLowerCase(Locale.ROOT).startsWith("0x") && word.length() == 18) {
            try {
                return Long.parseUnsignedLong(word.substring(2), 16);
            } catch (NumberFormatException e) {
                throw new SyntaxException("'" + word + "' is no extended community");
            }
        }
        if (word.equalsIgnoreCase("redirect-to-nexthop")) {
            return TO_NEXT_HOP;
        }
        List<String> given = List.of(word.split(":", -1));
        List<String> parts =
                given.size() == 2 ? List.of("target", given.get(0), given.get(1)) : given; // as ExaBGP has it
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

    private static String ipv4(long address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }

    private static long head(int type, int subtype) {
        return (long) type << 56 | (long) subtype << 48;
    }
}
