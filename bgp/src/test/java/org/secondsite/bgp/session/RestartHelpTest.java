package org.secondsite.bgp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.UpdateMessage;

/** RFC 4724 §4.2, RFC 8538: the routes of a peer that restarts stay for the time that it asked for. */
class RestartHelpTest {
    private static final InetAddress SELF = Prefix.parseAddress("10.7.0.1");
    private static final NeighborSettings PLAIN = NeighborSettings.of(Prefix.parseAddress("10.7.0.2"), 65001);
    private static final NeighborSettings HELPED =
            PLAIN.withOptions(PLAIN.options().withOffer(Offer.DEFAULT.withRestartHelp()));
    private static final NeighborSettings NOTIFIED =
            PLAIN.withOptions(PLAIN.options().withOffer(Offer.DEFAULT.withRestartHelpThroughNotifications()));
    private static final NotificationMessage RESET = NotificationMessage.of(BgpError.ADMINISTRATIVE_RESET);
    private static final NotificationMessage SHUTDOWN =
            NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, "noon");
    private static final Nlri ONE = Nlri.of(Prefix.parse("198.51.100.0/24"));
    private static final Nlri TWO = Nlri.of(Prefix.parse("192.0.2.0/24"));
    private static final Nlri SIX = Nlri.of(Prefix.parse("2001:db8::/32"));
    private static final int RESTART_SECONDS = 120;

    private final Set<Nlri> known = new HashSet<>();
    private final List<NotificationMessage> words = new ArrayList<>();
    private boolean peerOutlastsWords;
    private boolean kept;
    private boolean up;

    private PeerSession session(NeighborSettings neighbor) {
        PeerSession session =
                new PeerSession(SpeakerSettings.of(65100, "10.7.0.1", neighbor), neighbor, new Random(16), new Sink());
        session.start(0);
        return session;
    }

    private static long at(int seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    /** The peer asks for IPv4 alone to be kept. */
    private void establish(PeerSession session, boolean preserved, long nowNanos) {
        Inet4Address id = (Inet4Address) PLAIN.address();
        List<Capability> capabilities = List.of(
                new Capability.Multiprotocol(AddressFamily.IPV4_UNICAST),
                new Capability.Multiprotocol(AddressFamily.IPV6_UNICAST),
                new Capability.FourOctetAs(65001),
                new Capability.GracefulRestart(
                        true,
                        peerOutlastsWords,
                        RESTART_SECONDS,
                        List.of(new Capability.GracefulRestart.PreservedFamily(
                                AddressFamily.IPV4_UNICAST, preserved))));
        session.tick(nowNanos);
        session.connected(SELF, nowNanos);
        session.received(Side.OUTGOING, new Decoded.Message(new OpenMessage(65001, 90, id, capabilities)), nowNanos);
        session.received(Side.OUTGOING, new Decoded.Message(new KeepaliveMessage()), nowNanos);
        assertTrue(up);
    }

    private static void announce(PeerSession session, Nlri... routes) {
        PathAttributes path = PathAttributes.of(
                new PathAttribute.Origin(PathAttribute.Origin.Source.IGP), AsPath.sequence(List.of(65001L)));
        for (Nlri route : routes) {
            UpdateMessage update = route.equals(SIX)
                    ? new UpdateMessage(
                            List.of(),
                            path.with(new PathAttribute.MpReach(
                                    route.family(),
                                    Optional.of(Prefix.parseAddress("2001:db8::2")),
                                    Optional.empty(),
                                    List.of(route))),
                            List.of())
                    : new UpdateMessage(
                            List.of(),
                            path.with(new PathAttribute.NextHop((Inet4Address) PLAIN.address())),
                            List.of(route));
            session.received(Side.OUTGOING, new Decoded.Message(update), at(1));
        }
    }

    private static void endOfRib(PeerSession session) {
        session.received(
                Side.OUTGOING, new Decoded.Message(UpdateMessage.endOfRib(AddressFamily.IPV4_UNICAST)), at(60));
    }

    private PeerSession withRoutes(NeighborSettings neighbor) {
        PeerSession session = session(neighbor);
        establish(session, true, 0);
        announce(session, ONE, TWO, SIX);
        assertEquals(Set.of(ONE, TWO, SIX), known);
        return session;
    }

    @Test
    void whatIsNotAnnouncedAgainGoesWithTheEndOfRib() {
        PeerSession session = withRoutes(HELPED);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        assertTrue(kept);
        assertEquals(Set.of(ONE, TWO), known, "of the family that it asked for");
        assertEquals(2, session.receivedRoutes().size());
        establish(session, true, at(50));
        announce(session, ONE);
        assertEquals(Set.of(ONE, TWO), known);
        endOfRib(session);
        assertEquals(Set.of(ONE), known);
    }

    @Test
    void whoComesBackWithoutItsForwardingHasNoRoutes() {
        PeerSession session = withRoutes(HELPED);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        establish(session, false, at(50));
        assertEquals(Set.of(), known);
    }

    @Test
    void whoDoesNotComeBackInTimeHasNoRoutes() {
        PeerSession session = withRoutes(HELPED);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        session.tick(at(5 + RESTART_SECONDS) - 1);
        assertEquals(Set.of(ONE, TWO), known);
        session.tick(at(5 + RESTART_SECONDS));
        assertEquals(Set.of(), known);
        assertEquals(List.of(), session.receivedRoutes());
        OptionalLong until = session.untilNextNanos(at(5 + RESTART_SECONDS));
        assertTrue(until.isEmpty() || until.getAsLong() > 0, "no timer without end");
    }

    @Test
    void whatIsStaleForTheSecondTimeIsGone() {
        PeerSession session = withRoutes(HELPED);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        establish(session, true, at(50));
        announce(session, ONE);
        session.closed(Side.OUTGOING, "reset by peer", at(55));
        assertEquals(Set.of(ONE), known);
    }

    @Test
    void aWordOrAnOrderIsNoRestart() {
        PeerSession session = withRoutes(HELPED);
        NotificationMessage cease = NotificationMessage.of(BgpError.ADMINISTRATIVE_SHUTDOWN);
        session.received(Side.OUTGOING, new Decoded.Message(cease), at(5));
        assertFalse(kept);
        assertEquals(Set.of(), known);

        session = withRoutes(HELPED);
        session.reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD: silence", at(5));
        assertFalse(kept);

        session = withRoutes(HELPED);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        assertTrue(kept);
        session.stop(cease, "noon", at(6));
        assertEquals(Set.of(), known);
    }

    @Test
    void rfc8538Section4AWordOrSilenceIsARestartWhereBothEndsSaySo() {
        peerOutlastsWords = true;
        for (boolean word : List.of(true, false)) {
            kept = false;
            PeerSession session = withRoutes(NOTIFIED);
            if (word) {
                session.received(Side.OUTGOING, new Decoded.Message(RESET), at(5));
            } else {
                session.tick(at(100)); // the hold time is over
                assertEquals(4, words.getLast().code());
            }
            assertTrue(kept);
            assertEquals(Set.of(ONE, TWO), known, "of the family that it asked for");
            known.clear();
        }
    }

    @Test
    void rfc8538Section4AnErrorOfThePeersIsARestartToo() {
        peerOutlastsWords = true;
        PeerSession session = withRoutes(NOTIFIED);
        session.received(
                Side.OUTGOING,
                new Decoded.Reset(NotificationMessage.of(BgpError.MALFORMED_ATTRIBUTE_LIST), "nonsense"),
                at(5));
        assertEquals(BgpError.MALFORMED_ATTRIBUTE_LIST.code(), words.getLast().code());
        assertTrue(kept);
    }

    @Test
    void rfc8538Section3AHardResetIsNone() {
        peerOutlastsWords = true;
        PeerSession session = withRoutes(NOTIFIED);
        session.received(Side.OUTGOING, new Decoded.Message(SHUTDOWN.asHardReset()), at(5));
        assertFalse(kept);
        assertEquals(Set.of(), known);
    }

    @Test
    void whereOneEndIsSilentAboutNotificationsTheyAreNone() {
        PeerSession session = withRoutes(NOTIFIED);
        session.received(Side.OUTGOING, new Decoded.Message(RESET), at(5));
        assertFalse(kept);
        peerOutlastsWords = true;
        session = withRoutes(HELPED);
        session.received(Side.OUTGOING, new Decoded.Message(RESET), at(5));
        assertFalse(kept);
        session = withRoutes(HELPED);
        session.stop(SHUTDOWN, "noon", at(5));
        assertEquals(SHUTDOWN, words.getLast());
    }

    @Test
    void rfc8538Section5WhatEndsForGoodIsAHardReset() {
        peerOutlastsWords = true;
        PeerSession session = withRoutes(NOTIFIED);
        session.stop(SHUTDOWN, "noon", at(5));
        assertEquals(SHUTDOWN.asHardReset(), words.getLast());
        assertEquals(Optional.of(SHUTDOWN), words.getLast().hardResetReason());
        assertTrue(words.getLast().toString().endsWith("noon"), words.toString());
        assertEquals(Set.of(), known);

        session = withRoutes(NOTIFIED);
        session.reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD: silence", at(5));
        assertTrue(words.getLast().is(BgpError.HARD_RESET));
        assertFalse(kept);

        session = withRoutes(NOTIFIED);
        session.reset(RESET, "operator", at(5));
        assertEquals(RESET, words.getLast());
        assertTrue(kept);
    }

    @Test
    void rfc8538Section4Dot1WhatIsStaleAlreadyStaysThroughMoreRestartsButNotForEver() {
        peerOutlastsWords = true;
        PeerSession session = withRoutes(NOTIFIED);
        int seconds = 5;
        for (; seconds < 300; seconds += 50) {
            session.received(Side.OUTGOING, new Decoded.Message(RESET), at(seconds));
            assertEquals(Set.of(ONE, TWO), known);
            establish(session, true, at(seconds + 30));
        }
        session.received(Side.OUTGOING, new Decoded.Message(RESET), at(seconds));
        session.tick(at(5 + 360));
        assertEquals(Set.of(), known);
    }

    @Test
    void itIsOff() {
        PeerSession session = withRoutes(PLAIN);
        session.closed(Side.OUTGOING, "reset by peer", at(5));
        assertFalse(kept);
        assertEquals(Set.of(), known);
        assertEquals(List.of(), session.receivedRoutes());
    }

    /** Who hears no word about keeping forgets the routes with the session. */
    private final class Sink implements SessionSink {
        private boolean keeps;

        @Override
        public void connect() {}

        @Override
        public void send(Side side, BgpMessage message) {
            if (message instanceof NotificationMessage word) {
                words.add(word);
            }
        }

        @Override
        public void close(Side side) {}

        @Override
        public void established(Side side, Negotiated terms) {
            up = true;
        }

        @Override
        public void kept(Side side, long seconds) {
            assertTrue(seconds <= RESTART_SECONDS, seconds + " s");
            keeps = true;
            kept = true;
        }

        @Override
        public void down(Side side, String reason) {
            up = false;
            if (!keeps) {
                known.clear();
            }
            keeps = false;
        }

        @Override
        public void routes(AdjRibIn.Changes changes) {
            known.removeAll(changes.withdrawn());
            known.addAll(changes.announced().stream().map(route -> route.nlri()).collect(Collectors.toSet()));
        }

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
