package org.secondsite.witness.io.client;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.net.Backoff;
import org.secondsite.net.Causes;
import org.secondsite.net.io.Dialer;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.Proof;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.io.framing.Framing;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection to one witness node, made again whenever it breaks: after 50 ms, then twice as late each time, up to
 * 500 ms. All on the client's loop.
 *
 * <p>A node that answers no heartbeat for eight periods (but at least 600 ms) is given up: a cut link says nothing.
 */
final class WitnessLink implements Dialer.Line {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessLink.class);
    private static final int FIRST_RETRY_MS = 50;
    private static final int LAST_RETRY_MS = 500;
    private static final int CONNECT_TIMEOUT_MS = 1000;
    private static final int HANDSHAKE_TIMEOUT_MS = 2000;
    private static final int GREETING_TIMEOUT_MS = 2000;
    private static final int SILENCE_PERIODS = 8;
    private static final int GROUPS_SINCE_VERSION = 5;
    private static final int LEAST_SILENCE_MS = 600;

    private enum Phase {
        CONNECTING,
        /** TLS stands, and HELLO was said. */
        GREETED,
        /** The witness speaks with this client, and was told its seat. */
        SEATED,
        /** The witness serves this client. */
        SERVED,
        ENDED
    }

    private final WitnessClientSettings settings;
    private final TlsIdentity tls;
    private final EventLoop loop;
    private final WitnessClient client;
    private final Dialer dialer;
    private int heartbeatMs;
    private Conversation conversation;

    WitnessLink(
            InetSocketAddress endpoint,
            WitnessClientSettings settings,
            TlsIdentity tls,
            EventLoop loop,
            WitnessClient client) {
        this.settings = settings;
        this.tls = tls;
        this.loop = loop;
        this.client = client;
        this.heartbeatMs = settings.heartbeatMs();
        this.dialer = new Dialer(loop, endpoint, CONNECT_TIMEOUT_MS, new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS), this);
    }

    InetSocketAddress endpoint() {
        return dialer.address();
    }

    boolean isUp() {
        return dialer.phase() == Dialer.Phase.OPEN;
    }

    /** Why it is not connected. */
    String lastReason() {
        return dialer.reason();
    }

    void connect() {
        dialer.dial();
    }

    void send(Message.ToWitness message) {
        var _ = conversation.context.writeAndFlush(message);
    }

    /** The client has been told a higher term. */
    void termGrew() {
        if (isUp()) {
            conversation.tellTerm(client.ownTerm());
        }
    }

    /** Others have told of a higher term of a group. */
    void heardOf(GroupId group, long term) {
        if (isUp()) {
            conversation.tellTermOf(group, term);
        }
    }

    /** Another time between two heartbeats. */
    void heartbeat(int everyMs) {
        heartbeatMs = everyMs;
        if (isUp()) {
            conversation.beat();
        }
    }

    void close() {
        dialer.close("the client was closed");
        if (conversation != null) {
            conversation.become(Phase.ENDED, dialer.reason());
        }
    }

    @Override
    public void install(Channel channel) {
        conversation = new Conversation();
        SslHandler handler = tls.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(HANDSHAKE_TIMEOUT_MS);
        channel.pipeline().addLast(handler, new Framing(), conversation);
    }

    @Override
    public void unreachable(String reason) {
        if (conversation != null && conversation.phase != Phase.ENDED) {
            conversation.end(reason);
        } else {
            down(reason);
        }
    }

    private void down(String reason) {
        client.linkDown(this, endpoint() + ": " + reason);
    }

    /** One connection from the attempt to its end. */
    private final class Conversation extends SimpleChannelInboundHandler<Message> {
        private final Proof proof = client.life().proof();
        private Phase phase = Phase.CONNECTING;
        private ChannelHandlerContext context;
        private ScheduledFuture<?> heartbeats;
        private long heardNanos;
        private boolean tellsGroups;

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
                end("TLS: " + Causes.words(handshake.cause()));
            }
        }

        private void greet() {
            String peer = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
            if (peer.equals(AccessRule.WITNESS.name())) {
                become(Phase.GREETED, "TLS stands");
                var _ = context.writeAndFlush(
                        new Message.Hello(MessageCodec.OLDEST_VERSION, settings.self(), client.id()));
                var _ = loop.schedule(this::unserved, GREETING_TIMEOUT_MS, TimeUnit.MILLISECONDS);
            } else {
                end("the peer's certificate is that of '" + peer + "', not of the witness");
            }
        }

        /** A link that is cut after the handshake says nothing either. */
        private void unserved() {
            if (phase == Phase.GREETED || phase == Phase.SEATED) {
                end("not served within " + GREETING_TIMEOUT_MS + " ms");
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ignored, Message message) {
            heardNanos = System.nanoTime();
            switch (message) {
                case Message.Welcome(int version) when phase == Phase.GREETED -> welcomed(version);
                case Message.Admitted admitted when phase == Phase.SEATED -> served();
                case Message.Displaced(String reason)
                when phase == Phase.SEATED -> client.displaced(WitnessLink.this, reason);
                case Message.Bye(String reason) -> end("the witness says: " + reason);
                case Message.FromWitness other when phase == Phase.SERVED -> client.received(WitnessLink.this, other);
                default -> end("the witness sends out of turn: " + message);
            }
        }

        private void welcomed(int version) {
            if (version < MessageCodec.OLDEST_VERSION) {
                end("the witness speaks version " + version + ", this client " + MessageCodec.OLDEST_VERSION + " to "
                        + MessageCodec.VERSION);
                return;
            }
            tellsGroups = version >= GROUPS_SINCE_VERSION;
            become(Phase.SEATED, "the witness welcomes this client");
            // First: a witness that has lost grants must know before it tells what it takes to be in force.
            tellFirstTerms();
            var _ = context.writeAndFlush(new Message.Seat(settings.seat()));
        }

        /** What this gateway remembers of its own, which vouches for the witness's disk; then what others do, which may show that it is old. */
        private void tellFirstTerms() {
            long own = client.ownTerm();
            tellTerm(own);
            client.heardTerms().forEach((group, term) -> {
                if (tellsGroups || term > own) {
                    tellTermOf(group, term);
                }
            });
        }

        private void served() {
            become(Phase.SERVED, "the witness serves this client");
            dialer.opened();
            client.admitted(WitnessLink.this);
            beat();
            client.linkUp(WitnessLink.this);
        }

        private void beat() {
            if (heartbeats != null) {
                heartbeats.cancel(false);
            }
            if (heartbeatMs > 0) {
                heartbeats = loop.scheduleAtFixedRate(this::heartbeat, 0, heartbeatMs, TimeUnit.MILLISECONDS);
            }
        }

        /** Also when it has grown: an operator who forces a change wants to know whether it has arrived. */
        private void tellTerm(long term) {
            var _ = context.writeAndFlush(new Message.Term(term));
        }

        /** A witness of before takes it for one of whichever group. */
        private void tellTermOf(GroupId group, long term) {
            var _ = context.writeAndFlush(tellsGroups ? new Message.TermOf(group, term) : new Message.Term(term));
        }

        private void heartbeat() {
            long limitMs = Math.max(LEAST_SILENCE_MS, SILENCE_PERIODS * heartbeatMs);
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
            String judged = phase == Phase.GREETED ? "the witness does not accept this certificate: " : "";
            end(judged + Causes.words(cause));
        }

        /** Ends this connection once, for the first reason given. */
        private void end(String reason) {
            if (phase != Phase.ENDED) {
                become(Phase.ENDED, reason);
                dialer.lost(reason);
                down(reason);
            }
        }

        /** The one place where the phase changes. */
        private void become(Phase next, String reason) {
            LOG.trace("{}: {}: {}", endpoint(), next, reason);
            phase = next;
            if (next == Phase.ENDED) {
                if (heartbeats != null) {
                    heartbeats.cancel(false);
                }
                if (context != null) {
                    var _ = context.channel().close();
                }
            }
        }
    }
}
