package org.secondsite.bgp.wire;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The components of a traffic filter (RFC 8955 §4.2, RFC 8956 §3): what a packet must be like, each kind once, ascending.
 *
 * <pre>
 * +------+--------------------------------------   kinds 1 and 2: length u8, (IPv6: offset u8,) the prefix's octets
 * | kind | value                      repeated     others: (operator u8, value of 1, 2, 4 or 8 octets) *
 * +------+--------------------------------------
 *  operator: 0x80 last, 0x40 and (instead of or), 0x30 log2 of the octets, then
 *  numbers:  0x04 less, 0x02 greater, 0x01 equal;   bit masks: 0x02 not, 0x01 match
 * </pre>
 */
public final class FlowSpec {
    private static final int LAST = 0x80;
    private static final int AND = 0x40;

    private FlowSpec() {}

    /** What a component looks at. */
    public enum Kind {
        DESTINATION(1),
        SOURCE(2),
        PROTOCOL(3),
        PORT(4),
        DESTINATION_PORT(5),
        SOURCE_PORT(6),
        ICMP_TYPE(7),
        ICMP_CODE(8),
        TCP_FLAGS(9),
        PACKET_LENGTH(10),
        DSCP(11),
        FRAGMENT(12),
        FLOW_LABEL(13);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** The octet on the wire. */
        public int code() {
            return code;
        }

        /** Whether it holds a prefix. */
        public boolean isPrefix() {
            return this == DESTINATION || this == SOURCE;
        }

        /** Whether its values are bit masks and not numbers. */
        public boolean isMask() {
            return this == TCP_FLAGS || this == FRAGMENT;
        }

        /** The kind of the octet, in the family. */
        static Optional<Kind> ofCode(int code, AddressFamily family) {
            boolean known = code >= 1 && code <= (family.afi() == 2 ? 13 : 12);
            return known ? Optional.of(values()[code - 1]) : Optional.empty();
        }
    }

    /** One component. */
    public sealed interface Component {
        /** What it looks at. */
        Kind kind();
    }

    /**
     * A destination or source.
     *
     * @param offset bits of an IPv6 address to skip before the pattern; 0 with IPv4
     */
    public record PrefixComponent(Kind kind, InetAddress address, int length, int offset) implements Component {}

    /** Conditions of which one must hold, or those joined by {@code and}. */
    public record ValueComponent(Kind kind, List<Condition> conditions) implements Component {
        /** Copies the list. */
        public ValueComponent {
            conditions = List.copyOf(conditions);
        }
    }

    /**
     * One condition.
     *
     * @param and whether the one before must hold as well
     * @param operator the lowest three bits of the operator octet
     */
    public record Condition(boolean and, int operator, long value) {}

    /** The components of a rule that {@link #fault} finds none in. */
    public static List<Component> components(Octets rule, AddressFamily family) {
        Reader reader = new Reader(rule, family, Pattern.SHIFTED);
        if (reader.read() == null) {
            return reader.components;
        }
        Reader whole = new Reader(rule, family, Pattern.WHOLE);
        return whole.read() == null ? whole.components : reader.components;
    }

    /** What is wrong with the rule, in words. */
    static Optional<String> fault(Octets rule, AddressFamily family) {
        Optional<String> fault = Optional.ofNullable(new Reader(rule, family, Pattern.SHIFTED).read());
        boolean readable = fault.isPresent() && new Reader(rule, family, Pattern.WHOLE).read() == null;
        return readable ? Optional.empty() : fault;
    }

    /** How many octets a pattern of IPv6 has that begins behind some bits. */
    private enum Pattern {
        /** Those behind the offset alone (RFC 8956 §3.1). */
        SHIFTED,
        /** All from the first, as ExaBGP writes it; read where the other reading fails. */
        WHOLE
    }

    /** The rule of the components, which are put into the order that RFC 8955 §4.2 asks for. */
    public static Octets rule(List<? extends Component> components, AddressFamily family) {
        List<Integer> octets = new ArrayList<>();
        components.stream()
                .sorted((a, b) -> Integer.compare(a.kind().code(), b.kind().code()))
                .forEach(component -> write(component, family, octets));
        return Octets.of(octets.stream().mapToInt(Integer::intValue).toArray());
    }

    private static void write(Component component, AddressFamily family, List<Integer> out) {
        out.add(component.kind().code());
        switch (component) {
            case PrefixComponent prefix -> {
                out.add(prefix.length());
                if (family.afi() == 2) {
                    out.add(prefix.offset());
                }
                byte[] address = shifted(prefix.address().getAddress(), prefix.offset());
                for (int i = 0; i < (prefix.length() - prefix.offset() + 7) / 8; i++) {
                    out.add(address[i] & 0xff);
                }
            }
            case ValueComponent values -> {
                for (int i = 0; i < values.conditions().size(); i++) {
                    Condition condition = values.conditions().get(i);
                    boolean last = i == values.conditions().size() - 1;
                    int size = condition.value() > 0xffff_ffffL || condition.value() < 0
                            ? 3
                            : condition.value() > 0xffff ? 2 : condition.value() > 0xff ? 1 : 0;
                    out.add((last ? LAST : 0) | (condition.and() ? AND : 0) | (size << 4) | condition.operator());
                    for (int at = (1 << size) - 1; at >= 0; at--) {
                        out.add((int) (condition.value() >>> (8 * at)) & 0xff);
                    }
                }
            }
        }
    }

    private static byte[] shifted(byte[] address, int bits) {
        byte[] moved = new byte[address.length];
        for (int i = 0; i + bits < address.length * 8; i++) {
            if ((address[(i + bits) / 8] & (0x80 >>> ((i + bits) % 8))) != 0) {
                moved[i / 8] |= (byte) (0x80 >>> (i % 8));
            }
        }
        return moved;
    }

    /** Reads one rule; every loop advances. */
    private static final class Reader {
        private final Octets rule;
        private final AddressFamily family;
        private final Pattern pattern;
        private final List<Component> components = new ArrayList<>();
        private int at;

        Reader(Octets rule, AddressFamily family, Pattern pattern) {
            this.rule = rule;
            this.family = family;
            this.pattern = pattern;
        }

        /** Returns what is wrong, or null. */
        String read() {
            int previous = 0;
            while (at < rule.length()) {
                int code = rule.at(at++);
                Optional<Kind> kind = Kind.ofCode(code, family);
                if (kind.isEmpty()) {
                    return "flow component " + code;
                }
                if (code <= previous) {
                    return "flow component " + code + " behind " + previous; // RFC 8955 §4.2: strictly ascending
                }
                previous = code;
                String fault = kind.get().isPrefix() ? prefix(kind.get()) : values(kind.get());
                if (fault != null) {
                    return fault;
                }
            }
            return null;
        }

        private String prefix(Kind kind) {
            int head = family.afi() == 2 ? 2 : 1;
            if (rule.length() - at < head) {
                return kind + " is cut";
            }
            int length = rule.at(at);
            int offset = family.afi() == 2 ? rule.at(at + 1) : 0;
            at += head;
            int bits = family.addressOctets() * 8;
            if (length > bits || offset > length || (offset == length && length != 0)) {
                return kind + " of " + length + " bits from " + offset;
            }
            int skipped = pattern == Pattern.WHOLE ? offset : 0;
            int octets = (length - offset + skipped + 7) / 8;
            if (rule.length() - at < octets) {
                return kind + " is cut";
            }
            byte[] address = new byte[family.addressOctets()];
            for (int bit = 0; bit < length - offset; bit++) {
                int from = bit + skipped;
                if ((rule.at(at + from / 8) & (0x80 >>> (from % 8))) != 0) {
                    address[(bit + offset) / 8] |= (byte) (0x80 >>> ((bit + offset) % 8));
                }
            }
            at += octets;
            components.add(new PrefixComponent(kind, address(address), length, offset));
            return null;
        }

        private String values(Kind kind) {
            List<Condition> conditions = new ArrayList<>();
            int operator;
            do {
                if (at >= rule.length()) {
                    return kind + " is cut";
                }
                operator = rule.at(at++);
                int octets = 1 << ((operator >>> 4) & 3);
                if (rule.length() - at < octets) {
                    return kind + " is cut";
                }
                long value = 0;
                for (int i = 0; i < octets; i++) {
                    value = value << 8 | rule.at(at++);
                }
                // RFC 8955 §4.2.1.1: the AND bit of the first has no meaning.
                conditions.add(new Condition(!conditions.isEmpty() && (operator & AND) != 0, operator & 7, value));
            } while ((operator & LAST) == 0);
            components.add(new ValueComponent(kind, conditions));
            return null;
        }

        private static InetAddress address(byte[] octets) {
            try {
                return octets.length == 16
                        ? Inet6Address.getByAddress(null, octets, -1)
                        : InetAddress.getByAddress(octets);
            } catch (UnknownHostException e) {
                throw new AssertionError("4 or 16 octets are an address", e);
            }
        }
    }
}
