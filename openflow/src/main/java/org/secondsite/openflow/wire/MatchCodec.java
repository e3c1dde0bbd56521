package org.secondsite.openflow.wire;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.EthType;
import org.projectfloodlight.openflow.types.IPv4Address;
import org.projectfloodlight.openflow.types.IPv6Address;
import org.projectfloodlight.openflow.types.IpProtocol;
import org.projectfloodlight.openflow.types.MacAddress;
import org.projectfloodlight.openflow.types.Masked;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.OFValueType;
import org.projectfloodlight.openflow.types.OFVlanVidMatch;
import org.projectfloodlight.openflow.types.U8;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Match;

/** Between the pipeline's {@link Match} and the library's, one row of a table per field. */
final class MatchCodec {
    private static final Map<Field, Oxm<?>> BY_FIELD = new EnumMap<>(Field.class);
    private static final Map<MatchField<?>, Field> FIELDS = new HashMap<>();

    static {
        row(
                Field.IN_PORT,
                MatchField.IN_PORT,
                bits -> OFPort.of((int) bits.low()),
                port -> number(port.getPortNumber()));
        row(Field.ETH_DST, MatchField.ETH_DST, MatchCodec::mac, MatchCodec::bits);
        row(Field.ETH_SRC, MatchField.ETH_SRC, MatchCodec::mac, MatchCodec::bits);
        row(Field.ETH_TYPE, MatchField.ETH_TYPE, bits -> EthType.of((int) bits.low()), type -> number(type.getValue()));
        row(
                Field.VLAN_VID,
                MatchField.VLAN_VID,
                bits -> OFVlanVidMatch.ofRawVid((short) bits.low()),
                vid -> Bits.of(vid.getRawVid() & 0x1fff));
        row(
                Field.IP_PROTO,
                MatchField.IP_PROTO,
                bits -> IpProtocol.of((short) bits.low()),
                protocol -> number(protocol.getIpProtocolNumber()));
        row(Field.IPV4_SRC, MatchField.IPV4_SRC, MatchCodec::ipv4, MatchCodec::bits);
        row(Field.ARP_SPA, MatchField.ARP_SPA, MatchCodec::ipv4, MatchCodec::bits);
        row(Field.ARP_TPA, MatchField.ARP_TPA, MatchCodec::ipv4, MatchCodec::bits);
        row(Field.ARP_SHA, MatchField.ARP_SHA, MatchCodec::mac, MatchCodec::bits);
        row(Field.IPV6_SRC, MatchField.IPV6_SRC, MatchCodec::ipv6, MatchCodec::bits);
        row(
                Field.ICMPV6_TYPE,
                MatchField.ICMPV6_TYPE,
                bits -> U8.of((short) bits.low()),
                type -> number(type.getValue()));
        row(Field.ND_TARGET, MatchField.IPV6_ND_TARGET, MatchCodec::ipv6, MatchCodec::bits);
        row(Field.ND_SLL, MatchField.IPV6_ND_SLL, MatchCodec::mac, MatchCodec::bits);
        row(Field.ND_TLL, MatchField.IPV6_ND_TLL, MatchCodec::mac, MatchCodec::bits);
    }

    private MatchCodec() {}

    /** One row: a field there, and its values to and fro. */
    private record Oxm<T extends OFValueType<T>>(
            Field field, MatchField<T> there, Function<Bits, T> to, Function<T, Bits> from) {
        void write(Match.Condition condition, org.projectfloodlight.openflow.protocol.match.Match.Builder builder) {
            if (condition.mask().equals(field.all())) {
                builder.setExact(there, to.apply(condition.value()));
            } else {
                builder.setMasked(there, to.apply(condition.value()), to.apply(condition.mask()));
            }
        }

        Match.Condition read(org.projectfloodlight.openflow.protocol.match.Match match) {
            if (match.isExact(there)) {
                return new Match.Condition(from.apply(match.get(there)), field.all());
            }
            Masked<T> masked = match.getMasked(there);
            Bits mask = from.apply(masked.getMask());
            return new Match.Condition(from.apply(masked.getValue()).and(mask), mask);
        }
    }

    static org.projectfloodlight.openflow.protocol.match.Match encode(OFFactory factory, Match match) {
        org.projectfloodlight.openflow.protocol.match.Match.Builder builder = factory.buildMatch();
        match.conditions().forEach((field, condition) -> BY_FIELD.get(field).write(condition, builder));
        return builder.build();
    }

    /** Empty when it looks at a field that the pipeline does not know. */
    static Optional<Match> decode(org.projectfloodlight.openflow.protocol.match.Match there) {
        Map<Field, Match.Condition> conditions = new EnumMap<>(Field.class);
        for (MatchField<?> matchField : there.getMatchFields()) {
            Field field = FIELDS.get(matchField);
            if (field == null) {
                return Optional.empty();
            }
            conditions.put(field, BY_FIELD.get(field).read(there));
        }
        return Optional.of(new Match(conditions));
    }

    private static <T extends OFValueType<T>> void row(
            Field field, MatchField<T> there, Function<Bits, T> to, Function<T, Bits> from) {
        BY_FIELD.put(field, new Oxm<>(field, there, to, from));
        FIELDS.put(there, field);
    }

    private static Bits number(int unsigned) {
        return Bits.of(Integer.toUnsignedLong(unsigned));
    }

    private static MacAddress mac(Bits bits) {
        return MacAddress.of(bits.low());
    }

    private static Bits bits(MacAddress mac) {
        return Bits.of(mac.getLong());
    }

    private static IPv4Address ipv4(Bits bits) {
        return IPv4Address.of((int) bits.low());
    }

    private static Bits bits(IPv4Address address) {
        return number(address.getInt());
    }

    private static IPv6Address ipv6(Bits bits) {
        return IPv6Address.of(bits.high(), bits.low());
    }

    private static Bits bits(IPv6Address address) {
        return Bits.of(address.toInetAddress());
    }
}
