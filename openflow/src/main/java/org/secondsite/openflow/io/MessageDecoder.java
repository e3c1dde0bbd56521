package org.secondsite.openflow.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import org.secondsite.openflow.wire.Incoming;

/** Cuts the stream into messages by the length in each header, and reads each. */
final class MessageDecoder extends ByteToMessageDecoder {
    private static final int LENGTH_OFFSET = 2;

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.readableBytes() < Incoming.HEADER_BYTES) {
            return;
        }
        int length = in.getUnsignedShort(in.readerIndex() + LENGTH_OFFSET);
        if (length < Incoming.HEADER_BYTES) {
            // The only fault that cannot be skipped: where the next message begins is unknown.
            in.skipBytes(in.readableBytes());
            throw new CorruptedFrameException("a message says that it has " + length + " bytes");
        }
        if (in.readableBytes() >= length) {
            out.add(Incoming.read(in.readSlice(length)));
        }
    }
}
