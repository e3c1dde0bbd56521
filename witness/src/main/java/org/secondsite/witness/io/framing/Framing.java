package org.secondsite.witness.io.framing;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageCodec;
import io.netty.handler.codec.DecoderException;
import java.util.List;
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.secondsite.witness.wire.WireFault;

/** Puts {@link MessageCodec} into a channel: messages in, messages out, a {@link DecoderException} for what is none. */
public final class Framing extends ByteToMessageCodec<Message> {
    @Override
    protected void encode(ChannelHandlerContext context, Message message, ByteBuf out) {
        MessageCodec.encode(message, out);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        switch (MessageCodec.decode(in)) {
            case Decoded.NeedMore<Message, Refusal<WireFault>> nothing -> {}
            case Decoded.Complete<Message, Refusal<WireFault>>(Message message) -> out.add(message);
            case Decoded.Refused<Message, Refusal<WireFault>>(Refusal<WireFault> refusal) -> {
                // Nothing after it can be trusted.
                in.skipBytes(in.readableBytes());
                throw new DecoderException(refusal.toString());
            }
        }
    }
}
