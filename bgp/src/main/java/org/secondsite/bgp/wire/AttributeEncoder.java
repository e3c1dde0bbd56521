package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** Writes path attributes; for a peer without RFC 6793 the numbers that do not fit go into AS4_PATH and AS4_AGGREGATOR. */
public final class AttributeEncoder {
    private static final int SEGMENT_MAXIMUM_NUMBERS = 255;
    private static final long TWO_OCTET_MAXIMUM = 0xffff;

    private AttributeEncoder() {}

    /** Appends all attributes in ascending order of their types, except that MP_REACH_NLRI and MP_UNREACH_NLRI lead. */
    public static void encode(PathAttributes attributes, SessionTraits traits, ByteBuf out) {
        List<PathAttribute> all = traits.fourOctetAs() ? attributes.asList() : forOldSpeaker(attributes);
        // RFC 7606 §5.1: the attribute with the prefixes comes first, so that they are found whatever follows is worth.
        for (PathAttribute attribute : all) {
            if (carriesPrefixes(attribute)) {
                write(attribute, traits, out);
            }
        }
        for (PathAttribute attribute : all) {
            if (!carriesPrefixes(attribute)) {
                write(attribute, traits, out);
            }
        }
    }

    /**
     * Octets that the route takes in a message.
     *
     * @param paths whether prefixes of its family are sent with path identifiers
     */
    public static int octets(Nlri route, boolean paths) {
        return Prefixes.octets(route, paths);
    }

    private static boolean carriesPrefixes(PathAttribute attribute) {
        return attribute instanceof PathAttribute.MpReach || attribute instanceof PathAttribute.MpUnreach;
    }

    /** RFC 6793 §4.2.2. */
    private static List<PathAttribute> forOldSpeaker(PathAttributes attributes) {
        List<PathAttribute> all = new ArrayList<>(attributes.asList());
        attributes.get(AsPath.class).filter(path -> needsFourOctets(path)).ifPresent(path -> {
            // Confederation segments must not stand in AS4_PATH.
            all.add(new PathAttribute.As4Path(path.withoutConfederation()));
        });
        attributes
                .get(PathAttribute.Aggregator.class)
                .filter(aggregator -> aggregator.as() > TWO_OCTET_MAXIMUM)
                .ifPresent(
                        aggregator -> all.add(new PathAttribute.As4Aggregator(aggregator.as(), aggregator.address())));
        return all;
    }

    private static boolean needsFourOctets(AsPath path) {
        return path.numbers().stream().anyMatch(as -> as > TWO_OCTET_MAXIMUM);
    }

    private static void write(PathAttribute attribute, SessionTraits traits, ByteBuf out) {
        int flags = AttributeType.ofCode(attribute.typeCode())
                .map(AttributeType::flagBits)
                .orElse(0);
        if (attribute instanceof PathAttribute.Unrecognized unrecognized) {
            flags = unrecognized.flags() & ~AttributeType.EXTENDED_LENGTH_BIT;
        }
        int start = out.writerIndex();
        out.writeByte(flags | AttributeType.EXTENDED_LENGTH_BIT)
                .writeByte(attribute.typeCode())
                .writeShort(0);
        int valueAt = out.writerIndex();
        switch (attribute) {
            case AsPath path -> path(path, traits.fourOctetAs() ? 4 : 2, out);
            case PathAttribute.Simple simple -> value(simple, traits, out);
        }
        int length = out.writerIndex() - valueAt;
        if (length > 255) {
            out.setShort(start + 2, length);
            return;
        }
        // The common case has the short header: move the value one octet forward over the spare one.
        out.setByte(start, flags).setByte(start + 2, length);
        byte[] value = new byte[length];
        out.getBytes(valueAt, value);
        out.setBytes(valueAt - 1, value);
        out.writerIndex(valueAt - 1 + length);
    }

    private static void value(PathAttribute.Simple attribute, SessionTraits traits, ByteBuf out) {
        switch (attribute) {
            case PathAttribute.Origin(PathAttribute.Origin.Source source) -> out.writeByte(source.code());
            case PathAttribute.NextHop hop -> out.writeBytes(hop.address().getAddress());
            case PathAttribute.MultiExitDiscriminator(long value) -> out.writeInt((int) value);
            case PathAttribute.LocalPreference(long value) -> out.writeInt((int) value);
            case PathAttribute.AtomicAggregate _ -> {}
            case PathAttribute.Aggregator aggregator -> {
                as(aggregator.as(), traits.fourOctetAs() ? 4 : 2, out);
                out.writeBytes(aggregator.address().getAddress());
            }
            case PathAttribute.As4Aggregator aggregator -> {
                as(aggregator.as(), 4, out);
                out.writeBytes(aggregator.address().getAddress());
            }
            case PathAttribute.Communities(List<Long> values) ->
                values.forEach(value -> out.writeInt(value.intValue()));
            case PathAttribute.OriginatorId id -> out.writeBytes(id.routerId().getAddress());
            case PathAttribute.ClusterList list ->
                list.clusters().forEach(cluster -> out.writeBytes(cluster.getAddress()));
            case PathAttribute.MpReach reach -> mpReach(reach, traits, out);
            case PathAttribute.MpUnreach(AddressFamily family, List<Nlri> nlri) -> {
                out.writeShort(family.afi()).writeByte(family.safi());
                Prefixes.writeAll(out, nlri, traits);
            }
            case PathAttribute.ExtendedCommunities(List<Long> values) -> values.forEach(out::writeLong);
            case PathAttribute.As4Path(AsPath path) -> path(path, 4, out);
            case PathAttribute.LargeCommunities(List<LargeCommunity> values) ->
                values.forEach(value -> out.writeInt((int) value.globalAdministrator())
                        .writeInt((int) value.localData1())
                        .writeInt((int) value.localData2()));
            case PathAttribute.Unrecognized unrecognized -> unrecognized.value().writeTo(out);
        }
    }

    private static void mpReach(PathAttribute.MpReach reach, SessionTraits traits, ByteBuf out) {
        out.writeShort(reach.family().afi()).writeByte(reach.family().safi());
        int lengthAt = out.writerIndex();
        out.writeByte(0);
        reach.nextHop().ifPresent(address -> out.writeBytes(address.getAddress()));
        reach.linkLocal().ifPresent(address -> out.writeBytes(address.getAddress()));
        if (!reach.nlri().isEmpty() && reach.nlri().getFirst() instanceof Nlri.Opaque opaque) {
            opaque.nextHop().writeTo(out);
        }
        out.setByte(lengthAt, out.writerIndex() - lengthAt - 1);
        out.writeByte(0);
        Prefixes.writeAll(out, reach.nlri(), traits);
    }

    private static void path(AsPath path, int asOctets, ByteBuf out) {
        for (AsPath.Segment segment : path.segments()) {
            List<Long> numbers = segment.numbers();
            for (int from = 0; from < numbers.size(); from += SEGMENT_MAXIMUM_NUMBERS) {
                int to = Math.min(from + SEGMENT_MAXIMUM_NUMBERS, numbers.size());
                out.writeByte(segment.kind().code()).writeByte(to - from);
                numbers.subList(from, to).forEach(number -> as(number, asOctets, out));
            }
        }
    }

    private static void as(long number, int octets, ByteBuf out) {
        if (octets == 4) {
            out.writeInt((int) number);
        } else {
            out.writeShort((int) (number > TWO_OCTET_MAXIMUM ? OpenMessage.AS_TRANS : number));
        }
    }
}
