package org.secondsite.openflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.wire.Incoming;
import org.secondsite.testing.Allocation;

/** Any bytes of a switch: our framing, and that whatever the library throws stays within one message. */
class MessageDecoderFuzzTest {
    private static final OFFactory FACTORY = OFFactories.getFactory(OFVersion.OF_14);

    static List<byte[]> seeds() {
        return List.<OFMessage>of(
                        FACTORY.buildHello().build(),
                        FACTORY.buildEchoRequest().setData(new byte[] {1, 2}).build(),
                        FACTORY.buildBarrierReply().setXid(7).build(),
                        FACTORY.buildFlowStatsReply().setXid(8).build(),
                        FACTORY.buildPortDescStatsReply().setXid(9).build())
                .stream()
                .map(MessageDecoderFuzzTest::wire)
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreMessagesOrOneFaultOfFraming(byte[] in) {
        // The library allots nothing on a length's word, but throws with what it found.
        Allocation.bounded(1024, in, () -> count(in));
    }

    @Test
    void cutAtEveryByteItWaitsForMore() {
        for (byte[] seed : seeds()) {
            assertEquals(1, count(seed));
            for (int length = 0; length < seed.length; length++) {
                assertEquals(0, count(Arrays.copyOf(seed, length)), "cut at " + length);
            }
        }
    }

    @Test
    void aLengthBelowTheHeaderEndsTheConnection() {
        for (int length = 0; length < Incoming.HEADER_BYTES; length++) {
            byte[] header = {5, 0, 0, (byte) length, 0, 0, 0, 1};
            EmbeddedChannel channel = new EmbeddedChannel(new MessageDecoder());
            assertThrows(DecoderException.class, () -> channel.writeInbound(Unpooled.wrappedBuffer(header)));
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void aLengthOfMoreThanThereIsWaits() {
        assertEquals(0, count(new byte[] {5, 0, (byte) 0xff, (byte) 0xff, 0, 0, 0, 1, 2, 3}));
    }

    private static int count(byte[] in) {
        EmbeddedChannel channel = new EmbeddedChannel(new MessageDecoder());
        int messages = 0;
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(in));
        } catch (DecoderException e) {
            assertTrue(e.getMessage().contains("says that it has"), e.toString());
        }
        while (channel.readInbound() != null) {
            messages++;
        }
        channel.finishAndReleaseAll();
        return messages;
    }

    private static byte[] wire(OFMessage message) {
        ByteBuf out = Unpooled.buffer();
        message.writeTo(out);
        return ByteBufUtil.getBytes(out);
    }
}
