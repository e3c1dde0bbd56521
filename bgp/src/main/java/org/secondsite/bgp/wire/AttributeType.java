package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;
import java.util.Set;

/**
 * The descriptor table of path attributes: type, flags, who may send it, parser, and what a malformed one does.
 *
 * <p>The treatments are those of RFC 7606 §7, except AS4_PATH and AS4_AGGREGATOR (RFC 6793 §6) and LARGE_COMMUNITY (RFC
 * 8092 §6). Wrong Optional or Transitive bits are treated like a wrong value, but never weaker than treat-as-withdraw
 * (RFC 7606 §3 c).
 */
public enum AttributeType {
    ORIGIN(1, Flags.WELL_KNOWN, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::origin),
    AS_PATH(2, Flags.WELL_KNOWN, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::asPath),
    NEXT_HOP(3, Flags.WELL_KNOWN, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::nextHop),
    MULTI_EXIT_DISC(4, Flags.OPTIONAL, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::med),
    LOCAL_PREF(5, Flags.WELL_KNOWN, Peers.INTERNAL, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::localPreference),
    ATOMIC_AGGREGATE(6, Flags.WELL_KNOWN, Peers.ANY, Treatment.ATTRIBUTE_DISCARD, AttributeParsers::atomicAggregate),
    AGGREGATOR(7, Flags.OPTIONAL_TRANSITIVE, Peers.ANY, Treatment.ATTRIBUTE_DISCARD, AttributeParsers::aggregator),
    COMMUNITIES(8, Flags.OPTIONAL_TRANSITIVE, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::communities),
    ORIGINATOR_ID(9, Flags.OPTIONAL, Peers.INTERNAL, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::originatorId),
    CLUSTER_LIST(10, Flags.OPTIONAL, Peers.INTERNAL, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::clusterList),
    MP_REACH_NLRI(14, Flags.OPTIONAL, Peers.ANY, Treatment.SESSION_RESET, AttributeParsers::mpReach),
    MP_UNREACH_NLRI(15, Flags.OPTIONAL, Peers.ANY, Treatment.SESSION_RESET, AttributeParsers::mpUnreach),
    EXTENDED_COMMUNITIES(
            16,
            Flags.OPTIONAL_TRANSITIVE,
            Peers.ANY,
            Treatment.TREAT_AS_WITHDRAW,
            AttributeParsers::extendedCommunities),
    AS4_PATH(17, Flags.OPTIONAL_TRANSITIVE, Peers.OLD, Treatment.ATTRIBUTE_DISCARD, AttributeParsers::as4Path),
    AS4_AGGREGATOR(
            18, Flags.OPTIONAL_TRANSITIVE, Peers.OLD, Treatment.ATTRIBUTE_DISCARD, AttributeParsers::as4Aggregator),
    LARGE_COMMUNITIES(
            32, Flags.OPTIONAL_TRANSITIVE, Peers.ANY, Treatment.TREAT_AS_WITHDRAW, AttributeParsers::largeCommunities);

    /** The Optional bit of the flags octet. */
    static final int OPTIONAL_BIT = 0x80;
    /** The Transitive bit. */
    static final int TRANSITIVE_BIT = 0x40;
    /** The Partial bit. */
    static final int PARTIAL_BIT = 0x20;
    /** The Extended Length bit. */
    static final int EXTENDED_LENGTH_BIT = 0x10;

    private static final AttributeType[] BY_CODE = new AttributeType[256];

    static {
        for (AttributeType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final Flags flags;
    private final Peers peers;
    private final Treatment malformed;

    @SuppressWarnings("ImmutableEnumChecker") // every parser is a reference to a static method
    private final Parser parser;

    AttributeType(int code, Flags flags, Peers peers, Treatment malformed, Parser parser) {
        this.code = code;
        this.flags = flags;
        this.peers = peers;
        this.malformed = malformed;
        this.parser = parser;
    }

    /** The Optional and Transitive bits that the type must have. */
    enum Flags {
        WELL_KNOWN(TRANSITIVE_BIT),
        OPTIONAL(OPTIONAL_BIT),
        OPTIONAL_TRANSITIVE(OPTIONAL_BIT | TRANSITIVE_BIT);

        final int bits;

        Flags(int bits) {
            this.bits = bits;
        }

        boolean agreesWith(int octet) {
            return (octet & (OPTIONAL_BIT | TRANSITIVE_BIT)) == bits;
        }
    }

    /** From whom the attribute is taken; from others it is discarded unread (RFC 7606 §7.5, §7.9, §7.10, RFC 6793 §4.1). */
    enum Peers {
        ANY,
        INTERNAL,
        OLD;

        boolean include(SessionTraits traits) {
            return switch (this) {
                case ANY -> true;
                case INTERNAL -> !traits.external();
                case OLD -> !traits.fourOctetAs();
            };
        }
    }

    /** Reads the value of an attribute; the buffer holds exactly the value. */
    @FunctionalInterface
    interface Parser {
        Parsed parse(ByteBuf value, SessionTraits traits);
    }

    /** The outcome of a parser. */
    sealed interface Parsed {
        record Sound(PathAttribute attribute) implements Parsed {}

        record Malformed(BgpError error, String detail) implements Parsed {}

        /** Sound, but of no use in this session. */
        record Ignored(BgpError error, String detail) implements Parsed {}
    }

    /** The type of the code. */
    public static Optional<AttributeType> ofCode(int code) {
        return code >= 0 && code < BY_CODE.length ? Optional.ofNullable(BY_CODE[code]) : Optional.empty();
    }

    /** The attribute of a value as it stands in a session with an internal peer; empty if it is malformed. */
    public Optional<PathAttribute> read(Octets value) {
        SessionTraits traits = new SessionTraits(false, true, true, true, Set.of(), Set.of(), Set.of(), Set.of());
        return switch (parser.parse(Unpooled.wrappedBuffer(value.toArray()), traits)) {
            case Parsed.Sound(PathAttribute attribute) -> Optional.of(attribute);
            case Parsed.Malformed _, Parsed.Ignored _ -> Optional.empty();
        };
    }

    /** The type octet. */
    public int code() {
        return code;
    }

    /** The flags octet, without Partial and Extended Length. */
    public int flagBits() {
        return flags.bits;
    }

    /** What a malformed attribute of this type does. */
    public Treatment malformedTreatment() {
        return malformed;
    }

    Flags flags() {
        return flags;
    }

    Peers peers() {
        return peers;
    }

    Parser parser() {
        return parser;
    }
}
