package org.secondsite.witness.io.framing;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageCodec;
import io.netty.handler.codec.DecoderException;
import java.util.List;
import org.secondsite.witness.wire.Decoded;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** Puts {@link MessageCodec} into a channel: messages in, messages out, a {@link DecoderException} for a reset. */
public final class Framing extends ByteToMessageCodec<Message> {
    @Override
    protected void encode(ChannelHandlerContext context, Message message, ByteBuf out) {
        MessageCodec.encode(message, out);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        switch (MessageCodec.decode(in)) {
            case Decoded.NeedMore nothing -> {}
            case Decoded.Complete(Message message) -> out.add(message);
            case Decoded.Reset(Decoded.Code code, String reason) -> {
                // Nothing after it can be trusted.
                in.skipBytes(in.readableBytes());
                throw new DecoderException(code + ": " + reason);
            }
        }
    }
}
