package org.secondsite.bgp.wire;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.bgp.wire.GoldenMessages.Golden;
import org.secondsite.testing.Allocation;

/** Any bytes of a BGP peer: what {@link DecoderFuzzTest} mutates at random, guided by coverage. */
class MessageFuzzTest {
    private static final int HEADER_OCTETS = BgpMessage.HEADER_OCTETS;
    private static final int MARKER_OCTETS = 16;

    static List<byte[]> seeds() {
        return GoldenMessages.all().stream().map(Golden::octets).toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreAMessageOrAResetOrAskForMore(byte[] in) {
        Allocation.bounded(1024, in, () -> check(in));
    }

    private static void check(byte[] in) {
        for (SessionTraits traits : DecoderFuzzTest.TRAITS) {
            DecoderFuzzTest.check(in, traits);
            DecoderFuzzTest.check(framed(in), traits);
        }
    }

    @Test
    void cutAtEveryByteAndFramedAnew() {
        for (byte[] seed : seeds()) {
            for (int length = 0; length < seed.length; length++) {
                anyBytesAreAMessageOrAResetOrAskForMore(Arrays.copyOf(seed, length));
            }
        }
    }

    @Test
    void aLengthBeyondTheLimitIsRefusedBeforeMoreIsRead() {
        byte[] header = new byte[HEADER_OCTETS];
        Arrays.fill(header, 0, MARKER_OCTETS, (byte) 0xff);
        header[HEADER_OCTETS - 1] = 2;
        for (int length : new int[] {0, 18, 4097, 0xffff}) {
            header[MARKER_OCTETS] = (byte) (length >>> 8);
            header[MARKER_OCTETS + 1] = (byte) length;
            assertTrue(
                    MessageDecoder.decode(Unpooled.wrappedBuffer(header), SessionTraits.BASIC) instanceof Decoded.Reset,
                    "length " + length);
        }
    }

    /** With marker and length right, so that what is behind them is reached. */
    private static byte[] framed(byte[] in) {
        byte[] out = in.clone();
        if (out.length >= HEADER_OCTETS) {
            Arrays.fill(out, 0, MARKER_OCTETS, (byte) 0xff);
            out[MARKER_OCTETS] = (byte) (out.length >>> 8);
            out[MARKER_OCTETS + 1] = (byte) out.length;
        }
        return out;
    }
}
