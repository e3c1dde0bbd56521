package org.secondsite.bgp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.Prefix;

/** A session that was lost stays down for a while, whoever wants it back. */
class HoldDownTest {
    private static final InetAddress SELF = Prefix.parseAddress("10.7.0.1");
    private static final NeighborSettings NEIGHBOR = NeighborSettings.of(Prefix.parseAddress("10.7.0.2"), 65001);
    private static final int SECONDS = 30;

    private final List<String> downs = new ArrayList<>();
    private int connects;
    private boolean up;

    private PeerSession session(Duration holdDown) {
        NeighborSettings held = NEIGHBOR.withOptions(NEIGHBOR.options().withHoldDown(holdDown));
        return new PeerSession(SpeakerSettings.of(65100, "10.7.0.1", held), held, new Random(16), new Sink());
    }

    private void establish(PeerSession session, long nowNanos) {
        session.connected(SELF, nowNanos);
        Inet4Address id = (Inet4Address) NEIGHBOR.address();
        session.received(Side.OUTGOING, new Decoded.Message(new OpenMessage(65001, 90, id, List.of())), nowNanos);
        session.received(Side.OUTGOING, new Decoded.Message(new KeepaliveMessage()), nowNanos);
        assertTrue(up);
    }

    private static long at(int seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void aLostSessionStaysDownForThePeersAttemptsTooAndThenComesBack() {
        PeerSession session = session(Duration.ofSeconds(SECONDS));
        session.start(0);
        establish(session, 0);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        assertEquals(List.of("reset by peer; held down for 30 s"), downs);
        assertFalse(session.mayAccept());
        assertTrue(session.isStarted());
        assertEquals(OptionalLong.of(at(SECONDS)), session.untilNextNanos(at(5)));
        session.tick(at(5 + SECONDS) - 1);
        assertEquals(1, connects);
        assertFalse(session.mayAccept());
        session.tick(at(5 + SECONDS));
        assertEquals(2, connects);
        assertTrue(session.mayAccept());
        establish(session, at(5 + SECONDS));
    }

    @Test
    void anOperatorWhoEnablesItEndsTheWait() {
        PeerSession session = session(Duration.ofSeconds(SECONDS));
        session.start(0);
        establish(session, 0);
        session.reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD: silence", at(5));
        assertFalse(session.mayAccept());
        session.start(at(6));
        assertTrue(session.mayAccept());
        assertEquals(2, connects);
    }

    @Test
    void whoEndsASessionForGoodDoesNotStartItAgain() {
        PeerSession session = session(Duration.ofSeconds(SECONDS));
        session.start(0);
        establish(session, 0);
        session.stop(NotificationMessage.of(BgpError.ADMINISTRATIVE_SHUTDOWN), "noon", at(5));
        assertEquals(List.of("noon"), downs);
        assertFalse(session.isStarted());
        session.tick(at(5 + SECONDS));
        assertEquals(1, connects);
    }

    @Test
    void attemptsThatNeverStoodAreNotHeldDown() {
        PeerSession session = session(Duration.ofSeconds(SECONDS));
        session.start(0);
        session.closed(Side.OUTGOING, "refused", at(1));
        assertTrue(session.mayAccept());
        session.tick(at(4));
        assertEquals(2, connects);
    }

    @Test
    void withoutItNothingIsDifferent() {
        PeerSession session = session(Duration.ZERO);
        session.start(0);
        establish(session, 0);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        assertEquals(List.of("reset by peer"), downs);
        assertTrue(session.mayAccept());
    }

    @Test
    void timesThatMakeNoSenseAreRefused() {
        NeighborOptions plain = NeighborOptions.DEFAULT;
        assertThrows(IllegalArgumentException.class, () -> plain.withHoldDown(Duration.ofSeconds(-1)));
        assertThrows(IllegalArgumentException.class, () -> plain.withHoldDown(Duration.ofDays(2)));
    }

    private final class Sink implements SessionSink {
        @Override
        public void connect() {
            connects++;
        }

        @Override
        public void send(Side side, BgpMessage message) {}

        @Override
        public void close(Side side) {}

        @Override
        public void established(Side side, Negotiated terms) {
            up = true;
        }

        @Override
        public void down(Side side, String reason) {
            up = false;
            downs.add(reason);
        }

        @Override
        public void routes(AdjRibIn.Changes changes) {}

        @Override
        public void update(ReceivedUpdate update) {}

        @Override
        public void prefixLimit(AddressFamily family, int count, PrefixLimit limit) {}

        @Override
        public void unexportable(Set<Nlri> routes) {}

        @Override
        public void transition(SessionTransition transition) {}
    }
}
