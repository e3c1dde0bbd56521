package org.secondsite.management.io;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.opendaylight.netconf.databind.RequestException;
import org.secondsite.management.Caller;
import org.secondsite.management.rest.HttpRequest;
import org.secondsite.management.rest.HttpResponse;
import org.secondsite.management.rest.Restconf;
import org.secondsite.net.Causes;

/** One connection: its requests are answered one after the other, each on a thread that may wait. */
final class HttpsSession extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");

    private final HttpsServer server;
    private final Doorkeeper doorkeeper;
    private boolean answering;

    HttpsSession(HttpsServer server, Doorkeeper doorkeeper) {
        this.server = server;
        this.doorkeeper = doorkeeper;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (!(event instanceof IdleStateEvent)) {
            super.userEventTriggered(context, event);
        } else if (!answering) {
            var _ = context.close();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest message) {
        boolean keepsAlive =
                HttpUtil.isKeepAlive(message) && message.decoderResult().isSuccess();
        boolean head = message.method().equals(HttpMethod.HEAD);
        // One at a time: what the client sends meanwhile stays in its socket.
        context.channel().config().setAutoRead(false);
        answering = true;
        if (!message.decoderResult().isSuccess()) {
            answer(context, status(HttpResponseStatus.BAD_REQUEST), false, head);
            return;
        }
        Asked asked = new Asked(
                message,
                doorkeeper.caller(),
                doorkeeper.proof(),
                context.channel().remoteAddress());
        var _ = server.restconf()
                .thenApplyAsync(restconf -> answered(restconf, asked), server.workers())
                .whenComplete((response, failure) -> {
                    if (failure != null) {
                        server.tell("failure", "management: a request of {} failed", asked.caller.name(), failure);
                    }
                    HttpResponse told = response == null ? status(HttpResponseStatus.INTERNAL_SERVER_ERROR) : response;
                    context.executor().execute(() -> answer(context, told, keepsAlive, head));
                });
    }

    private HttpResponse answered(Restconf restconf, Asked asked) {
        try {
            HttpRequest request = asked.request();
            HttpResponse response = restconf.answer(request);
            if (!READING.contains(request.method())) {
                server.audit().tell(request, asked.proof, asked.from, response.status());
            }
            return response;
        } catch (RequestException e) {
            return restconf.refused(e);
        }
    }

    /** A request that stays when Netty has its memory back. */
    private static final class Asked {
        private final String method;
        private final String uri;
        private final Map<String, String> headers = new HashMap<>();
        private final byte[] body;
        private final Caller caller;
        private final String proof;
        private final SocketAddress from;

        Asked(FullHttpRequest message, Caller caller, String proof, SocketAddress from) {
            this.caller = caller;
            this.proof = proof;
            this.from = from;
            method = message.method().name();
            uri = message.uri();
            body = ByteBufUtil.getBytes(message.content());
            message.headers()
                    .forEach(header -> headers.merge(
                            header.getKey().toLowerCase(Locale.ROOT),
                            header.getValue(),
                            (one, other) -> one + ", " + other));
        }

        HttpRequest request() throws RequestException {
            return new HttpRequest(method, uri, headers, body, caller);
        }
    }

    private static HttpResponse status(HttpResponseStatus status) {
        return HttpResponse.of(status.code());
    }

    private void answer(ChannelHandlerContext context, HttpResponse response, boolean keepsAlive, boolean head) {
        FullHttpResponse message = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(response.status()),
                Unpooled.wrappedBuffer(response.body()));
        response.headers().forEach((name, value) -> message.headers().set(name, value));
        message.headers().set(HttpHeaderNames.SERVER, "secondsite");
        if (!head && response.status() != HttpResponseStatus.NO_CONTENT.code()) {
            HttpUtil.setContentLength(message, response.body().length);
        }
        HttpUtil.setKeepAlive(message, keepsAlive);
        answering = false;
        var written = context.writeAndFlush(message);
        if (keepsAlive) {
            written.addListener(done -> context.channel().config().setAutoRead(true));
        } else {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        server.tell(
                "broken",
                "management: the connection with {} ends: {}",
                context.channel().remoteAddress(),
                Causes.words(cause));
        var _ = context.close();
    }
}
