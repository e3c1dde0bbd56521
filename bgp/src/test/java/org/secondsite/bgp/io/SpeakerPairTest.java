package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.testing.FreePort;

/** Two speakers on loopback: 127.0.0.1 is AS 65100, 127.0.0.2 is AS 4200000001. */
@Timeout(240)
class SpeakerPairTest {
    private static final InetAddress A = Prefix.parseAddress("127.0.0.1");
    private static final InetAddress B = Prefix.parseAddress("127.0.0.2");
    private static final long AS_A = 65100;
    private static final long AS_B = 4_200_000_001L;
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");

    private final RecordingListener heardByA = new RecordingListener();
    private final RecordingListener heardByB = new RecordingListener();
    private final int port;

    SpeakerPairTest() throws IOException {
        port = FreePort.at(A);
    }

    private BgpSpeaker openA(boolean passive, Optional<String> password) throws IOException {
        NeighborSettings b = new NeighborSettings(B, port, A, AS_B, 30, passive, password);
        b = b.withOptions(b.options().withOtherSelf(Prefix.parseAddress("2001:db8::a")));
        return BgpSpeaker.open(
                new SpeakerSettings(AS_A, (Inet4Address) Prefix.parseAddress("10.0.0.1"), List.of(b))
                        .withListen(List.of(new InetSocketAddress(A, port))),
                heardByA);
    }

    private BgpSpeaker openB(boolean passive, Optional<String> password) throws IOException {
        return BgpSpeaker.open(
                new SpeakerSettings(
                                AS_B,
                                (Inet4Address) Prefix.parseAddress("10.0.0.2"),
                                List.of(new NeighborSettings(A, port, B, AS_A, 30, passive, password)))
                        .withListen(List.of(new InetSocketAddress(B, port))),
                heardByB);
    }

    private void awaitBothEstablished() throws InterruptedException {
        heardByA.await("A established", 20, () -> heardByA.established() > heardByA.downs());
        heardByB.await("B established", 20, () -> heardByB.established() > heardByB.downs());
    }

    private Optional<ReceivedRoute> atB(Prefix prefix) {
        return Optional.ofNullable(heardByB.routes().get(Nlri.of(prefix)));
    }

    private List<Long> pathAtB(Prefix prefix) {
        return atB(prefix)
                .flatMap(route -> route.attributes().get(AsPath.class))
                .map(AsPath::numbers)
                .orElse(List.of());
    }

    @Test
    void standbyRouteIsPrependedAndPromotedAndWithdrawn() throws Exception {
        try (BgpSpeaker a = openA(false, Optional.empty());
                BgpSpeaker b = openB(true, Optional.empty())) {
            assertEquals(1, b.listening().size());
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(3), PREFIX6, RouteAttributes.PLAIN));
            awaitBothEstablished();
            heardByB.await("prepended", 10, () -> pathAtB(PREFIX).size() == 4);
            heardByB.await("IPv6", 10, () -> atB(PREFIX6).isPresent());
            assertEquals(List.of(AS_A, AS_A, AS_A, AS_A), pathAtB(PREFIX));
            assertEquals(Optional.of(A), atB(PREFIX).orElseThrow().nextHop());
            assertEquals(
                    Optional.of(Prefix.parseAddress("2001:db8::a")),
                    atB(PREFIX6).orElseThrow().nextHop());

            long before = System.nanoTime();
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            heardByB.await("promoted", 10, () -> pathAtB(PREFIX).size() == 1);
            heardByB.await("IPv6 withdrawn", 10, () -> atB(PREFIX6).isEmpty());
            heardByA.await(
                    "told of the write", 10, () -> heardByA.announcedNanos().get(PREFIX) - before > 0);
            a.advertise(Map.of());
            heardByB.await("withdrawn", 10, () -> atB(PREFIX).isEmpty());
            heardByA.await("told of it", 10, () -> heardByA.withdrawnNanos().containsKey(PREFIX));
        }
    }

    @Test
    void unchangedDesiresSendNothing() throws Exception {
        try (BgpSpeaker a = openA(false, Optional.empty());
                BgpSpeaker b = openB(true, Optional.empty())) {
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitBothEstablished();
            heardByB.await("announced", 10, () -> atB(PREFIX).isPresent());
            heardByA.await("told of it", 10, () -> heardByA.updates() == 1);
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN));
            heardByB.await("the other prefix", 10, () -> atB(PREFIX6).isPresent());
            heardByA.await("told of that", 10, () -> heardByA.updates() >= 2);
            assertEquals(2, heardByA.updates());
            assertFalse(b.status().get().isEmpty());
        }
    }

    @Test
    void collisionLeavesOneSessionThatTheHigherIdentifierOpened() throws Exception {
        try (BgpSpeaker a = openA(false, Optional.empty());
                BgpSpeaker b = openB(false, Optional.empty())) {
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitBothEstablished();
            heardByB.await("announced", 20, () -> atB(PREFIX).isPresent());
            assertEquals(1, b.status().get().size());
        }
    }

    @Test
    void desiresSurviveARestartOfThePeer() throws Exception {
        try (BgpSpeaker a = openA(false, Optional.empty())) {
            a.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(2)));
            try (BgpSpeaker b = openB(true, Optional.empty())) {
                awaitBothEstablished();
                heardByB.await("announced", 10, () -> pathAtB(PREFIX).size() == 3);
                b.close("maintenance at noon");
            }
            heardByA.await("down", 10, () -> heardByA.downs() == 1);
            assertTrue(heardByA.lastDown().contains("maintenance at noon"), heardByA.lastDown());
            heardByB.await("down", 10, () -> heardByB.downs() == 1);
            try (BgpSpeaker b = openB(true, Optional.empty())) {
                heardByB.await("announced again", 20, () -> pathAtB(PREFIX).size() == 3);
                assertEquals(1, b.status().get().getFirst().receivedRoutes());
            }
        }
    }

    @Test
    void md5KeepsOutWhoDoesNotKnowThePassword() throws Exception {
        try (BgpSpeaker a = openA(false, Optional.of("right"));
                BgpSpeaker b = openB(true, Optional.of("right"))) {
            awaitBothEstablished();
            assertEquals(1, a.status().get().size());
            assertEquals(1, b.status().get().size());
        }
        int established = heardByA.established();
        try (BgpSpeaker a = openA(false, Optional.of("right"));
                BgpSpeaker b = openB(true, Optional.of("wrong"))) {
            Thread.sleep(2500);
            assertEquals(established, heardByA.established());
            assertEquals(1, a.status().get().size());
            assertEquals(1, b.status().get().size());
        }
    }

    @Test
    void hundredThousandPrefixesArePackedAndArrive() throws Exception {
        Map<Prefix, RouteAttributes> many = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            many.put(
                    Prefix.parse((20 + (i >> 16)) + "." + ((i >> 8) & 0xff) + "." + (i & 0xff) + ".0/24"),
                    RouteAttributes.PLAIN);
        }
        try (BgpSpeaker a = openA(false, Optional.empty());
                BgpSpeaker b = openB(true, Optional.empty())) {
            awaitBothEstablished();
            a.advertise(many);
            heardByB.await("all of them", 30, () -> heardByB.routes().size() == many.size());
            int messages = heardByA.updates();
            assertTrue(messages <= 120, messages + " messages");
            a.advertise(Map.of());
            heardByB.await("none of them", 30, () -> heardByB.routes().isEmpty());
            assertEquals(0, b.status().get().getFirst().receivedRoutes());
        }
    }
}
