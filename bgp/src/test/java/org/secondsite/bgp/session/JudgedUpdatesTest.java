package org.secondsite.bgp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.Unpooled;
import java.lang.reflect.Proxy;
import java.net.Inet4Address;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.RouteRefusal;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.Treatment;

/** What a session counts of the UPDATE messages of its peer, for whoever draws figures of it. */
class JudgedUpdatesTest {
    private static final String PATH = "40010100" + "40020602010000fde9";
    private static final String PREFIX = "18c63364";
    private static final String NEXT_HOP = "40030" + "40a070002";

    private static final NeighborSettings PEER = NeighborSettings.of(Prefix.parseAddress("10.7.0.2"), 65001);

    private static PeerSession established() {
        SessionSink deaf = (SessionSink) Proxy.newProxyInstance(
                JudgedUpdatesTest.class.getClassLoader(), new Class<?>[] {SessionSink.class}, (_, _, _) -> null);
        PeerSession session = new PeerSession(SpeakerSettings.of(65100, "10.7.0.1", PEER), PEER, new Random(7), deaf);
        List<Capability> capabilities =
                List.of(new Capability.Multiprotocol(AddressFamily.IPV4_UNICAST), new Capability.FourOctetAs(65001));
        session.start(0);
        session.connected(Prefix.parseAddress("10.7.0.1"), 0);
        session.received(
                Side.OUTGOING,
                new Decoded.Message(new OpenMessage(65001, 90, (Inet4Address) PEER.address(), capabilities)),
                0);
        session.received(Side.OUTGOING, new Decoded.Message(new KeepaliveMessage()), 0);
        return session;
    }

    private static void receive(PeerSession session, String attributes) {
        HexFormat hex = HexFormat.of();
        String body = "0000" + hex.toHexDigits((short) (attributes.length() / 2)) + attributes + PREFIX;
        String message = "ff".repeat(16) + hex.toHexDigits((short) (19 + body.length() / 2)) + "02" + body;
        SessionTraits traits = session.status().terms().orElseThrow().traits();
        session.received(
                Side.OUTGOING, MessageDecoder.decode(Unpooled.wrappedBuffer(hex.parseHex(message)), traits), 0);
    }

    @Test
    void faultsAreCountedByWhatTheyDidAndRoutesThatARuleKeepsOutByTheRule() {
        PeerSession session = established();
        receive(session, PATH + NEXT_HOP);
        assertEquals(Map.of(), session.status().faultyUpdates());
        assertEquals(1, session.status().receivedRoutes());

        receive(session, PATH + NEXT_HOP + "40060100"); // an ATOMIC_AGGREGATE of one octet: RFC 7606 §7.6
        assertEquals(Map.of(Treatment.ATTRIBUTE_DISCARD, 1L), session.status().faultyUpdates());
        assertEquals(1, session.status().receivedRoutes());

        receive(session, PATH + NEXT_HOP + "40060100" + "c00803fde900"); // and communities of three: §7.8
        assertEquals(
                Map.of(Treatment.ATTRIBUTE_DISCARD, 1L, Treatment.TREAT_AS_WITHDRAW, 1L),
                session.status().faultyUpdates());
        assertEquals(0, session.status().receivedRoutes());
        assertEquals(Map.of(), session.status().refusedRoutes());

        receive(session, PATH + "400304e0000001"); // a next hop of many
        assertEquals(
                Map.of(RouteRefusal.IMPOSSIBLE_NEXT_HOP, 1L), session.status().refusedRoutes());
        assertEquals(0, session.status().receivedRoutes());
    }
}
