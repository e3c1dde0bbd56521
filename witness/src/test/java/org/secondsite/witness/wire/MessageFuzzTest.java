package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.testing.Allocation;

/** Any bytes between a witness and its clients. */
class MessageFuzzTest {

    static List<byte[]> seeds() {
        return MessageCodecTest.everyMessage().stream()
                .map(message -> {
                    ByteBuf out = Unpooled.buffer();
                    MessageCodec.encode(message, out);
                    return ByteBufUtil.getBytes(out);
                })
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreMessagesOrAResetOrAskForMore(byte[] in) {
        Allocation.bounded(128, in, () -> read(in));
    }

    private static void read(byte[] in) {
        ByteBuf wire = Unpooled.wrappedBuffer(in);
        int start = 0;
        while (MessageCodec.decode(wire) instanceof Decoded.Complete<Message, Refusal<WireFault>>(Message message)) {
            assertTrue(wire.readerIndex() > start);
            start = wire.readerIndex();
            ByteBuf again = Unpooled.buffer();
            // Neither the client of another version's hello nor text that is no UTF-8 comes back as it was.
            if (!(message instanceof Message.Hello hello
                            && (hello.version() < MessageCodec.OLDEST_HELLO || hello.version() > MessageCodec.VERSION))
                    && !message.toString().contains("\ufffd")) {
                MessageCodec.encode(message, again);
                assertEquals(new Decoded.Complete<>(message), MessageCodec.decode(again));
                assertEquals(0, again.readableBytes());
            }
        }
    }
}
