package org.secondsite.witness.io.quorum;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way from this node to one other, over which this node calls. It is made at the start and again whenever a call
 * or {@link #keep} finds it broken, but not within {@link #RETRY_MS} of the last attempt: a call in between fails at once, and Raft
 * calls again. All on one event loop.
 */
final class PeerLink {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final int RETRY_MS = 20;
    private static final int CONNECT_TIMEOUT_MS = 500;
    private static final int HANDSHAKE_TIMEOUT_MS = 1000;
    private static final int MAX_OPEN_CALLS = 256;

    private final String self;
    private final String peer;
    private final InetSocketAddress address;
    private final TlsIdentity tls;
    private final EventLoop loop;
    private final int timeoutMs;
    private final Map<Long, Call> open = new HashMap<>();
    private long lastCallId;
    private long triedNanos = System.nanoTime() - TimeUnit.SECONDS.toNanos(1);
    private Conversation conversation;
    private boolean closed;
    private String lastReason = "";

    /** A call without an answer. */
    private record Call(PeerFrame frame, CompletableFuture<PeerFrame> answer, ScheduledFuture<?> timeout) {}

    PeerLink(String self, String peer, InetSocketAddress address, TlsIdentity tls, EventLoop loop, int timeoutMs) {
        this.self = self;
        this.peer = peer;
        this.address = address;
        this.tls = tls;
        this.loop = loop;
        this.timeoutMs = timeoutMs;
    }

    /** Calls, and answers within the time limit: a frame of the answering kind, or an {@link IOException}. Any thread. */
    CompletableFuture<PeerFrame> call(int kind, ByteString payload) {
        CompletableFuture<PeerFrame> answer = new CompletableFuture<>();
        try {
            loop.execute(() -> callOnLoop(kind, payload, answer));
        } catch (RejectedExecutionException e) {
            answer.completeExceptionally(new IOException("the node is closed", e));
        }
        return answer;
    }

    private void callOnLoop(int kind, ByteString payload, CompletableFuture<PeerFrame> answer) {
        if (closed || open.size() >= MAX_OPEN_CALLS) {
            answer.completeExceptionally(
                    new IOException(closed ? "the node is closed" : "too many open calls to " + peer));
            return;
        }
        if (conversation == null && !connect()) {
            answer.completeExceptionally(new IOException(peer + " is not connected: " + lastReason));
            return;
        }
        long id = ++lastCallId;
        PeerFrame frame = new PeerFrame(kind, id, payload);
        ScheduledFuture<?> timeout = loop.schedule(() -> timedOut(id), timeoutMs, TimeUnit.MILLISECONDS);
        open.put(id, new Call(frame, answer, timeout));
        if (conversation.ready) {
            var _ = conversation.context.writeAndFlush(frame);
        }
    }

    /** Connects if it is not connected. On the loop. */
    void keep() {
        if (!closed && conversation == null) {
            connect();
        }
    }

    private boolean connect() {
        long now = System.nanoTime();
        if (now - triedNanos < TimeUnit.MILLISECONDS.toNanos(RETRY_MS)) {
            return false;
        }
        triedNanos = now;
        Conversation attempt = new Conversation();
        conversation = attempt;
        new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MS)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        SslHandler handler = tls.newHandler(channel.alloc());
                        handler.setHandshakeTimeoutMillis(HANDSHAKE_TIMEOUT_MS);
                        channel.pipeline().addLast(handler, new PeerFrame.Codec(), attempt);
                    }
                })
                .connect(address)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        attempt.end(done.cause().getMessage());
                    }
                });
        return true;
    }

    /** Ends the connection; a later call makes a new one. */
    void reconnect(String reason) {
        loop.execute(() -> {
            if (conversation != null && conversation.ready) {
                conversation.end(reason);
            }
        });
    }

    /** Ends it for good. On the loop. */
    void close() {
        closed = true;
        if (conversation != null) {
            conversation.end("the node is closed");
        }
    }

    /** A connection that leaves a call unanswered is not waited for: TCP would try for minutes, ever more rarely. */
    private void timedOut(long id) {
        String reason = peer + " has not answered within " + timeoutMs + " ms";
        fail(id, reason);
        if (conversation != null) {
            conversation.end(reason);
        }
    }

    private void fail(long id, String reason) {
        Call call = open.remove(id);
        if (call != null) {
            call.timeout().cancel(false);
            call.answer().completeExceptionally(new IOException(reason));
        }
    }

    private void answered(PeerFrame frame) {
        Call call = open.remove(frame.callId());
        if (call == null) {
            return;
        }
        call.timeout().cancel(false);
        if (frame.kind() == (call.frame().kind() | PeerFrame.ANSWER)) {
            call.answer().complete(frame);
        } else {
            call.answer().completeExceptionally(new IOException(peer + ": " + frame.text()));
        }
    }

    /** One connection from the attempt to its end. */
    private final class Conversation extends SimpleChannelInboundHandler<PeerFrame> {
        private ChannelHandlerContext context;
        private boolean ready;
        private boolean ended;

        @Override
        public void handlerAdded(ChannelHandlerContext added) {
            context = added;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ignored, Object event) throws Exception {
            if (!(event instanceof SslHandshakeCompletionEvent handshake)) {
                super.userEventTriggered(context, event);
            } else if (handshake.isSuccess()) {
                greet();
            } else {
                end("TLS: " + handshake.cause().getMessage());
            }
        }

        private void greet() {
            String name = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
            if (name.equals(AccessRule.WITNESS.name())) {
                var _ = context.writeAndFlush(new PeerFrame.Hello(peer, self).frame(PeerFrame.HELLO));
            } else {
                end("its certificate is that of '" + name + "', not of a witness");
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ignored, PeerFrame frame) {
            if (ready) {
                answered(frame);
            } else if (frame.kind() == (PeerFrame.HELLO | PeerFrame.ANSWER)) {
                ready = true;
                if (!lastReason.isEmpty()) {
                    LOG.info("connected to node {} at {}", peer, address);
                    lastReason = "";
                }
                for (Call call : open.values()) {
                    var _ = context.write(call.frame());
                }
                context.flush();
            } else {
                end(frame.kind() == PeerFrame.FAILURE ? frame.text() : "it does not say hello");
            }
        }

        private void end(String reason) {
            if (ended) {
                return;
            }
            ended = true;
            if (!closed && !reason.equals(lastReason)) {
                LOG.warn("node {} at {}: {}", peer, address, reason);
            }
            lastReason = reason;
            conversation = null;
            List.copyOf(open.keySet()).forEach(id -> fail(id, "the connection to " + peer + " was lost: " + reason));
            if (context != null) {
                var _ = context.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ignored) {
            end("the connection was closed");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
            end(cause.toString());
        }
    }
}
