package org.secondsite.bgp.bfd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Any datagram where BFD is heard. A packet has a fixed size: nothing is allocated on its word. */
class BfdPacketFuzzTest {
    static List<byte[]> seeds() {
        ByteBuf out = Unpooled.buffer();
        new BfdPacket(BfdState.UP, BfdDiagnostic.NONE, true, false, false, 3, 7, 8, 50_000, 50_000).encode(out);
        return List.of(ByteBufUtil.getBytes(out));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyDatagramIsAPacketOrDiscarded(byte[] in) {
        switch (BfdPacket.decode(Unpooled.wrappedBuffer(in))) {
            case BfdPacket.Decoded.Discard(String reason) -> assertTrue(!reason.isEmpty());
            case BfdPacket.Decoded.Sealed(BfdPacket packet) -> {
                BfdKey key = BfdKey.meticulous(1, "key");
                ByteBuf datagram = Unpooled.wrappedBuffer(in);
                assertTrue(new BfdProof(key, 0)
                        .refusal(datagram, packet.detectMultiplier(), 1, 1)
                        .isPresent());
                ByteBuf proven = Unpooled.buffer();
                new BfdProof(key, 0).encode(packet, proven);
                assertEquals(Optional.empty(), new BfdProof(key, 0).refusal(proven, 1, 1, 1));
                assertEquals(new BfdPacket.Decoded.Sealed(packet), BfdPacket.decode(proven));
            }
            case BfdPacket.Decoded.Packet(BfdPacket packet) -> {
                ByteBuf again = Unpooled.buffer();
                packet.encode(again);
                assertEquals(new BfdPacket.Decoded.Packet(packet), BfdPacket.decode(again));
            }
        }
    }

    @Test
    void cutAtEveryByteIsDiscarded() {
        byte[] seed = seeds().get(0);
        for (int length = 0; length < seed.length; length++) {
            assertInstanceOf(
                    BfdPacket.Decoded.Discard.class,
                    BfdPacket.decode(Unpooled.wrappedBuffer(Arrays.copyOf(seed, length))),
                    "cut at " + length);
        }
    }
}
