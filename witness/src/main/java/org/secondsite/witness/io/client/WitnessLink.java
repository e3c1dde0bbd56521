package org.secondsite.witness.io.client;

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
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.Causes;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.Proof;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.io.framing.Framing;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/**
 * A client's connection to one witness node, made anew for ever: 50 ms after it broke, then twice as late each time, up to
 * 500 ms. All on the client's loop.
 *
 * <p>A node that answers no heartbeat for eight periods (but at least 600 ms) is given up: a cut link says nothing.
 */
final class WitnessLink {
    private static final int FIRST_RETRY_MS = 50;
    private static final int LAST_RETRY_MS = 500;
    private static final int CONNECT_TIMEOUT_MS = 1000;
    private static final int HANDSHAKE_TIMEOUT_MS = 2000;
    private static final int SILENCE_PERIODS = 8;
    private static final int TERM_SINCE_VERSION = 3;
    private static final int LEAST_SILENCE_MS = 600;

    private final InetSocketAddress endpoint;
    private final WitnessClientSettings settings;
    private final TlsIdentity tls;
    private final EventLoop loop;
    private final WitnessClient client;
    private int retryMs = FIRST_RETRY_MS;
    private boolean closed;
    private Conversation conversation;
    private String lastReason = "not yet";

    WitnessLink(
            InetSocketAddress endpoint,
            WitnessClientSettings settings,
            TlsIdentity tls,
            EventLoop loop,
            WitnessClient client) {
        this.endpoint = endpoint;
        this.settings = settings;
        this.tls = tls;
        this.loop = loop;
        this.client = client;
    }

    InetSocketAddress endpoint() {
        return endpoint;
    }

    boolean isUp() {
        return conversation != null && conversation.welcomed;
    }

    /** Why it is not connected. */
    String lastReason() {
        return lastReason;
    }

    void connect() {
        if (closed) {
            return;
        }
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
                        channel.pipeline().addLast(handler, new Framing(), attempt);
                    }
                })
                .connect(endpoint)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        attempt.end(done.cause().getMessage());
                    }
                });
    }

    void send(Message.ToWitness message) {
        var _ = conversation.context.writeAndFlush(message);
    }

    void close() {
        closed = true;
        if (conversation != null) {
            conversation.end("the client was closed");
        }
    }

    private void again() {
        if (!closed) {
            var _ = loop.schedule(this::connect, retryMs, TimeUnit.MILLISECONDS);
            retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
        }
    }

    /** One connection from the attempt to its end. */
    private final class Conversation extends SimpleChannelInboundHandler<Message> {
        private ChannelHandlerContext context;
        private boolean greeted;
        private boolean welcomed;
        private boolean ended;
        private ScheduledFuture<?> heartbeats;
        private long heardNanos;
        private final Proof proof = client.life().proof();

        @Override
        public void handlerAdded(ChannelHandlerContext added) {
            context = added;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ignored, Object event) throws Exception {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    greet();
                } else {
                    end("TLS: " + Causes.words(handshake.cause()));
                }
            } else {
                super.userEventTriggered(context, event);
            }
        }

        private void greet() {
            String peer = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
            if (peer.equals(AccessRule.WITNESS.name())) {
                greeted = true;
                var _ = context.writeAndFlush(
                        new Message.Hello(MessageCodec.OLDEST_VERSION, settings.self(), client.id()));
            } else {
                end("the peer's certificate is that of '" + peer + "', not of the witness");
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ignored, Message message) {
            heardNanos = System.nanoTime();
            switch (message) {
                case Message.Welcome welcome when !welcomed -> welcomed(welcome.version());
                case Message.Bye(String reason) -> end("the witness says: " + reason);
                case Message.FromWitness other when welcomed -> client.received(WitnessLink.this, other);
                default -> end("the witness sends out of turn: " + message);
            }
        }

        private void welcomed(int version) {
            welcomed = true;
            if (version >= TERM_SINCE_VERSION) {
                var _ = context.writeAndFlush(new Message.Term(client.highestTerm()));
            }
            retryMs = FIRST_RETRY_MS;
            if (settings.heartbeatMs() > 0) {
                heartbeats =
                        loop.scheduleAtFixedRate(this::heartbeat, 0, settings.heartbeatMs(), TimeUnit.MILLISECONDS);
            }
            client.linkUp(WitnessLink.this);
        }

        private void heartbeat() {
            long limitMs = Math.max(LEAST_SILENCE_MS, SILENCE_PERIODS * settings.heartbeatMs());
            if (System.nanoTime() - heardNanos > TimeUnit.MILLISECONDS.toNanos(limitMs)) {
                end("nothing heard from the witness for " + limitMs + " ms");
            } else if (context.channel().isWritable() && proof.renewed()) {
                var _ = context.writeAndFlush(new Message.Heartbeat(settings.self()));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ignored) {
            end("the witness closed the connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
            if (Defects.isDefect(cause)) {
                client.life().failed(cause);
            }
            // TLS 1.3 (RFC 8446 §4.4.2): a client is through its handshake before the server has judged its
            // certificate.
            String judged = welcomed || !greeted ? "" : "the witness does not accept this certificate: ";
            end(judged + Causes.words(cause));
        }

        /** Ends this connection once, for the first reason given. */
        private void end(String reason) {
            if (ended) {
                return;
            }
            ended = true;
            lastReason = reason;
            welcomed = false;
            if (heartbeats != null) {
                heartbeats.cancel(false);
            }
            if (context != null) {
                var _ = context.channel().close();
            }
            if (!closed) {
                client.linkDown(WitnessLink.this, endpoint + ": " + reason);
            }
            again();
        }
    }
}
