package org.secondsite.replicator.checkpoint.io;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.util.Optional;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.Limits;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a connection is attached to: nothing until HELLO, then a session.
 *
 * <p>A VM has one session. A newer connection takes its place only if the same host has proved to be at its other end, and the older
 * one, asked for a sign of life, gives none; so nobody is put out who is there.
 */
final class Attachment implements CheckpointConnection.Events {
    private static final Logger LOG = LoggerFactory.getLogger(Attachment.class);

    /** More than a host takes to answer a PING that lives. */
    private static final int SIGN_OF_LIFE_MS = 500;

    private final Reception reception;
    private final Channel channel;
    private Optional<String> host = Optional.empty();
    private boolean saidHello;
    private ServerSession session;
    private boolean attached;

    Attachment(Reception reception, Channel channel) {
        this.reception = reception;
        this.channel = channel;
    }

    /** The other end has proved to be that host. Returns why that is of no use, or empty. */
    Optional<String> proves(String name) {
        host = Optional.of(name);
        return reception.settings().admission().objection(name);
    }

    boolean hasSaidHello() {
        return saidHello;
    }

    boolean wasAttached() {
        return attached;
    }

    @Override
    public void opened(CheckpointConnection connection) {
        LOG.debug("connection from {}", connection);
    }

    @Override
    public void message(CheckpointConnection connection, CheckpointMessage message) {
        if (session != null) {
            session.received(message);
        } else if (!saidHello && message instanceof CheckpointMessage.Hello hello) {
            saidHello = true;
            hello(connection, hello);
        } else {
            connection.close("a " + message.getClass().getSimpleName() + " before the session stands");
        }
    }

    private void hello(CheckpointConnection connection, CheckpointMessage.Hello hello) {
        reception.called(host, hello);
        Optional<String> refusal =
                versionRefusal(hello).or(() -> reception.settings().admission().refusal(host, hello.vm()));
        if (refusal.isPresent()) {
            refuse(connection, refusal.get());
            return;
        }
        ServerSession older = reception.sessions().get(hello.vm());
        if (older == null) {
            attach(connection, hello);
        } else if (older.host().isEmpty() && host.isPresent()) {
            older.detach("replaced by a connection of " + host.get() + ", which has proved who it is");
            attach(connection, hello);
        } else if (older.host().equals(host)) {
            older.connection().askForSignOfLife(SIGN_OF_LIFE_MS, lives -> replace(older, lives, connection, hello));
        } else {
            refuse(connection, "host " + older.host().orElse("without proof") + " speaks for " + hello.vm());
        }
    }

    private void replace(
            ServerSession older, boolean lives, CheckpointConnection connection, CheckpointMessage.Hello hello) {
        ServerSession present = reception.sessions().get(hello.vm());
        if (lives && older.equals(present)) {
            refuse(connection, "another connection for " + hello.vm() + " is there, and heard");
        } else if (present != null && !older.equals(present)) {
            refuse(connection, "another connection for " + hello.vm() + " came first");
        } else if (connection.isOpen()) {
            older.detach("replaced by a newer connection: this one says nothing");
            attach(connection, hello);
        }
    }

    private void attach(CheckpointConnection connection, CheckpointMessage.Hello hello) {
        Dialect dialect = reception.settings().dialect().with(hello.offer());
        Optional<ServerSession.Proven> proven = host.map(name -> new ServerSession.Proven(
                name,
                Optional.ofNullable(channel.pipeline().get(SslHandler.class)).flatMap(TlsIdentity::certificateEnd)));
        session = new ServerSession(
                connection, hello, dialect, proven, reception.listener(), fault -> reception.wrong(connection, fault));
        if (dialect.has(Capability.DEVICE_SAME)) {
            connection.shipDifferences();
        }
        attached = true;
        reception.sessions().put(hello.vm(), session);
        reception.known(channel);
        CheckpointServerSettings settings = reception.settings();
        connection.send(
                new CheckpointMessage.Welcome(dialect, settings.window(), settings.windowBytes(), settings.stalls()));
        LOG.info(
                "agent of {} attached from {}{}, {}: {}, image at {}",
                hello.vm(),
                host.map(name -> "host " + name + ", ").orElse(""),
                connection,
                dialect,
                state(hello),
                hello.applied());
        session.attach();
    }

    private void refuse(CheckpointConnection connection, String refusal) {
        reception.tell("refused", "agent at {} refused: {}", connection, refusal);
        connection.sendLast(new CheckpointMessage.Refused(refusal), "refused: " + refusal);
    }

    private static Optional<String> versionRefusal(CheckpointMessage.Hello hello) {
        int version = hello.offer().version();
        return CheckpointCodec.isSpoken(version)
                ? Optional.empty()
                : Optional.of(Limits.OTHER_VERSION + version + ", this gateway speaks " + Limits.LOWEST_VERSION
                        + " and " + Limits.VERSION);
    }

    private static String state(CheckpointMessage.Hello hello) {
        String words = hello.description().isEmpty() ? "" : " (" + hello.description() + ")";
        return (hello.running() ? "VM is here" : "no VM") + words;
    }

    @Override
    public void closed(CheckpointConnection connection, String reason) {
        if (session != null) {
            reception.sessions().remove(session.vm(), session);
            session.detach(reason);
        } else {
            reception.tell("stranger", "a connection of {} came to nothing: {}", connection, reason);
        }
    }
}
