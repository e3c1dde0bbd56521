package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/** Epochs that go out and come in through one session, and their answers. */
class SessionEpochsTest extends SessionAtA {
    private static final VmId DB = new VmId("db");

    // ---- epochs out

    @Test
    void anEpochGoesOutWhenThereIsRoomAndLeavesTheWindowWhenItIsAcknowledged() {
        TunnelConnection connection = rig.opened(wire);
        wire.room = false;
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        rig.encodeAll(10);
        assertEquals(List.of("OPEN 1 0/0"), wire.take());
        wire.room = true;
        connection.hasRoom(rig.now());
        assertEquals(List.of("DATA 1 1/1"), wire.take());
        assertEquals(1, rig.status().epochsInFlight());
        rig.receive(connection, TunnelFrame.about(FrameType.ACKNOWLEDGED, 1, new EpochId(1, 1)));
        assertEquals(List.of("acknowledged web 1/1"), rig.takeLog());
        assertEquals(0, rig.status().epochsInFlight());
        rig.receive(connection, TunnelFrame.about(FrameType.ACKNOWLEDGED, 1, new EpochId(1, 1)));
        assertEquals(List.of(), rig.takeLog(), "once only");
        assertEquals(1, rig.status().counters().answersIgnored());
    }

    @Test
    void afterABreakWhatThePeerDoesNotHaveIsSentAgainFromThereOn() {
        TunnelConnection connection = rig.opened(wire);
        for (int number = 1; number <= 3; number++) {
            rig.session.send(epoch(WEB, number, number - 1), rig.now());
            rig.encodeAll(10);
        }
        assertEquals(List.of("OPEN 1 0/0", "DATA 1 1/1", "DATA 1 1/2", "DATA 1 1/3"), wire.take());
        connection.broke(new Reset(ResetCode.BROKEN, "reset"), rig.now());
        rig.takeLog();
        TunnelConnection again = rig.secured(wire, SessionRig.B);
        rig.hello(again, 22, 6, 0);
        rig.takeLog();
        wire.take();
        rig.resume(again, new Resume.Position(1, new EpochId(1, 2), new EpochId(1, 1)));
        rig.encodeAll(10);
        assertEquals(List.of("start encoding", "CONNECTED", "connected", "acknowledged web 1/1"), rig.takeLog());
        assertEquals(List.of("HEARTBEAT", "OPEN 1 0/0", "DATA 1 1/3"), wire.take());
    }

    @Test
    void aDiscardedChainIsTakenFromTheQueuesAndThePeerIsTold() {
        TunnelConnection connection = rig.opened(wire);
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        SendWindow.Stream stream = rig.encoding.getFirst();
        rig.session.discard(WEB);
        assertEquals(List.of("OPEN 1 0/0", "DISCARD 1 0/0"), wire.take());
        rig.session.encoded(
                rig.run,
                stream,
                new EpochId(1, 1),
                SessionRig.bytes(5),
                TunnelFrame.FIRST | TunnelFrame.LAST,
                rig.now());
        rig.session.stretchEncoded(rig.run, stream, rig.now());
        assertEquals(List.of(), wire.take(), "what was encoded meanwhile is dropped");
        rig.receive(connection, TunnelFrame.about(FrameType.ACKNOWLEDGED, 1, new EpochId(1, 1)));
        assertEquals(List.of("end encoding 1"), rig.takeLog(), "no answer counts for it");
    }

    @Test
    void whatWasEncodedForAnEarlierSessionIsDropped() {
        TunnelConnection connection = rig.opened(wire);
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        SendWindow.Stream stream = rig.encoding.getFirst();
        int earlier = rig.run;
        connection.broke(new Reset(ResetCode.BROKEN, "reset"), rig.now());
        SessionRig.RecordedWire newer = new SessionRig.RecordedWire();
        rig.opened(newer);
        rig.session.encoded(
                earlier,
                stream,
                new EpochId(1, 1),
                SessionRig.bytes(5),
                TunnelFrame.FIRST | TunnelFrame.LAST,
                rig.now());
        rig.session.stretchEncoded(earlier, stream, rig.now());
        assertFalse(rig.session.encodingFailed(earlier, stream, rig.now()));
        assertEquals(List.of(), newer.take());
        rig.encodeAll(5);
        assertEquals(List.of("DATA 1 1/1"), newer.take());
    }

    @Test
    void anEpochThatCannotBeEncodedResetsTheSession() {
        rig.opened(wire);
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        assertTrue(rig.session.encodingFailed(rig.run, rig.encoding.getFirst(), rig.now()));
        assertEquals("GOODBYE EPOCH", wire.written.getLast());
    }

    @Test
    void streamsTakeTurnsFrameByFrame() {
        TunnelConnection connection = rig.opened(wire);
        wire.room = false;
        rig.session.send(epoch(WEB, 1, 0), rig.now());
        rig.session.send(epoch(DB, 1, 0), rig.now());
        rig.encodeAll(2 * TunnelFrame.MAX_PAYLOAD_BYTES);
        wire.take();
        wire.room = true;
        connection.hasRoom(rig.now());
        assertEquals(List.of("DATA 1 1/1", "DATA 2 1/1", "DATA 1 1/1", "DATA 2 1/1"), wire.take());
    }

    @Test
    void messagesGoOnlyToAPeerThatIsConnected() {
        PeerMessage message = new PeerMessage.VmsActive(new GroupId("shop"), 3);
        rig.session.send(message);
        TunnelConnection connection = rig.opened(wire);
        rig.session.send(message);
        assertEquals(List.of("MESSAGE"), wire.take());
        rig.receive(connection, TunnelFrame.message(message));
        assertEquals(List.of("message"), rig.takeLog());
    }

    // ---- epochs in

    @Test
    void aWholeEpochIsDeliveredAndItsAnswersGoBackOnItsStream() {
        TunnelConnection connection = rig.opened(wire);
        rig.receive(connection, open(1, "web").at(1));
        rig.receive(connection, data(1, 1, TunnelFrame.FIRST | TunnelFrame.LAST).at(2));
        decoded(new Decoded.Complete<>(epoch(WEB, 1, 0)));
        rig.receive(connection, data(1, 2, TunnelFrame.FIRST | TunnelFrame.LAST).at(3));
        decoded(new Decoded.Complete<>(epoch(WEB, 2, 1)));
        assertEquals(List.of("received web 1/1", "received web 1/2"), rig.takeLog());
        rig.session.acknowledge(WEB, new EpochId(1, 1));
        rig.session.refuse(WEB, new EpochId(1, 2), "the sink is gone");
        assertEquals(List.of("ACKNOWLEDGED 1 1/1", "REFUSED 1 1/2"), wire.take());
        rig.session.acknowledge(WEB, new EpochId(1, 2));
        assertEquals(List.of(), wire.take(), "each epoch is answered once");
    }

    @Test
    void anEpochThatComesTwiceOrMalformedResetsTheSession() {
        TunnelConnection connection = rig.opened(wire);
        rig.receive(connection, open(1, "web").at(1));
        for (int sequence = 2; sequence <= 3; sequence++) {
            rig.receive(
                    connection, data(1, 1, TunnelFrame.FIRST | TunnelFrame.LAST).at(sequence));
            decoded(new Decoded.Complete<>(epoch(WEB, 1, 0)));
        }
        assertEquals(List.of("GOODBYE ORDER"), wire.take());
        SessionRig.RecordedWire newer = new SessionRig.RecordedWire();
        TunnelConnection again = rig.opened(newer);
        rig.receive(again, open(1, "web").at(1));
        rig.receive(again, data(1, 2, TunnelFrame.FIRST).at(2));
        decoded(new Decoded.Refused<>(new Reset(ResetCode.EPOCH, "nonsense")));
        assertEquals(List.of("GOODBYE EPOCH"), newer.take());
    }

    @Test
    void whatWasDecodedForAnEarlierSessionIsDropped() {
        TunnelConnection connection = rig.opened(wire);
        rig.receive(connection, open(1, "web").at(1));
        rig.receive(connection, data(1, 1, TunnelFrame.FIRST | TunnelFrame.LAST).at(2));
        int earlier = rig.run;
        connection.broke(new Reset(ResetCode.BROKEN, "reset"), rig.now());
        rig.opened(new SessionRig.RecordedWire());
        rig.session.decoded(earlier, 1, 1, new Decoded.Complete<>(epoch(WEB, 1, 0)), rig.now());
        assertEquals(List.of(), rig.takeLog());
    }

    @Test
    void aWithdrawnAcknowledgementIsNotRepeatedInTheNextResume() {
        TunnelConnection connection = rig.opened(wire);
        rig.receive(connection, open(1, "web").at(1));
        rig.receive(connection, data(1, 1, TunnelFrame.FIRST | TunnelFrame.LAST).at(2));
        decoded(new Decoded.Complete<>(epoch(WEB, 1, 0)));
        rig.session.abandon("not heard", rig.now());
        rig.session.acknowledge(WEB, new EpochId(1, 1));
        rig.session.withdraw(WEB);
        SessionRig.RecordedWire newer = new SessionRig.RecordedWire();
        TunnelConnection again = rig.secured(newer, SessionRig.B);
        rig.hello(again, 22, 6, 0);
        assertEquals(List.of(new Resume.Position(1, new EpochId(1, 1), EpochId.NONE)), newer.resume.positions());
    }

    @Test
    void readingStopsWhileTooMuchWaitsForTheCodecAndGoesOnAfterwards() {
        TunnelConnection connection = rig.opened(wire);
        rig.receive(connection, open(1, "web").at(1));
        int frames = (32 << 20) / TunnelFrame.MAX_PAYLOAD_BYTES + 1;
        byte[] shared = new byte[TunnelFrame.MAX_PAYLOAD_BYTES];
        for (int i = 0; i < frames; i++) {
            assertTrue(wire.reading, "frame " + i);
            int flags = i == 0 ? TunnelFrame.FIRST : 0;
            rig.receive(
                    connection,
                    new TunnelFrame(FrameType.DATA, flags, 1, new EpochId(1, 1), Unpooled.wrappedBuffer(shared))
                            .at(2L + i));
        }
        assertFalse(wire.reading);
        assertEquals(4, rig.decoding.size(), "the codec has enough to do, and no more");
        decoded(Decoded.needMore());
        assertTrue(wire.reading);
    }

    private void decoded(Decoded<Epoch, Reset> result) {
        TunnelFrame frame = rig.decoding.removeFirst();
        int bytes = frame.payload().readableBytes();
        frame.payload().release();
        rig.session.decoded(rig.run, frame.stream(), bytes, result, rig.now());
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
