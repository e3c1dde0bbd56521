package org.secondsite.replicator.checkpoint.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import java.util.function.Supplier;

/**
 * The first handler of a connection whose other end may speak TLS or not: the first byte tells. A TLS record with a ClientHello begins
 * with 22 (RFC 8446 §5.1), a HELLO of an agent, which is far shorter than 16 MiB, with 0.
 */
final class PlainOrTls extends ByteToMessageDecoder {
    private static final byte TLS_HANDSHAKE = 22;

    private final Supplier<ChannelHandler[]> tls;

    /** Takes its place; {@code tls} makes the handlers of one that speaks TLS. */
    PlainOrTls(Supplier<ChannelHandler[]> tls) {
        this.tls = tls;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.getByte(in.readerIndex()) == TLS_HANDSHAKE) {
            String before = context.name();
            for (ChannelHandler each : tls.get()) {
                context.pipeline().addAfter(before, each.getClass().getName(), each);
                before = each.getClass().getName();
            }
        }
        context.pipeline().remove(this);
    }
}
