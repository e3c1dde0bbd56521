package org.secondsite.bgp.bfd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Two sessions under a clock that the test moves, and the packet between them. */
class BfdSessionTest {
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Random random = new Random(7);
    private final List<BfdAction.Changed> changesOfA = new ArrayList<>();
    private final List<BfdAction.Changed> changesOfB = new ArrayList<>();
    private final List<BfdPacket> sentByA = new ArrayList<>();
    private BfdSession a = new BfdSession(11, BfdSettings.FAST, random, 0);
    private BfdSession b = new BfdSession(22, BfdSettings.FAST, random, 0);
    private long now;
    private boolean cutToA;
    private boolean cutToB;

    /** Steps of 1 ms; packets arrive in the step in which they are sent. */
    private void pass(long ms) {
        for (long end = now + ms * MS; now < end; now += MS) {
            fromA(a.tick(now));
            fromB(b.tick(now));
        }
    }

    private void fromA(List<BfdAction> actions) {
        for (BfdAction action : actions) {
            switch (action) {
                case BfdAction.Changed changed -> changesOfA.add(changed);
                case BfdAction.Send(BfdPacket packet) -> {
                    sentByA.add(packet);
                    if (!cutToB) {
                        fromB(b.received(packet, now));
                    }
                }
            }
        }
    }

    private void fromB(List<BfdAction> actions) {
        for (BfdAction action : actions) {
            switch (action) {
                case BfdAction.Changed changed -> changesOfB.add(changed);
                case BfdAction.Send(BfdPacket packet) -> {
                    if (!cutToA) {
                        fromA(a.received(packet, now));
                    }
                }
            }
        }
    }

    private void comeUp() {
        pass(3000);
        assertEquals(BfdState.UP, a.state());
        assertEquals(BfdState.UP, b.state());
    }

    @Test
    void comesUpAndThenSpeedsUp() {
        comeUp();
        assertEquals(150_000, a.detectionTimeUs());
        sentByA.clear();
        pass(1000);
        assertTrue(sentByA.size() >= 20 && sentByA.size() <= 28, sentByA.size() + " packets in a second");
        assertFalse(sentByA.getLast().poll(), "the poll sequence has ended");
        assertEquals(50_000, sentByA.getLast().desiredMinTxUs());
    }

    @Test
    void isSlowWhileNobodyAnswers() {
        cutToA = true;
        cutToB = true;
        pass(10_000);
        assertTrue(sentByA.size() >= 10 && sentByA.size() <= 14, sentByA.size() + " packets in 10 s");
        assertEquals(1_000_000, sentByA.getLast().desiredMinTxUs());
    }

    @Test
    void silenceIsDetectedWithinThreeIntervals() {
        comeUp();
        cutToA = true;
        long cut = now;
        while (a.state() == BfdState.UP) {
            pass(1);
        }
        long ms = (now - cut) / MS;
        assertTrue(ms >= 100 && ms <= 152, ms + " ms");
        BfdAction.Changed change = changesOfA.getLast();
        assertEquals(BfdDiagnostic.CONTROL_DETECTION_TIME_EXPIRED, change.diagnostic());
        assertTrue(change.isFailure());
        pass(5); // a says so at once, and b follows
        assertEquals(BfdState.DOWN, b.state());
        assertEquals(
                BfdDiagnostic.NEIGHBOR_SIGNALED_SESSION_DOWN,
                changesOfB.getLast().diagnostic());
        cutToA = false;
        comeUp();
    }

    @Test
    void lossOfOnePacketIsNoFailure() {
        comeUp();
        for (int i = 0; i < 50; i++) {
            cutToA = true;
            pass(60);
            cutToA = false;
            pass(60);
        }
        assertEquals(BfdState.UP, a.state());
        assertEquals(1, changesOfA.stream().filter(c -> c.to() == BfdState.UP).count());
    }

    @Test
    void shutDownIsNotTakenForAFailure() {
        comeUp();
        fromA(a.shutDown());
        assertEquals(BfdState.DOWN, b.state());
        assertFalse(changesOfB.getLast().isFailure());
        pass(5000);
        assertEquals(BfdState.ADMIN_DOWN, a.state());
        assertEquals(BfdState.DOWN, b.state());
    }

    @Test
    void restartedPeerIsTakenBack() {
        comeUp();
        b = new BfdSession(33, BfdSettings.FAST, random, now);
        pass(3000);
        assertEquals(BfdState.UP, a.state());
        assertEquals(BfdState.UP, b.state());
    }

    @Test
    void slowerEndSetsThePace() {
        b = new BfdSession(22, new BfdSettings(300_000, 200_000, 5), random, 0);
        pass(4000);
        assertEquals(BfdState.UP, a.state());
        assertEquals(1_500_000, a.detectionTimeUs());
        assertEquals(3 * 200_000, b.detectionTimeUs(), "the larger of its pace to receive and ours to send");
        sentByA.clear();
        pass(1000);
        assertTrue(sentByA.size() <= 8, sentByA.size() + " packets to a peer that takes one in 200 ms");
    }

    @Test
    void packetsOfAnotherSessionAreIgnored() {
        comeUp();
        BfdPacket stray =
                new BfdPacket(BfdState.DOWN, BfdDiagnostic.NONE, false, false, false, 3, 99, 12345, 50_000, 50_000);
        assertEquals(List.of(), a.received(stray, now));
        assertEquals(BfdState.UP, a.state());
    }

    @Test
    void packetIsReadAsWrittenAndCutOnesAreDiscarded() {
        BfdPacket packet = new BfdPacket(
                BfdState.UP, BfdDiagnostic.PATH_DOWN, true, false, false, 3, 0x80000001, 7, 50_000, 4_000_000_000L);
        ByteBuf out = Unpooled.buffer();
        packet.encode(out);
        assertEquals("25e0031880000001000000070000c350ee6b280000000000", ByteBufUtil.hexDump(out));
        assertEquals(new BfdPacket.Decoded.Packet(packet), BfdPacket.decode(out.duplicate()));
        for (int length = 0; length < BfdPacket.OCTETS; length++) {
            assertTrue(BfdPacket.decode(out.slice(0, length)) instanceof BfdPacket.Decoded.Discard);
        }
    }

    @Test
    void noiseIsDiscardedWithoutAnException() {
        byte[] noise = new byte[32];
        for (int i = 0; i < 100_000; i++) {
            random.nextBytes(noise);
            noise[0] = (byte) (0x20 | (noise[0] & 0x1f));
            noise[3] = (byte) random.nextInt(40);
            if (BfdPacket.decode(Unpooled.wrappedBuffer(noise, 0, random.nextInt(33)))
                    instanceof BfdPacket.Decoded.Packet(BfdPacket packet)) {
                fromA(a.received(packet, now));
            }
        }
    }
}
