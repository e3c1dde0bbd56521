package org.secondsite.bgp.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.SessionTraits;

/** One TCP connection of a neighbour: octets to decoded messages and back, and an orderly end. */
final class PeerChannel extends ByteToMessageDecoder {
    /** How long a peer may take to read our last words before the connection is torn down. */
    private static final int LINGER_MS = 500;

    private final Side side;
    private final NeighborDriver driver;
    private final Channel channel;
    private boolean ended;

    PeerChannel(Side side, NeighborDriver driver, Channel channel) {
        this.side = side;
        this.driver = driver;
        this.channel = channel;
    }

    Channel channel() {
        return channel;
    }

    ChannelFuture write(BgpMessage message, SessionTraits traits) {
        ByteBuf buffer = channel.alloc().buffer();
        try {
            MessageEncoder.encode(message, traits, buffer);
        } catch (IllegalArgumentException e) {
            buffer.release();
            throw e;
        }
        return channel.write(buffer);
    }

    /** Lets what was written leave, then closes; the driver hears nothing of this connection any more. */
    void end() {
        ended = true;
        linger(channel);
    }

    /** Tells a stranger, or a neighbour that is not expected now, to go away (RFC 4486 §4). */
    static void refuse(SocketChannel channel) {
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                ByteBuf buffer = context.alloc().buffer();
                MessageEncoder.encode(
                        NotificationMessage.of(BgpError.CONNECTION_REJECTED), SessionTraits.BASIC, buffer);
                var _ = context.write(buffer);
                linger(context.channel());
            }

            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ((ByteBuf) message).release();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                var _ = context.close();
            }
        });
    }

    /**
     * Half-closes after the last octet and waits shortly for the peer to close: closing at once with unread octets in the
     * receive buffer would make the kernel send a reset, and the NOTIFICATION would be lost on its way.
     */
    private static void linger(Channel channel) {
        if (!channel.isActive()) {
            var _ = channel.close();
            return;
        }
        var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
            var _ = ((SocketChannel) channel).shutdownOutput();
        });
        var _ = channel.eventLoop()
                .schedule(
                        () -> {
                            var _ = channel.close();
                        },
                        LINGER_MS,
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        driver.active(side, this);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (ended) {
            in.skipBytes(in.readableBytes());
            return;
        }
        Decoded decoded = MessageDecoder.decode(in, driver.traits(side));
        if (decoded instanceof Decoded.NeedMore) {
            return;
        }
        if (decoded instanceof Decoded.Reset) {
            in.skipBytes(in.readableBytes());
        }
        driver.received(side, this, decoded);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!ended) {
            ended = true;
            driver.closed(side, this, "connection closed by the peer");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        driver.caught(cause);
        if (!ended) {
            ended = true;
            driver.closed(side, this, String.valueOf(cause.getMessage()));
        }
        var _ = context.close();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (!ended && channel.isWritable()) {
            driver.writable();
        }
    }
}
