package org.secondsite.replicator.checkpoint.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.secondsite.config.VmId;
import org.secondsite.net.Strangers;
import org.secondsite.net.io.LocalPeers;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.Callers;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.Side;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who comes to the agents' port, from the accept to an attached session: how many may be there that have not got so far, how long they
 * have, and what is written about them. On the server's one thread.
 */
final class Reception {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

    /** One host may have as many VMs, and calls for all of them at once when its gateway comes back. */
    private static final int MAX_STRANGERS_OF_ONE_ADDRESS = 128;

    private static final int MAX_STRANGERS = 512;
    private static final int HANDSHAKE_MS = 3000;

    /** From the accept to HELLO. */
    private static final int HELLO_MS = 5000;

    private CheckpointServerSettings settings;
    private final CheckpointListener listener;
    private final Life life;
    private final Optional<TlsIdentity> tls;
    private final Strangers<Channel> strangers = new Strangers<>(MAX_STRANGERS, MAX_STRANGERS_OF_ONE_ADDRESS);
    private final StrangersLog lines = new StrangersLog(LOG);
    private final LongAdder turnedAway = new LongAdder();
    private final LongAdder wrongMessages = new LongAdder();

    private final Callers callers = new Callers();

    /** By VM. */
    private final Map<VmId, ServerSession> sessions = new HashMap<>();

    Reception(CheckpointServerSettings settings, CheckpointListener listener, Life life) throws IOException {
        this.settings = settings;
        this.listener = listener;
        this.life = life;
        this.tls = settings.tls().isPresent()
                ? Optional.of(TlsIdentity.server(settings.tls().get()))
                : Optional.empty();
    }

    CheckpointServerSettings settings() {
        return settings;
    }

    /** Other agents may attach from now on, with another window; those that may not any more are detached. */
    void admit(CheckpointServerSettings others) {
        CheckpointMessage.Window told = settings.toldWindow();
        settings = settings.admitting(others);
        for (ServerSession session : List.copyOf(sessions.values())) {
            settings.admission().refusal(session.host(), session.vm()).ifPresent(session::detach);
            if (!told.equals(settings.toldWindow()) && session.dialect().has(Capability.WINDOW)) {
                session.told(settings.toldWindow());
            }
        }
    }

    CheckpointListener listener() {
        return listener;
    }

    Map<VmId, ServerSession> sessions() {
        return sessions;
    }

    /** Who has called, the oldest first. */
    List<Callers.Call> callers() {
        return callers.calls();
    }

    /** An agent says which VM it is about. Who proves nothing where that is asked for is a stranger, whatever he says. */
    void called(Optional<String> host, CheckpointMessage.Hello hello) {
        if (host.isPresent() || settings.admission().unproven() == Admission.Unproven.ADMITTED) {
            callers.called(new Callers.Call(
                    hello.vm(),
                    host.orElse(""),
                    hello.running(),
                    hello.ramBytes(),
                    hello.description(),
                    System.nanoTime()));
        }
    }

    /** How many connections ended without having been attached. */
    long turnedAway() {
        return turnedAway.sum();
    }

    /** A connection was accepted at the Unix socket. Who is at its other end the kernel knows: nobody there is a stranger. */
    void acceptLocal(Channel channel, LocalPeers peers, String host) {
        Attachment attachment = new Attachment(this, channel);
        channel.pipeline().addLast(new LocalGate(local -> peers.objection(local).or(() -> attachment.proves(host))));
        begin(channel, attachment);
    }

    /** A connection was accepted at the port. */
    void accept(Channel channel) {
        Attachment attachment = new Attachment(this, channel);
        strangers
                .came(channel, ((InetSocketAddress) channel.remoteAddress()).getAddress())
                .ifPresent(oldest -> {
                    tell(
                            "crowd",
                            "a connection of {} that has not attached gave way to a newer one",
                            oldest.remoteAddress());
                    var _ = oldest.close();
                });
        channel.closeFuture().addListener(closing -> strangers.gone(channel));
        boolean admitsUnproven = settings.admission().unproven() == Admission.Unproven.ADMITTED;
        if (tls.isPresent() && admitsUnproven) {
            channel.pipeline().addLast(new PlainOrTls(() -> proving(channel, attachment)));
        } else if (tls.isPresent()) {
            channel.pipeline().addLast(proving(channel, attachment));
        }
        begin(channel, attachment);
    }

    private void begin(Channel channel, Attachment attachment) {
        channel.closeFuture().addListener(closing -> {
            if (!attachment.wasAttached()) {
                turnedAway.increment();
            }
        });
        CheckpointConnection connection =
                CheckpointConnection.install(channel, Side.GATEWAY, settings.keepaliveMs(), attachment, life);
        var _ = channel.eventLoop()
                .schedule(
                        () -> {
                            if (!attachment.hasSaidHello()) {
                                connection.close("no HELLO within " + HELLO_MS + " ms");
                            }
                        },
                        HELLO_MS,
                        TimeUnit.MILLISECONDS);
    }

    private ChannelHandler[] proving(Channel channel, Attachment attachment) {
        SslHandler handler = tls.orElseThrow().newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(HANDSHAKE_MS);
        return new ChannelHandler[] {handler, new ProofGate(attachment::proves)};
    }

    /** The other end is no stranger any more. */
    void known(Channel channel) {
        strangers.gone(channel);
    }

    /** An agent said what it may not say. */
    void wrong(CheckpointConnection connection, String fault) {
        wrongMessages.increment();
        tell("wrong", "the agent at {} does not keep to the protocol, and its session ends: {}", connection, fault);
    }

    /** How many messages ended a session because they were not in order. */
    long wrongMessages() {
        return wrongMessages.sum();
    }

    /** Writes a line whose number strangers decide. */
    void tell(String kind, String format, Object... arguments) {
        lines.tell(kind, format, arguments);
    }
}
