package org.secondsite.bgp.fsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.UpdateMessage;

/** One neighbour's machine under a clock that the test moves. */
class PeerFsmTest {
    private static final Inet4Address LOW = (Inet4Address) Prefix.parseAddress("10.0.0.1");
    private static final Inet4Address HIGH = (Inet4Address) Prefix.parseAddress("10.0.0.9");
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final List<Action> done = new ArrayList<>();
    private long now = 1_000_000;
    private PeerFsm fsm = new PeerFsm(settings(LOW, 65001, 9, false), new Random(1));

    private static FsmSettings settings(Inet4Address routerId, long remoteAs, int holdSeconds, boolean passive) {
        return new FsmSettings(65100, routerId, remoteAs, holdSeconds, passive, Offer.DEFAULT, FsmTimers.DEFAULT);
    }

    private static OpenMessage open(long as, int holdSeconds, Inet4Address routerId) {
        return new OpenMessage(
                as > 0xffff ? OpenMessage.AS_TRANS : (int) as,
                holdSeconds,
                routerId,
                List.of(new Capability.Multiprotocol(AddressFamily.IPV4_UNICAST), new Capability.FourOctetAs(as)));
    }

    private List<Action> act(List<Action> actions) {
        done.addAll(actions);
        return actions;
    }

    private void receive(Side side, BgpMessage message) {
        act(fsm.received(side, new Decoded.Message(message), now));
    }

    private void passUntil(long deadline) {
        while (fsm.untilNextNanos(now).isPresent()
                && now + fsm.untilNextNanos(now).getAsLong() <= deadline) {
            now += fsm.untilNextNanos(now).getAsLong();
            act(fsm.tick(now));
        }
        now = deadline;
    }

    private void establishOutgoing() {
        act(fsm.start(now));
        act(fsm.connected(now));
        receive(Side.OUTGOING, open(65001, 30, HIGH));
        receive(Side.OUTGOING, new KeepaliveMessage());
        assertEquals(Optional.of(Side.OUTGOING), fsm.establishedSide());
    }

    private List<BgpMessage> sent(Side side) {
        return done.stream()
                .filter(Action.Send.class::isInstance)
                .map(Action.Send.class::cast)
                .filter(send -> send.side() == side)
                .map(Action.Send::message)
                .toList();
    }

    private Optional<NotificationMessage> notified(Side side) {
        return sent(side).stream()
                .filter(NotificationMessage.class::isInstance)
                .map(NotificationMessage.class::cast)
                .reduce((_, last) -> last);
    }

    @Test
    void connectsAtOnceAndOffersItsCapabilities() {
        assertTrue(act(fsm.start(now)).contains(new Action.Connect()));
        act(fsm.connected(now));
        OpenMessage open =
                assertInstanceOf(OpenMessage.class, sent(Side.OUTGOING).getFirst());
        assertEquals(65100, open.as());
        assertEquals(9, open.holdTimeSeconds());
        assertTrue(open.capability(Capability.GracefulRestart.class).isEmpty());
    }

    @Test
    void refusedConnectionIsTriedAgainWithinAJitteredSecond() {
        act(fsm.start(now));
        act(fsm.closed(Side.OUTGOING, "refused", now));
        long until = fsm.untilNextNanos(now).orElseThrow();
        assertTrue(until >= SECOND * 3 / 4 && until <= SECOND, until + " ns");
        done.clear();
        passUntil(now + SECOND);
        assertTrue(done.contains(new Action.Connect()));
    }

    @Test
    void refusalsDoNotMakeItSlower() {
        act(fsm.start(now));
        for (int i = 0; i < 50; i++) {
            act(fsm.closed(Side.OUTGOING, "refused", now));
            assertTrue(fsm.untilNextNanos(now).orElseThrow() <= SECOND);
            passUntil(now + SECOND);
            assertEquals(State.CONNECT, fsm.state(Side.OUTGOING));
        }
    }

    @Test
    void connectionThatHangsIsTriedAgain() {
        act(fsm.start(now));
        done.clear();
        passUntil(now + SECOND);
        assertTrue(done.containsAll(List.of(new Action.Close(Side.OUTGOING), new Action.Connect())));
    }

    @Test
    void passiveNeighbourIsNeverConnectedTo() {
        fsm = new PeerFsm(settings(LOW, 65001, 9, true), new Random(1));
        act(fsm.start(now));
        passUntil(now + 100 * SECOND);
        assertFalse(done.contains(new Action.Connect()));
        assertTrue(fsm.mayAccept());
    }

    @Test
    void smallerHoldTimeIsTakenAndKeptUp() {
        establishOutgoing();
        done.clear();
        passUntil(now + 8 * SECOND);
        long keepalives = sent(Side.OUTGOING).stream()
                .filter(KeepaliveMessage.class::isInstance)
                .count();
        assertTrue(keepalives >= 2 && keepalives <= 4, keepalives + " in 8 s at a hold time of 9 s");
        passUntil(now + 2 * SECOND);
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.HOLD_TIMER_EXPIRED));
        assertTrue(done.contains(new Action.Down(Side.OUTGOING, "Hold Timer Expired")));
    }

    @Test
    void updatesKeepTheHoldTimerAway() {
        establishOutgoing();
        for (int i = 0; i < 10; i++) {
            passUntil(now + 5 * SECOND);
            receive(Side.OUTGOING, new UpdateMessage(List.of(), PathAttributes.NONE, List.of()));
        }
        assertEquals(Optional.of(Side.OUTGOING), fsm.establishedSide());
    }

    @Test
    void holdTimeZeroMeansNoKeepalives() {
        fsm = new PeerFsm(settings(LOW, 65001, 0, false), new Random(1));
        establishOutgoing();
        done.clear();
        passUntil(now + 10_000 * SECOND);
        assertEquals(List.of(), sent(Side.OUTGOING));
        assertEquals(Optional.of(Side.OUTGOING), fsm.establishedSide());
    }

    @Test
    void rfc9687GivesUpAPeerThatReadsNothing() {
        establishOutgoing();
        for (int i = 0; i < 200 && fsm.establishedSide().isPresent(); i++) {
            passUntil(now + 3 * SECOND);
            receive(Side.OUTGOING, new KeepaliveMessage());
        }
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.SEND_HOLD_TIMER_EXPIRED));
    }

    @Test
    void rfc9687ProgressKeepsTheSessionUp() {
        establishOutgoing();
        for (int i = 0; i < 300; i++) {
            passUntil(now + 3 * SECOND);
            receive(Side.OUTGOING, new KeepaliveMessage());
            fsm.progressed(Side.OUTGOING, now);
        }
        assertEquals(Optional.of(Side.OUTGOING), fsm.establishedSide());
    }

    @Test
    void wrongPeerAsIsRefused() {
        act(fsm.start(now));
        act(fsm.connected(now));
        receive(Side.OUTGOING, open(65002, 30, HIGH));
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.BAD_PEER_AS));
        assertEquals(State.IDLE, fsm.state(Side.OUTGOING));
    }

    @Test
    void peerWithoutOurFamiliesIsRefused() {
        act(fsm.start(now));
        act(fsm.connected(now));
        AddressFamily flowSpec = new AddressFamily(1, 133);
        receive(Side.OUTGOING, new OpenMessage(65001, 30, HIGH, List.of(new Capability.Multiprotocol(flowSpec))));
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.UNSUPPORTED_CAPABILITY));
    }

    @Test
    void rfc6608UnexpectedMessagesNameTheState() {
        act(fsm.start(now));
        act(fsm.connected(now));
        receive(Side.OUTGOING, new KeepaliveMessage());
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.UNEXPECTED_MESSAGE_IN_OPEN_SENT));

        passUntil(now + 40 * SECOND);
        act(fsm.connected(now));
        receive(Side.OUTGOING, open(65001, 30, HIGH));
        receive(Side.OUTGOING, new UpdateMessage(List.of(), PathAttributes.NONE, List.of()));
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM));

        passUntil(now + 40 * SECOND);
        act(fsm.connected(now));
        receive(Side.OUTGOING, open(65001, 30, HIGH));
        receive(Side.OUTGOING, new KeepaliveMessage());
        receive(Side.OUTGOING, open(65001, 30, HIGH));
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.UNEXPECTED_MESSAGE_IN_ESTABLISHED));
    }

    @Test
    void oscillatingPeerIsSlowedDownAndForgivenAfterAStableSession() {
        act(fsm.start(now));
        long longest = 0;
        for (int i = 0; i < 8; i++) {
            act(fsm.connected(now));
            receive(Side.OUTGOING, open(65002, 30, HIGH));
            longest = fsm.untilNextNanos(now).orElseThrow();
            passUntil(now + longest);
        }
        assertTrue(longest >= 20 * SECOND && longest <= 30 * SECOND, longest + " ns");

        act(fsm.connected(now));
        receive(Side.OUTGOING, open(65001, 30, HIGH));
        receive(Side.OUTGOING, new KeepaliveMessage());
        for (int i = 0; i < 4; i++) {
            passUntil(now + 3 * SECOND);
            receive(Side.OUTGOING, new KeepaliveMessage());
        }
        act(fsm.closed(Side.OUTGOING, "reset by peer", now));
        passUntil(now + 2 * SECOND);
        assertEquals(State.CONNECT, fsm.state(Side.OUTGOING));
    }

    @Test
    void peerThatComesBackIsAcceptedAtOnce() {
        establishOutgoing();
        act(fsm.closed(Side.OUTGOING, "reset by peer", now));
        act(fsm.tick(now));
        assertTrue(fsm.mayAccept());
    }

    @Test
    void stoppedMachineStaysDown() {
        establishOutgoing();
        NotificationMessage cease = NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, "bye");
        act(fsm.stop(cease, "asked to", now));
        assertEquals(Optional.of(cease), notified(Side.OUTGOING));
        assertTrue(fsm.untilNextNanos(now).isEmpty());
        assertFalse(fsm.mayAccept());
    }

    @Test
    void resetMachineComesBack() {
        establishOutgoing();
        act(fsm.reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD", now));
        assertTrue(notified(Side.OUTGOING).orElseThrow().is(BgpError.BFD_DOWN));
        passUntil(now + 2 * SECOND);
        assertEquals(State.CONNECT, fsm.state(Side.OUTGOING));
    }

    /** Both connections are in OpenConfirm or get there: the one that the higher identifier opened stays. */
    @Test
    void rfc4271Section6_8CollisionIsWonByTheHigherIdentifier() {
        for (boolean weAreHigher : List.of(true, false)) {
            for (Side first : Side.values()) {
                Inet4Address ours = weAreHigher ? HIGH : LOW;
                Inet4Address theirs = weAreHigher ? LOW : HIGH;
                fsm = new PeerFsm(settings(ours, 65001, 9, false), new Random(1));
                done.clear();
                act(fsm.start(now));
                act(fsm.connected(now));
                act(fsm.accepted(now));
                receive(first, open(65001, 30, theirs));
                receive(first.other(), open(65001, 30, theirs));
                Side kept = weAreHigher ? Side.OUTGOING : Side.INCOMING;
                assertEquals(State.OPEN_CONFIRM, fsm.state(kept), weAreHigher + " " + first);
                assertTrue(notified(kept.other()).orElseThrow().is(BgpError.CONNECTION_COLLISION_RESOLUTION));
                assertTrue(done.contains(new Action.Close(kept.other())));
            }
        }
    }

    @Test
    void rfc4271Section6_8EstablishedSessionSurvivesANewConnection() {
        establishOutgoing();
        act(fsm.accepted(now));
        receive(Side.INCOMING, open(65001, 30, HIGH));
        assertEquals(Optional.of(Side.OUTGOING), fsm.establishedSide());
        assertTrue(notified(Side.INCOMING).orElseThrow().is(BgpError.CONNECTION_COLLISION_RESOLUTION));
    }

    @Test
    void incomingSessionEndsOurOwnAttempt() {
        act(fsm.start(now));
        act(fsm.accepted(now));
        receive(Side.INCOMING, open(65001, 30, HIGH));
        receive(Side.INCOMING, new KeepaliveMessage());
        assertEquals(State.IDLE, fsm.state(Side.OUTGOING));
        done.clear();
        for (int i = 0; i < 20; i++) {
            passUntil(now + 2 * SECOND);
            receive(Side.INCOMING, new KeepaliveMessage());
        }
        assertFalse(done.contains(new Action.Connect()));
        act(fsm.closed(Side.INCOMING, "reset by peer", now));
        passUntil(now + 2 * SECOND);
        assertTrue(done.contains(new Action.Connect()));
    }

    @Test
    void remainsOfACrashedPeerBlockNeitherItsNewConnectionNorOurs() {
        act(fsm.start(now));
        act(fsm.accepted(now));
        act(fsm.closed(Side.OUTGOING, "unreachable", now));
        done.clear();
        passUntil(now + SECOND);
        assertTrue(done.contains(new Action.Connect()));
        assertTrue(fsm.mayAccept());
        act(fsm.makeWay(now));
        assertTrue(done.contains(new Action.Close(Side.INCOMING)));
        act(fsm.accepted(now));
        receive(Side.INCOMING, open(65001, 30, HIGH));
        receive(Side.INCOMING, new KeepaliveMessage());
        assertEquals(Optional.of(Side.INCOMING), fsm.establishedSide());
        assertFalse(fsm.mayAccept());
    }
}
