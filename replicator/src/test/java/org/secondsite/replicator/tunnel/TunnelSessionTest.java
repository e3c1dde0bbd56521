package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/** Events in, effects out: one session, and a peer that is played frame by frame. */
class TunnelSessionTest extends SessionAtA {

    // ---- setting up

    @Test
    void helloFollowsTheRightCertificateAndResumeThePeersHello() {
        TunnelConnection connection = rig.session.accepted(wire, rig.now());
        assertEquals(TunnelConnection.Phase.SECURING, connection.phase());
        connection.secured("b", rig.now());
        assertEquals(List.of("HELLO"), wire.take());
        rig.hello(connection, 22, 5, 0);
        assertEquals(List.of("RESUME"), wire.take());
        assertEquals(List.of("GREETED", "start decoding", "greeted by b"), rig.takeLog());
        rig.resume(connection);
        assertEquals(List.of("start encoding", "CONNECTED", "connected"), rig.takeLog());
        assertEquals(List.of("HEARTBEAT"), wire.take());
        assertTrue(rig.status().connected());
    }

    @Test
    void anotherSitesCertificateIsTurnedAwayWithAFarewell() {
        TunnelConnection connection = rig.secured(wire, new SiteId("mallory"));
        assertEquals(List.of("GOODBYE IDENTITY"), wire.take());
        assertEquals(Wire.Closing.AFTER_FAREWELL, wire.closing);
        assertEquals(TunnelConnection.Phase.CLOSED, connection.phase());
        assertEquals(List.of("rejected IDENTITY"), rig.takeLog());
        assertTrue(rig.status().detail().contains("mallory"));
    }

    @ParameterizedTest
    @CsvSource({
        "GREETING, RESUME, ORDER", "GREETING, MESSAGE, ORDER", "GREETING, ACKNOWLEDGED, ORDER",
                "RESUMING, HELLO, ORDER",
        "RESUMING, DATA, ORDER", "RESUMING, MESSAGE, ORDER", "OPEN, HELLO, ORDER", "OPEN, RESUME, ORDER",
        "OPEN, ACKNOWLEDGED, ORDER", "OPEN, REFUSED, ORDER", "OPEN, DATA, ORDER", "OPEN, MESSAGE, PAYLOAD"
    })
    void aFrameOutOfPlaceEndsTheConnectionWithItsCode(TunnelConnection.Phase phase, FrameType type, ResetCode code) {
        TunnelConnection connection = rig.secured(wire, SessionRig.B);
        if (phase != TunnelConnection.Phase.GREETING) {
            rig.hello(connection, 22, 5, 0);
        }
        if (phase == TunnelConnection.Phase.OPEN) {
            rig.resume(connection);
        }
        assertEquals(phase, connection.phase());
        wire.take();
        boolean streams = type == FrameType.ACKNOWLEDGED || type == FrameType.REFUSED || type == FrameType.DATA;
        TunnelFrame frame = new TunnelFrame(type, 0, streams ? 1 : 0, new EpochId(1, 1), SessionRig.bytes(1));
        rig.receive(connection, type.isSequenced() ? frame.at(1) : frame);
        assertEquals(List.of("GOODBYE " + code), wire.take());
        assertEquals(TunnelConnection.Phase.CLOSED, connection.phase());
    }

    @Test
    void aStrangerWhoSaysNothingIsGivenUpAfterThreeSeconds() {
        TunnelConnection silent = rig.session.accepted(wire, rig.now());
        rig.pass(2999);
        assertEquals(TunnelConnection.Phase.SECURING, silent.phase());
        rig.pass(2);
        assertEquals(TunnelConnection.Phase.CLOSED, silent.phase());
        assertEquals(Wire.Closing.AT_ONCE, wire.closing);
        assertEquals(List.of("rejected HANDSHAKE"), rig.takeLog());
    }

    @Test
    void aNewerConnectionTakesThePlaceOfTheSession() {
        TunnelConnection first = rig.opened(wire);
        SessionRig.RecordedWire newer = new SessionRig.RecordedWire();
        TunnelConnection second = rig.secured(newer, SessionRig.B);
        rig.hello(second, 22, 6, 0);
        assertEquals(TunnelConnection.Phase.CLOSED, first.phase());
        assertEquals(List.of("GOODBYE REPLACED"), wire.take());
        rig.resume(second);
        assertEquals(
                List.of(
                        "stop encoding",
                        "stop decoding",
                        "APART",
                        "disconnected REPLACED",
                        "GREETED",
                        "start decoding",
                        "greeted by b",
                        "start encoding",
                        "CONNECTED",
                        "connected"),
                rig.takeLog());
    }

    // ---- several connections

    @Test
    void aFurtherConnectionJoinsTheSessionItNamesAndNoOther() {
        rig.opened(wire);
        SessionRig.RecordedWire further = new SessionRig.RecordedWire();
        TunnelConnection joined = rig.secured(further, SessionRig.B);
        rig.hello(joined, 22, 5, 1);
        assertEquals(TunnelConnection.Phase.OPEN, joined.phase());
        assertEquals(List.of("widened 2"), rig.takeLog());
        for (long[] wrong : new long[][] {{22, 4, 2}, {23, 5, 2}, {22, 5, 1}}) {
            SessionRig.RecordedWire other = new SessionRig.RecordedWire();
            TunnelConnection stranger = rig.secured(other, SessionRig.B);
            rig.hello(stranger, wrong[0], wrong[1], (int) wrong[2]);
            assertEquals(TunnelConnection.Phase.CLOSED, stranger.phase());
            assertEquals(List.of("HELLO", "GOODBYE BROKEN"), other.take());
        }
        assertEquals(List.of(), rig.takeLog(), "the session goes on");
        joined.broke(new Reset(ResetCode.BROKEN, "reset"), rig.now());
        assertEquals(
                List.of("stop encoding", "stop decoding", "APART", "disconnected BROKEN"),
                rig.takeLog(),
                "what was on it is not known to have arrived");
        assertEquals(List.of("HELLO", "HEARTBEAT"), further.take());
    }

    @Test
    void framesOfStreamsWaitForTheirTurnAndAnswersDoNot() {
        TunnelConnection first = rig.opened(wire);
        SessionRig.RecordedWire further = new SessionRig.RecordedWire();
        TunnelConnection second = rig.secured(further, SessionRig.B);
        rig.hello(second, 22, 5, 1);
        rig.receive(second, data(1, 1, TunnelFrame.FIRST).at(2));
        assertEquals(List.of(), rig.decoding, "the stream is not open yet");
        rig.receive(first, open(1, "web").at(1));
        assertEquals(1, rig.decoding.size());
    }

    // ---- dialling

    @Test
    void attemptsComeAfterWaitsThatDoubleToTheirBoundAndBeginAnewAfterALongSession() {
        SessionRig caller = new SessionRig(SessionRig.B);
        caller.session.start(caller.now());
        List<Long> waits = new ArrayList<>();
        for (int attempt = 0; attempt < 8; attempt++) {
            waits.add(awaitDial(caller, "dial 0 USUAL"));
            caller.session
                    .dialled(new SessionRig.RecordedWire(), 0, caller.now())
                    .broke(new Reset(ResetCode.BROKEN, "refused"), caller.now());
        }
        long[] bounds = {40, 80, 160, 320, 320, 320, 320, 320};
        for (int attempt = 0; attempt < bounds.length; attempt++) {
            long wait = waits.get(attempt);
            assertTrue(wait >= bounds[attempt] / 2 && wait <= bounds[attempt] + 1, "waits: " + waits);
        }
        awaitDial(caller, "dial 0 USUAL");
        TunnelConnection connection = caller.session.dialled(wire, 0, caller.now());
        connection.secured("a", caller.now());
        caller.hello(connection, 22, 0, 0);
        caller.resume(connection);
        for (int heartbeat = 0; heartbeat < 5; heartbeat++) {
            caller.pass(100);
            caller.clock(connection, FrameType.HEARTBEAT, 1);
        }
        connection.broke(new Reset(ResetCode.BROKEN, "reset"), caller.now());
        caller.takeLog();
        assertTrue(awaitDial(caller, "dial 0 USUAL") <= 41, "the shortest wait again");
        caller.session.close(caller.now());
    }

    @Test
    void anAttemptThatCannotEvenBeMadeIsFollowedByAnother() {
        SessionRig caller = new SessionRig(SessionRig.B);
        caller.session.start(caller.now());
        awaitDial(caller, "dial 0 USUAL");
        caller.session.undialled(0, new Reset(ResetCode.HANDSHAKE, "no such file"), caller.now());
        assertEquals(List.of("rejected HANDSHAKE"), caller.takeLog());
        awaitDial(caller, "dial 0 USUAL");
        caller.session.close(caller.now());
    }

    @Test
    void furtherConnectionsAreDialledWhenTheFirstIsOpen() {
        SessionRig caller = new SessionRig(SessionRig.settings(SessionRig.B).withConnections(3));
        caller.session.start(caller.now());
        awaitDial(caller, "dial 0 USUAL");
        TunnelConnection first = caller.session.dialled(wire, 0, caller.now());
        first.secured("a", caller.now());
        caller.hello(first, 22, 0, 0);
        caller.takeLog();
        caller.resume(first);
        assertEquals(
                List.of("start encoding", "CONNECTED", "connected", "dial 1 USUAL", "dial 2 USUAL"), caller.takeLog());
        caller.session.undialled(1, new Reset(ResetCode.HANDSHAKE, "no such file"), caller.now());
        caller.takeLog();
        caller.pass(319);
        assertEquals(List.of(), caller.takeLog());
        caller.pass(2);
        assertEquals(List.of("dial 1 USUAL"), caller.takeLog());
        caller.session.close(caller.now());
    }

    @Test
    void aPathThatSwallowsWhatTheDatagramsBesideGetThroughIsGivenSmallSegments() {
        SessionRig caller = new SessionRig(SessionRig.B);
        caller.session.start(caller.now());
        awaitDial(caller, "dial 0 USUAL");
        caller.session.dialled(wire, 0, caller.now());
        caller.pass(3001);
        caller.heardBeside();
        caller.takeLog();
        awaitDial(caller, "dial 0 SMALL");
        caller.session.close(caller.now());
    }

    private static long awaitDial(SessionRig caller, String wanted) {
        long startMs = caller.nowMs();
        while (!caller.log.contains(wanted)) {
            caller.pass(1);
            assertTrue(caller.nowMs() - startMs < 1000, "no " + wanted + ": " + caller.log);
        }
        caller.takeLog();
        return caller.nowMs() - startMs;
    }

    // ---- signs of life

    @Test
    void silenceEndsASessionSoonerWhenNothingIsHeardBesideItEither() {
        TunnelConnection alone = rig.opened(wire);
        rig.pass(350);
        assertEquals(TunnelConnection.Phase.OPEN, alone.phase());
        rig.pass(200);
        assertEquals(TunnelConnection.Phase.CLOSED, alone.phase());
        assertEquals("GOODBYE SILENCE", wire.written.getLast());
        assertEquals(Wire.Closing.LOSING_WHAT_WAITS, wire.closing);
        TunnelConnection heardBeside = rig.opened(new SessionRig.RecordedWire());
        for (int heartbeat = 0; heartbeat < 11; heartbeat++) {
            rig.pass(100);
            rig.heardBeside();
        }
        assertEquals(TunnelConnection.Phase.OPEN, heardBeside.phase(), "TCP is given the time to recover");
        rig.pass(300);
        assertEquals(TunnelConnection.Phase.CLOSED, heardBeside.phase());
    }

    @Test
    void whatMayNotClaimToLiveGivesNoHeartbeatAndEchoesLater() {
        TunnelConnection connection = rig.opened(wire);
        rig.pass(200);
        assertEquals(List.of("HEARTBEAT", "HEARTBEAT"), wire.take());
        rig.mayClaimToLive = false;
        rig.pass(100);
        rig.clock(connection, FrameType.HEARTBEAT, 7);
        rig.pass(100);
        assertEquals(List.of(), wire.take());
        rig.mayClaimToLive = true;
        rig.pass(100);
        assertEquals(List.of("ECHO", "HEARTBEAT"), wire.take());
        rig.clock(connection, FrameType.HEARTBEAT, 8);
        assertEquals(List.of("ECHO"), wire.take());
    }

    @Test
    void aSilentEndEndsItsConnectionsAtTheNextHeartbeat() {
        TunnelConnection connection = rig.opened(wire);
        rig.pass(100);
        wire.take();
        rig.isSilent = true;
        rig.mayClaimToLive = false;
        rig.pass(100);
        assertEquals(TunnelConnection.Phase.CLOSED, connection.phase());
        assertEquals(List.of("GOODBYE SILENCE"), wire.take());
        assertFalse(rig.status().connected());
    }

    @Test
    void afterAStandstillHeartbeatsAreNotMadeUpFor() {
        TunnelConnection connection = rig.opened(wire);
        rig.pass(100);
        wire.take();
        rig.clock(connection, FrameType.ECHO, 1);
        rig.standStill(350);
        rig.clock(connection, FrameType.HEARTBEAT, 1);
        rig.pass(0);
        assertEquals(List.of("ECHO", "HEARTBEAT"), wire.take());
        rig.pass(100);
        assertEquals(List.of("HEARTBEAT"), wire.take());
    }

    @Test
    void aPeerThatReadsNothingIsGivenUp() {
        rig.opened(wire);
        wire.pendingBytes = (16 << 20) + 1;
        rig.pass(100);
        assertEquals("GOODBYE SILENCE", wire.written.getLast());
    }

    @Test
    void anAbandonedPeerGetsNothingOfWhatWaits() {
        rig.opened(wire);
        rig.session.abandon("not heard", rig.now());
        assertEquals(List.of("GOODBYE SILENCE"), wire.take());
        assertEquals(Wire.Closing.LOSING_WHAT_WAITS, wire.closing);
        assertEquals(List.of("stop encoding", "stop decoding", "APART", "disconnected SILENCE"), rig.takeLog());
    }

    // ---- the end

    @Test
    void aClosedSessionSaysFarewellEverywhereAndDoesNothingAnyMore() {
        TunnelConnection connection = rig.opened(wire);
        SessionRig.RecordedWire stranger = new SessionRig.RecordedWire();
        rig.session.accepted(stranger, rig.now());
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        rig.encodeAll(10);
        wire.take();
        rig.session.close(rig.now());
        assertEquals(List.of("GOODBYE CLOSED"), wire.take());
        assertEquals(Wire.Closing.AT_ONCE, stranger.closing);
        rig.session.send(epoch(WEB, 2, 1), rig.now());
        rig.pass(5000);
        connection.hasRoom(rig.now());
        assertEquals(List.of(), wire.take());
        assertEquals(Collections.emptyMap(), rig.status().inFlight());
    }

    private static TunnelFrame open(int stream, String vm) {
        return new TunnelFrame(
                FrameType.OPEN, 0, stream, EpochId.NONE, Unpooled.copiedBuffer(vm, StandardCharsets.US_ASCII));
    }

    private static TunnelFrame data(int stream, long number, int flags) {
        return new TunnelFrame(FrameType.DATA, flags, stream, new EpochId(1, number), SessionRig.bytes(10));
    }

    private static Epoch epoch(VmId vm, long number, long base) {
        EpochId on = base == 0 ? EpochId.NONE : new EpochId(1, base);
        return new Epoch(
                new EpochHeader(vm, new EpochId(1, number), on, PageSet.PAGE_BYTES),
                PageSet.builder().build(),
                new byte[10]);
    }
}
