package org.secondsite.bgp.rib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/** Routes of one IP version with next hops of the other (RFC 8950), where both ends have agreed on it and where not. */
class ExtendedNextHopTest {
    private static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
    private static final SessionTraits STRICT = new SessionTraits(true, true, false, BOTH, Set.of());
    private static final SessionTraits AGREED = STRICT.withExtendedNextHop(BOTH);
    private static final Optional<Inet4Address> SELF = Optional.of((Inet4Address) Prefix.parseAddress("10.7.0.1"));
    private static final Optional<Inet6Address> SELF6 = Optional.of((Inet6Address) Prefix.parseAddress("fd00:7::1"));
    private static final Importer RULES = new Importer(0, Optional.empty(), OptionalLong.empty(), Set.of(), false);

    private static Exporter exporter(
            Set<AddressFamily> extended, Optional<Inet4Address> self, Optional<Inet6Address> self6) {
        return new Exporter(65100, true, self, self6, extended, false);
    }

    private static ByteBuf sent(AdjRibOut rib) {
        ByteBuf out = Unpooled.buffer();
        MessageEncoder.encode(rib.next().orElseThrow().message(), AGREED, out);
        return out;
    }

    @ParameterizedTest
    @CsvSource({"203.0.113.0/24, fd00:7::9", "2001:db8:113::/48, 10.7.0.9", "203.0.113.0/24, 10.7.0.9"})
    void whatIsAnnouncedIsWhatIsHeard(String prefix, String hop) {
        InetAddress nextHop = Prefix.parseAddress(hop);
        Nlri route = Nlri.of(Prefix.parse(prefix));
        AdjRibOut rib = new AdjRibOut(exporter(BOTH, SELF, SELF6), AGREED);
        rib.announce(route, RouteAttributes.PLAIN.withNextHop(nextHop));
        Decoded.Message decoded = assertInstanceOf(Decoded.Message.class, MessageDecoder.decode(sent(rib), AGREED));
        ReceivedUpdate heard = RULES.judge(decoded, (UpdateMessage) decoded.message());
        assertEquals(List.of(), heard.faults());
        assertEquals(route, heard.announced().getFirst().nlri());
        assertEquals(Optional.of(nextHop), heard.announced().getFirst().nextHop());
    }

    /** RFC 7606 §7.11: a next hop of a length that was not agreed on. */
    @ParameterizedTest
    @CsvSource({"203.0.113.0/24, fd00:7::9", "2001:db8:113::/48, 10.7.0.9"})
    void whoHasNotAgreedIsNeitherToldNorHeard(String prefix, String hop) {
        RouteAttributes attributes = RouteAttributes.PLAIN.withNextHop(Prefix.parseAddress(hop));
        Nlri route = Nlri.of(Prefix.parse(prefix));
        AdjRibOut strict = new AdjRibOut(exporter(Set.of(), SELF, SELF6), STRICT);
        strict.announce(route, attributes);
        assertEquals(Set.of(route), strict.unexportable());
        AdjRibOut rib = new AdjRibOut(exporter(BOTH, SELF, SELF6), AGREED);
        rib.announce(route, attributes);
        Decoded.Reset reset = assertInstanceOf(Decoded.Reset.class, MessageDecoder.decode(sent(rib), STRICT));
        assertEquals(3, reset.notification().code());
        assertEquals(9, reset.notification().subcode());
    }

    @Test
    void nextHopSelfIsOfTheOwnIpVersionWhereThereIsOne() {
        Nlri four = Nlri.of(Prefix.parse("203.0.113.0/24"));
        Nlri six = Nlri.of(Prefix.parse("2001:db8:113::/48"));
        assertEquals(SELF, hop(exporter(BOTH, SELF, SELF6), four));
        assertEquals(SELF6, hop(exporter(BOTH, SELF, SELF6), six));
        assertEquals(SELF6, hop(exporter(BOTH, Optional.empty(), SELF6), four));
        assertEquals(SELF, hop(exporter(BOTH, SELF, Optional.empty()), six));
        assertEquals(Optional.empty(), hop(exporter(Set.of(), SELF, Optional.empty()), six));
    }

    private static Optional<InetAddress> hop(Exporter exporter, Nlri route) {
        return exporter.attributes(route.family(), RouteAttributes.PLAIN)
                .flatMap(told -> told.get(PathAttribute.NextHop.class)
                        .map(hop -> (InetAddress) hop.address())
                        .or(() -> told.get(PathAttribute.MpReach.class)
                                .flatMap(reach -> reach.nextHop().map(InetAddress.class::cast))));
    }

    @Test
    void theCapabilityNamesBothDirections() {
        Capability both =
                new Capability.ExtendedNextHop(List.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST));
        ByteBuf out = Unpooled.buffer();
        MessageEncoder.encode(new OpenMessage(65001, 90, SELF.orElseThrow(), List.of(both)), STRICT, out);
        Decoded.Message decoded = assertInstanceOf(Decoded.Message.class, MessageDecoder.decode(out, STRICT));
        assertEquals(List.of(both), ((OpenMessage) decoded.message()).capabilities());
    }
}
