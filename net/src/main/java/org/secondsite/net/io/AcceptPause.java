package org.secondsite.net.io;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a listening channel does when no connection can be accepted, as without a free file descriptor (accept(2), EMFILE): a line, and
 * nothing for a second. The connection that waits stays readable, and to try again at once would only use a processor up. Whoever has
 * connected meanwhile waits in the kernel.
 */
@ChannelHandler.Sharable
public final class AcceptPause extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptPause.class);
    private static final long PAUSE_MS = 1000;

    private final String port;

    /**
     * For one port.
     *
     * @param port what it is called in the log
     */
    public AcceptPause(String port) {
        this.port = port;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (!(cause instanceof IOException) || !(context.channel() instanceof ServerChannel listening)) {
            super.exceptionCaught(context, cause);
            return;
        }
        if (!listening.config().isAutoRead()) {
            return;
        }
        LOG.warn("{}: no connection can be accepted for {} ms: {}", port, PAUSE_MS, cause.getMessage());
        listening.config().setAutoRead(false);
        var _ = context.executor()
                .schedule(() -> listening.config().setAutoRead(true), PAUSE_MS, TimeUnit.MILLISECONDS);
    }
}
