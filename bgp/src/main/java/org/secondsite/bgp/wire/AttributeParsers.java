package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.wire.AttributeType.Parsed;
import org.secondsite.bgp.wire.AttributeType.Parsed.Ignored;
import org.secondsite.bgp.wire.AttributeType.Parsed.Malformed;
import org.secondsite.bgp.wire.AttributeType.Parsed.Sound;

/** One parser for each line of {@link AttributeType}. Each is handed exactly the value and checks its length first. */
final class AttributeParsers {
    private static final int ROUTER_ID_OCTETS = 4;
    private static final int AS4_PATH_MINIMUM_OCTETS = 6;

    private AttributeParsers() {}

    static Parsed origin(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() != 1) {
            return wrongLength(value, "1");
        }
        int code = value.readUnsignedByte();
        return PathAttribute.Origin.Source.ofCode(code)
                .<Parsed>map(source -> new Sound(new PathAttribute.Origin(source)))
                .orElseGet(() -> new Malformed(BgpError.INVALID_ORIGIN_ATTRIBUTE, "ORIGIN " + code));
    }

    static Parsed asPath(ByteBuf value, SessionTraits traits) {
        return path(value, traits.fourOctetAs() ? 4 : 2, traits.external(), traits.asSets());
    }

    static Parsed as4Path(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() < AS4_PATH_MINIMUM_OCTETS) {
            return wrongLength(value, AS4_PATH_MINIMUM_OCTETS + " or more"); // RFC 6793 §6: it carries one AS at least
        }
        return switch (path(value, 4, true, true)) {
            case Sound(AsPath path) -> new Sound(new PathAttribute.As4Path(path));
            case Parsed other -> other;
        };
    }

    /** RFC 7606 §7.2: a path is malformed by an unknown segment kind, an empty segment, an overrun or an underrun. */
    private static Parsed path(ByteBuf value, int asOctets, boolean external, boolean sets) {
        List<AsPath.Segment> segments = new ArrayList<>();
        while (value.isReadable()) {
            if (value.readableBytes() < 2) {
                return malformedPath("a single octet stands behind the last segment");
            }
            int kindCode = value.readUnsignedByte();
            int count = value.readUnsignedByte();
            Optional<AsPath.Kind> known = AsPath.Kind.ofCode(kindCode);
            if (known.isEmpty()) {
                return malformedPath("segment kind " + kindCode);
            }
            AsPath.Kind kind = known.get();
            // RFC 5065 §5: confederation segments do not leave the confederation.
            if (external && (kind == AsPath.Kind.CONFEDERATION_SEQUENCE || kind == AsPath.Kind.CONFEDERATION_SET)) {
                return malformedPath("a confederation segment from an external peer");
            }
            if (!sets && (kind == AsPath.Kind.SET || kind == AsPath.Kind.CONFEDERATION_SET)) {
                return malformedPath("an AS set"); // RFC 9774 §3
            }
            if (count == 0) {
                return malformedPath("an empty segment");
            }
            if (value.readableBytes() < count * asOctets) {
                return malformedPath("a segment of " + count + " in " + value.readableBytes() + " octets");
            }
            List<Long> numbers = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                long as = asOctets == 4 ? value.readUnsignedInt() : value.readUnsignedShort();
                if (as == 0) {
                    return malformedPath("AS 0"); // RFC 7607 §2
                }
                numbers.add(as);
            }
            segments.add(new AsPath.Segment(kind, numbers));
        }
        return new Sound(new AsPath(segments));
    }

    static Parsed nextHop(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() != 4) {
            return wrongLength(value, "4");
        }
        return new Sound(new PathAttribute.NextHop(Prefixes.readIpv4(value)));
    }

    static Parsed med(ByteBuf value, SessionTraits traits) {
        return value.readableBytes() == 4
                ? new Sound(new PathAttribute.MultiExitDiscriminator(value.readUnsignedInt()))
                : wrongLength(value, "4");
    }

    static Parsed localPreference(ByteBuf value, SessionTraits traits) {
        return value.readableBytes() == 4
                ? new Sound(new PathAttribute.LocalPreference(value.readUnsignedInt()))
                : wrongLength(value, "4");
    }

    static Parsed atomicAggregate(ByteBuf value, SessionTraits traits) {
        return value.isReadable() ? wrongLength(value, "0") : new Sound(new PathAttribute.AtomicAggregate());
    }

    static Parsed aggregator(ByteBuf value, SessionTraits traits) {
        int asOctets = traits.fourOctetAs() ? 4 : 2;
        if (value.readableBytes() != asOctets + ROUTER_ID_OCTETS) {
            return wrongLength(value, String.valueOf(asOctets + ROUTER_ID_OCTETS));
        }
        long as = asOctets == 4 ? value.readUnsignedInt() : value.readUnsignedShort();
        return as == 0
                ? new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, "AGGREGATOR with AS 0") // RFC 7607 §2
                : new Sound(new PathAttribute.Aggregator(as, Prefixes.readIpv4(value)));
    }

    static Parsed as4Aggregator(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() != 4 + ROUTER_ID_OCTETS) {
            return wrongLength(value, "8");
        }
        long as = value.readUnsignedInt();
        return as == 0
                ? new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, "AS4_AGGREGATOR with AS 0")
                : new Sound(new PathAttribute.As4Aggregator(as, Prefixes.readIpv4(value)));
    }

    static Parsed communities(ByteBuf value, SessionTraits traits) {
        if (!isNonZeroMultiple(value, 4)) {
            return wrongLength(value, "a multiple of 4");
        }
        List<Long> values = new ArrayList<>();
        while (value.isReadable()) {
            values.add(value.readUnsignedInt());
        }
        return new Sound(new PathAttribute.Communities(values));
    }

    static Parsed extendedCommunities(ByteBuf value, SessionTraits traits) {
        if (!isNonZeroMultiple(value, 8)) {
            return wrongLength(value, "a multiple of 8");
        }
        List<Long> values = new ArrayList<>();
        while (value.isReadable()) {
            values.add(value.readLong());
        }
        return new Sound(new PathAttribute.ExtendedCommunities(values));
    }

    static Parsed largeCommunities(ByteBuf value, SessionTraits traits) {
        if (!isNonZeroMultiple(value, 12)) {
            return wrongLength(value, "a multiple of 12");
        }
        List<LargeCommunity> values = new ArrayList<>();
        while (value.isReadable()) {
            values.add(new LargeCommunity(value.readUnsignedInt(), value.readUnsignedInt(), value.readUnsignedInt()));
        }
        return new Sound(new PathAttribute.LargeCommunities(values));
    }

    static Parsed originatorId(ByteBuf value, SessionTraits traits) {
        return value.readableBytes() == ROUTER_ID_OCTETS
                ? new Sound(new PathAttribute.OriginatorId(Prefixes.readIpv4(value)))
                : wrongLength(value, "4");
    }

    static Parsed clusterList(ByteBuf value, SessionTraits traits) {
        if (!isNonZeroMultiple(value, ROUTER_ID_OCTETS)) {
            return wrongLength(value, "a multiple of 4");
        }
        List<Inet4Address> clusters = new ArrayList<>();
        while (value.isReadable()) {
            clusters.add(Prefixes.readIpv4(value));
        }
        return new Sound(new PathAttribute.ClusterList(clusters));
    }

    static Parsed mpReach(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() < 5) {
            return wrongLength(value, "5 or more");
        }
        AddressFamily family = new AddressFamily(value.readUnsignedShort(), value.readUnsignedByte());
        int nextHopOctets = value.readUnsignedByte();
        if (value.readableBytes() < nextHopOctets + 1) {
            return new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, "the next hop runs past MP_REACH_NLRI");
        }
        if (!traits.families().contains(family)) {
            return new Ignored(BgpError.OPTIONAL_ATTRIBUTE_ERROR, "MP_REACH_NLRI of " + family + ", not negotiated");
        }
        ByteBuf hops = value.readSlice(nextHopOctets);
        value.skipBytes(1); // reserved, was the number of SNPAs; RFC 4760 §3: ignored
        if (!family.isSupported()) {
            Nlri opaque = new Nlri.Opaque(family, Octets.copyOf(hops), Octets.copyOf(value));
            return new Sound(new PathAttribute.MpReach(family, Optional.empty(), Optional.empty(), List.of(opaque)));
        }
        Optional<InetAddress> nextHop;
        Optional<Inet6Address> linkLocal = Optional.empty();
        boolean mayBeEither = traits.extendedNextHop().contains(family); // RFC 8950 §4
        boolean mayBeIpv4 = family.afi() == 1 || family.isFlow() || mayBeEither;
        boolean mayBeIpv6 = family.afi() == 2 || mayBeEither;
        if (family.isFlow() && nextHopOctets == 0) {
            nextHop = Optional.empty(); // RFC 8955 §4: a filter needs none
        } else if (mayBeIpv4 && nextHopOctets == 4) {
            nextHop = Optional.of(Prefixes.readIpv4(hops));
        } else if (mayBeIpv6 && (nextHopOctets == 16 || nextHopOctets == 32)) {
            nextHop = Optional.of(Prefixes.readIpv6(hops));
            linkLocal = nextHopOctets == 32 ? Optional.of(Prefixes.readIpv6(hops)) : linkLocal;
        } else {
            // RFC 7606 §7.11: the NLRI behind a next hop of wrong length cannot be trusted to begin where it should.
            return new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, family + " next hop of " + nextHopOctets);
        }
        Prefixes.Read nlri = Prefixes.readAll(value, family, traits);
        return nlri.fault().isPresent()
                ? new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, nlri.fault().get())
                : new Sound(new PathAttribute.MpReach(family, nextHop, linkLocal, nlri.prefixes()));
    }

    static Parsed mpUnreach(ByteBuf value, SessionTraits traits) {
        if (value.readableBytes() < 3) {
            return wrongLength(value, "3 or more");
        }
        AddressFamily family = new AddressFamily(value.readUnsignedShort(), value.readUnsignedByte());
        if (!traits.families().contains(family)) {
            return new Ignored(BgpError.OPTIONAL_ATTRIBUTE_ERROR, "MP_UNREACH_NLRI of " + family + ", not negotiated");
        }
        if (!family.isSupported()) {
            List<Nlri> opaque = value.isReadable()
                    ? List.of(new Nlri.Opaque(family, Octets.NONE, Octets.copyOf(value)))
                    : List.of();
            return new Sound(new PathAttribute.MpUnreach(family, opaque));
        }
        Prefixes.Read nlri = Prefixes.readAll(value, family, traits);
        return nlri.fault().isPresent()
                ? new Malformed(BgpError.OPTIONAL_ATTRIBUTE_ERROR, nlri.fault().get())
                : new Sound(new PathAttribute.MpUnreach(family, nlri.prefixes()));
    }

    /** RFC 7606 §4: an empty list of communities or clusters is a wrong length as well. */
    private static boolean isNonZeroMultiple(ByteBuf value, int unit) {
        return value.isReadable() && value.readableBytes() % unit == 0;
    }

    private static Malformed wrongLength(ByteBuf value, String expected) {
        return new Malformed(BgpError.ATTRIBUTE_LENGTH_ERROR, value.readableBytes() + " octets instead of " + expected);
    }

    private static Malformed malformedPath(String detail) {
        return new Malformed(BgpError.MALFORMED_AS_PATH, detail);
    }
}
