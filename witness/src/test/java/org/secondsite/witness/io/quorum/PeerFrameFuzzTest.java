package org.secondsite.witness.io.quorum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;

/** Any bytes between two nodes. What the protocol buffers in the frames hold is Ratis's to read. */
class PeerFrameFuzzTest {

    static List<byte[]> seeds() {
        PeerFrame hello = new PeerFrame.Hello("w1", "w2").frame(PeerFrame.HELLO);
        return List.of(
                wire(hello), wire(hello.failure("no")), wire(new PeerFrame(PeerFrame.VOTE, -1, hello.payload())));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreFramesOrADecoderException(byte[] in) {
        Allocation.bounded(256, in, () -> check(in));
    }

    private static void check(byte[] in) {
        for (PeerFrame frame : read(in)) {
            assertEquals(List.of(frame), read(wire(frame)));
            try {
                PeerFrame.Hello.of(frame);
            } catch (IllegalArgumentException e) {
                assertTrue(!e.getMessage().isEmpty());
            }
        }
    }

    @Test
    void cutAtEveryByteItWaitsForMore() {
        byte[] seed = seeds().get(0);
        for (int length = 0; length < seed.length; length++) {
            assertEquals(List.of(), read(Arrays.copyOf(seed, length)), "cut at " + length);
        }
        assertEquals(1, read(seed).size());
    }

    @Test
    void aLengthThatCannotBeIsRefusedBeforeMoreIsReadAndWhatCameIsDropped() {
        for (int length : new int[] {0, 8, PeerFrame.MAX_OCTETS + 1, Integer.MAX_VALUE, -1}) {
            EmbeddedChannel channel = new EmbeddedChannel(new PeerFrame.Codec());
            ByteBuf in = Unpooled.buffer().writeInt(length).writeZero(100);
            assertThrows(DecoderException.class, () -> channel.writeInbound(in), "length " + length);
            assertNull(channel.readInbound());
            channel.finishAndReleaseAll();
        }
    }

    private static List<PeerFrame> read(byte[] in) {
        EmbeddedChannel channel = new EmbeddedChannel(new PeerFrame.Codec());
        List<PeerFrame> frames = new ArrayList<>();
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(in));
        } catch (DecoderException e) {
            assertTrue(!e.getMessage().isEmpty());
        }
        for (PeerFrame next = channel.readInbound(); next != null; next = channel.readInbound()) {
            frames.add(next);
        }
        channel.finishAndReleaseAll();
        return frames;
    }

    private static byte[] wire(PeerFrame frame) {
        EmbeddedChannel channel = new EmbeddedChannel(new PeerFrame.Codec());
        channel.writeOutbound(frame);
        ByteBuf out = channel.readOutbound();
        byte[] bytes = ByteBufUtil.getBytes(out);
        out.release();
        channel.finishAndReleaseAll();
        return bytes;
    }
}
