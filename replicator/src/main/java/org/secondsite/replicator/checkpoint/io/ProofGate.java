package org.secondsite.replicator.checkpoint.io;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import org.secondsite.net.Causes;
import org.secondsite.net.tls.io.TlsIdentity;

/**
 * Stands between TLS and what is said: behind it the connection begins when the other end has proved a name to which nobody objects.
 * Until then nothing is said, and nothing heard.
 */
public final class ProofGate extends ChannelInboundHandlerAdapter {
    private final Function<String, Optional<String>> objection;

    /**
     * Closed yet.
     *
     * @param objection is told the common name in the verified certificate, and answers why it is the wrong one, or empty
     */
    public ProofGate(Function<String, Optional<String>> objection) {
        this.objection = objection;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        // A TCP connection is no connection yet.
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent done)) {
            context.fireUserEventTriggered(event);
            return;
        }
        if (!done.isSuccess()) {
            refuse(context, "TLS: " + Causes.words(done.cause()));
            return;
        }
        String name = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
        Optional<String> wrong = objection.apply(name);
        if (wrong.isPresent()) {
            refuse(context, wrong.get());
        } else {
            context.fireChannelActive();
        }
    }

    private static void refuse(ChannelHandlerContext context, String reason) {
        context.fireExceptionCaught(new IOException(reason));
    }
}
