package org.secondsite.witness.io.quorum;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
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
import org.secondsite.net.Backoff;
import org.secondsite.net.io.Dialer;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way from this node to one other, over which this node calls. A call that finds it broken has it dialled at once, unless the
 * last attempt is less than {@value #FIRST_RETRY_MS} ms ago: then it fails, and Raft calls again. All on one event loop.
 */
final class PeerLink implements Dialer.Line {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final int FIRST_RETRY_MS = 20;
    private static final int MAX_RETRY_MS = 500;
    private static final int CONNECT_TIMEOUT_MS = 500;
    private static final int HANDSHAKE_TIMEOUT_MS = 1000;
    private static final int MAX_OPEN_CALLS = 256;

    private final String self;
    private final String peer;
    private final TlsIdentity tls;
    private final EventLoop loop;
    private final int timeoutMs;
    private final Map<Long, Call> open = new HashMap<>();
    private long lastCallId;
    private final Dialer dialer;
    private Conversation conversation;
    private String lastTrouble = "";

    /** A call without an answer. */
    private record Call(PeerFrame frame, CompletableFuture<PeerFrame> answer, ScheduledFuture<?> timeout) {}

    PeerLink(String self, String peer, InetSocketAddress address, TlsIdentity tls, EventLoop loop, int timeoutMs) {
        this.self = self;
        this.peer = peer;
        this.tls = tls;
        this.loop = loop;
        this.timeoutMs = timeoutMs;
        this.dialer = new Dialer(loop, address, CONNECT_TIMEOUT_MS, new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS), this);
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
        boolean closed = dialer.phase() == Dialer.Phase.CLOSED;
        if (closed || open.size() >= MAX_OPEN_CALLS) {
            answer.completeExceptionally(
                    new IOException(closed ? "the node is closed" : "too many open calls to " + peer));
            return;
        }
        dialer.dial();
        if (dialer.phase() == Dialer.Phase.WAITING) {
            answer.completeExceptionally(new IOException(peer + " is not connected: " + dialer.reason()));
            return;
        }
        long id = ++lastCallId;
        PeerFrame frame = new PeerFrame(kind, id, payload);
        ScheduledFuture<?> timeout = loop.schedule(() -> timedOut(id), timeoutMs, TimeUnit.MILLISECONDS);
        open.put(id, new Call(frame, answer, timeout));
        if (dialer.phase() == Dialer.Phase.OPEN) {
            var _ = conversation.context.writeAndFlush(frame);
        }
    }

    /** Connects, and from then on whenever the connection is lost. On the loop. */
    void connect() {
        dialer.dial();
    }

    @Override
    public void install(Channel channel) {
        conversation = new Conversation();
        SslHandler handler = tls.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(HANDSHAKE_TIMEOUT_MS);
        channel.pipeline().addLast(handler, new PeerFrame.Codec(), conversation);
    }

    @Override
    public void unreachable(String reason) {
        if (conversation != null) {
            conversation.end(reason);
        } else {
            lost(reason);
        }
    }

    /** Ends the connection; a later call makes a new one. */
    void reconnect(String reason) {
        loop.execute(() -> {
            if (dialer.phase() == Dialer.Phase.OPEN) {
                conversation.end(reason);
            }
        });
    }

    /** Ends it for good. On the loop. */
    void close() {
        dialer.close("the node is closed");
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

    private void lost(String reason) {
        if (dialer.phase() != Dialer.Phase.CLOSED && !reason.equals(lastTrouble)) {
            LOG.warn("node {} at {}: {}", peer, dialer.address(), reason);
        }
        lastTrouble = reason;
        dialer.lost(reason);
        List.copyOf(open.keySet()).forEach(id -> fail(id, "the connection to " + peer + " was lost: " + reason));
    }

    /** One connection from the attempt to its end. */
    private final class Conversation extends SimpleChannelInboundHandler<PeerFrame> {
        private ChannelHandlerContext context;

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
            if (!this.equals(conversation)) {
                // It is over; what was read before comes late.
                return;
            }
            if (dialer.phase() == Dialer.Phase.OPEN) {
                answered(frame);
            } else if (frame.kind() == (PeerFrame.HELLO | PeerFrame.ANSWER)) {
                dialer.opened();
                if (!lastTrouble.isEmpty()) {
                    LOG.info("connected to node {} at {}", peer, dialer.address());
                    lastTrouble = "";
                }
                for (Call call : open.values()) {
                    var _ = context.write(call.frame());
                }
                context.flush();
            } else {
                end(frame.kind() == PeerFrame.FAILURE ? frame.text() : "it does not say hello");
            }
        }

        /** Ends this connection once, for the first reason given. */
        private void end(String reason) {
            if (this.equals(conversation)) {
                conversation = null;
                if (context != null) {
                    var _ = context.close();
                }
                lost(reason);
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
