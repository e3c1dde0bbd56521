package org.secondsite.management.io;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.secondsite.management.Caller;
import org.secondsite.net.tls.io.TlsIdentity;

/**
 * Knows who is at the other end of one connection: by its certificate, or else by the token of each request. A request's body is read
 * when that is known, and not before.
 */
final class Doorkeeper extends ChannelInboundHandlerAdapter {
    private final HttpsServer server;
    private Optional<Caller> certified = Optional.empty();
    private Optional<Caller> caller = Optional.empty();
    private boolean counted;

    Doorkeeper(HttpsServer server) {
        this.server = server;
    }

    /** Whom the request is from that was let through last. On the event loop. */
    Caller caller() {
        return caller.orElseThrow();
    }

    /** How that was proved. */
    String proof() {
        return certified.isPresent() ? "certificate" : "token";
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
            String name = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
            certified = server.caller(name);
            if (certified.isPresent()) {
                admitted(context, certified.get());
            } else if (!name.isEmpty() || !server.takesTokens()) {
                server.tell(
                        "unknown",
                        "management: '{}' at {} is nobody whom the file knows",
                        name,
                        context.channel().remoteAddress());
                var _ = context.close();
            }
        }
        super.userEventTriggered(context, event);
    }

    /** Whether it may go on. */
    private boolean admitted(ChannelHandlerContext context, Caller known) {
        if (!counted) {
            if (!server.known(context.channel(), known)) {
                server.tell(
                        "too-many",
                        "management: {} has too many connections: that from {} is closed",
                        known.name(),
                        context.channel().remoteAddress());
                var _ = context.close();
                return false;
            }
            counted = true;
        }
        return true;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof HttpRequest request)) {
            context.fireChannelRead(message);
            return;
        }
        if (!request.decoderResult().isSuccess()) {
            ReferenceCountUtil.release(message);
            refuse(context, HttpResponseStatus.BAD_REQUEST);
            return;
        }
        if (certified.isPresent()) {
            caller = certified;
            context.fireChannelRead(message);
            return;
        }
        // What comes behind it waits where it is.
        context.channel().config().setAutoRead(false);
        String authorization = request.headers().get(HttpHeaderNames.AUTHORIZATION, "");
        try {
            server.workers().execute(() -> {
                Optional<Caller> found = server.bearer(authorization);
                context.executor().execute(() -> decided(context, request, found));
            });
        } catch (RejectedExecutionException closing) {
            ReferenceCountUtil.release(message);
            var _ = context.close();
        }
    }

    private void decided(ChannelHandlerContext context, HttpRequest request, Optional<Caller> found) {
        caller = found;
        if (found.isEmpty()) {
            ReferenceCountUtil.release(request);
            server.tell(
                    "unproven",
                    "management: {} shows neither a certificate nor a token that is known",
                    context.channel().remoteAddress());
            refuse(context, HttpResponseStatus.UNAUTHORIZED);
        } else if (admitted(context, found.get())) {
            context.fireChannelRead(request);
            context.channel().config().setAutoRead(true);
        } else {
            ReferenceCountUtil.release(request);
        }
    }

    private static void refuse(ChannelHandlerContext context, HttpResponseStatus status) {
        context.channel().config().setAutoRead(false);
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER);
        if (status.equals(HttpResponseStatus.UNAUTHORIZED)) {
            response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Basic realm=\"secondsite\", charset=\"UTF-8\"");
        }
        HttpUtil.setContentLength(response, 0);
        HttpUtil.setKeepAlive(response, false);
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
}
