package org.secondsite.bgp.bfd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** RFC 5880 §6.7.4: who has the key is believed, once. */
class BfdProofTest {
    private static final BfdKey KEY = BfdKey.meticulous(7, "blue");
    private static final int MULTIPLIER = 3;
    private static final long DETECTION_US = 150_000;
    private static final int BEFORE_THE_TURN = -2;

    private final BfdProof peer = new BfdProof(KEY, BEFORE_THE_TURN);
    private final BfdProof us = new BfdProof(KEY, 99);
    private long nowNanos = 1;

    private static ByteBuf sealed(BfdProof by) {
        ByteBuf out = Unpooled.buffer();
        by.encode(
                new BfdPacket(BfdState.UP, BfdDiagnostic.NONE, true, false, false, MULTIPLIER, 7, 8, 50_000, 50_000),
                out);
        return out;
    }

    private Optional<String> refusal(BfdProof by, ByteBuf datagram) {
        return by.refusal(datagram, MULTIPLIER, DETECTION_US, nowNanos);
    }

    @Test
    void aProvenPacketIsThePacketAndIsAccepted() {
        ByteBuf datagram = sealed(peer);
        assertEquals(BfdPacket.OCTETS + BfdProof.OCTETS, datagram.readableBytes());
        BfdPacket packet = assertInstanceOf(BfdPacket.Decoded.Sealed.class, BfdPacket.decode(datagram.duplicate()))
                .packet();
        assertEquals(BfdState.UP, packet.state());
        assertTrue(packet.poll());
        assertEquals(Optional.empty(), refusal(us, datagram));
    }

    @Test
    void everyBitCounts() {
        ByteBuf datagram = sealed(peer);
        for (int bit = 0; bit < Byte.SIZE * datagram.readableBytes(); bit++) {
            ByteBuf bent = datagram.copy();
            bent.setByte(bit / Byte.SIZE, bent.getByte(bit / Byte.SIZE) ^ 1 << bit % Byte.SIZE);
            assertTrue(refusal(new BfdProof(KEY, 0), bent).isPresent(), "bit " + bit);
        }
        for (int length = 0; length < datagram.readableBytes(); length++) {
            assertTrue(refusal(us, datagram.slice(0, length)).isPresent(), "cut at " + length);
        }
        assertTrue(
                refusal(new BfdProof(BfdKey.meticulous(7, "red"), 0), datagram).isPresent(), "another secret");
        assertTrue(
                refusal(new BfdProof(BfdKey.meticulous(8, "blue"), 0), datagram).isPresent(), "another number");
        BfdKey lax = new BfdKey(BfdKey.Kind.SHA1, 7, "blue");
        assertTrue(refusal(new BfdProof(lax, 0), datagram).isPresent(), "another kind");
    }

    @Test
    void aPacketIsNotBelievedTwiceNorAnOlderOneAlsoWhenNumbersTurnAround() {
        ByteBuf first = sealed(peer);
        ByteBuf second = sealed(peer);
        assertEquals(Optional.empty(), refusal(us, first));
        assertEquals(Optional.empty(), refusal(us, second), "from 2^32 - 1 to 0");
        assertTrue(refusal(us, second).isPresent());
        assertTrue(refusal(us, first).isPresent());
        for (int lost = 1; lost < 3 * MULTIPLIER; lost++) {
            sealed(peer);
        }
        assertEquals(Optional.empty(), refusal(us, sealed(peer)), "three detection times may be lost");
        for (int lost = 1; lost <= 3 * MULTIPLIER; lost++) {
            sealed(peer);
        }
        assertTrue(refusal(us, sealed(peer)).isPresent(), "and no more");
    }

    @Test
    void numbersMayBeRepeatedWhereTheKindSaysSo() {
        BfdKey lax = new BfdKey(BfdKey.Kind.SHA1, 7, "blue");
        BfdProof other = new BfdProof(lax, 5);
        BfdProof here = new BfdProof(lax, 5);
        ByteBuf first = sealed(other);
        ByteBuf second = sealed(other);
        assertEquals(Optional.empty(), refusal(here, first));
        assertEquals(Optional.empty(), refusal(here, first));
        assertEquals(Optional.empty(), refusal(here, second));
        assertTrue(refusal(here, first).isPresent());
    }

    @Test
    void whoWasSilentForTwoDetectionTimesMayBeginAnew() {
        assertEquals(Optional.empty(), refusal(us, sealed(peer)));
        ByteBuf restarted = sealed(new BfdProof(KEY, 1_000_000));
        nowNanos += TimeUnit.MICROSECONDS.toNanos(2 * DETECTION_US) - 1;
        assertTrue(refusal(us, restarted).isPresent());
        nowNanos++;
        assertEquals(Optional.empty(), refusal(us, restarted));
    }

    @Test
    void theSecretIsNotShown() {
        assertFalse(BfdSettings.FAST.withKey(KEY).toString().contains("blue"));
        assertThrows(IllegalArgumentException.class, () -> BfdKey.meticulous(256, "blue"));
        assertThrows(IllegalArgumentException.class, () -> BfdKey.meticulous(1, ""));
        assertThrows(IllegalArgumentException.class, () -> BfdKey.meticulous(1, "x".repeat(21)));
    }
}
