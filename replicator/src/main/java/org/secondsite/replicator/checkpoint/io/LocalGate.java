package org.secondsite.replicator.checkpoint.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;

/** What {@link ProofGate} is where a Unix socket stands for TLS: behind it a connection begins when nobody objects to who is at its other end. */
public final class LocalGate extends ChannelInboundHandlerAdapter {
    private final Function<Channel, Optional<String>> objection;

    /**
     * Closed yet.
     *
     * @param objection answers why the other end is the wrong one, or empty
     */
    public LocalGate(Function<Channel, Optional<String>> objection) {
        this.objection = objection;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        Optional<String> wrong = objection.apply(context.channel());
        if (wrong.isPresent()) {
            context.fireExceptionCaught(new IOException(wrong.get()));
        } else {
            context.fireChannelActive();
        }
    }
}
