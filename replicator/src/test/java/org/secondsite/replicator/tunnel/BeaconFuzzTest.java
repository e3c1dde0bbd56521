package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;

/** Any datagram where heartbeats are heard. */
class BeaconFuzzTest {
    private static final UnpooledByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;
    private static final BeaconKey KEY = new BeaconKey(new byte[BeaconKey.BYTES]);
    private static final int SIGNED_BYTES = Beacon.BYTES - BeaconKey.SIGNATURE_BYTES;

    static List<byte[]> seeds() {
        return List.of(ByteBufUtil.getBytes(new Beacon(42, 7, 1000, 900, 5).encode(ALLOCATOR, KEY)));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyDatagramIsABeaconOrNothing(byte[] in) {
        Allocation.bounded(8, in, () -> {
            Beacon.decode(Unpooled.wrappedBuffer(in), KEY);
            byte[] signed = signed(in);
            Beacon.decode(Unpooled.wrappedBuffer(signed), KEY)
                    .ifPresent(beacon -> assertEquals(
                            zeroBetween(ByteBufUtil.hexDump(signed)),
                            zeroBetween(ByteBufUtil.hexDump(beacon.encode(ALLOCATOR, KEY)))));
        });
    }

    @Test
    void cutAtEveryByteIsNone() {
        byte[] seed = seeds().get(0);
        for (int length = 0; length < seed.length; length++) {
            ByteBuf cut = Unpooled.wrappedBuffer(Arrays.copyOf(seed, length));
            assertTrue(Beacon.decode(cut, KEY).isEmpty(), "cut at " + length);
        }
    }

    /** The second word is not read, and what is signed differs with it. */
    private static String zeroBetween(String hex) {
        return hex.substring(0, 8) + hex.substring(16, 2 * SIGNED_BYTES);
    }

    private static byte[] signed(byte[] in) {
        if (in.length < SIGNED_BYTES) {
            return in;
        }
        byte[] out = Arrays.copyOf(in, Beacon.BYTES);
        byte[] signature = KEY.sign(ByteBuffer.wrap(out, 0, SIGNED_BYTES));
        System.arraycopy(signature, 0, out, SIGNED_BYTES, signature.length);
        return out;
    }
}
