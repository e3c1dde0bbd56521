package org.secondsite.witness.io.daemon;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.timeout.IdleStateEvent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.net.life.Defects;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.desk.Connection;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection at the witness: proves who it is by its certificate, brings its messages to the desk, and sends what
 * the desk says, as fast as the client reads.
 */
final class WitnessSession extends SimpleChannelInboundHandler<Message> {
    /** What a client may leave unread of the answers to one question, its part of a status included; bytes. */
    private static final long UNREAD_BYTES = 512;

    /** From the accept to the first message: nobody needs so long who has something to say. */
    private static final int FIRST_MESSAGE_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(WitnessSession.class);

    private final DeskDriver desk;
    private final WitnessServer server;

    /** What this client is yet to be told, the latest of each group: there is more of it than the connection takes at once. */
    private final Map<GroupId, LogEntry> untold = new LinkedHashMap<>();

    private ChannelHandlerContext context;
    private Connection connection;
    private boolean closing;
    private ScheduledFuture<?> deadline;

    WitnessSession(DeskDriver desk, WitnessServer server) {
        this.desk = desk;
        this.server = server;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
        deadline = added.executor()
                .schedule(
                        () -> {
                            server.rejected();
                            server.stranger("silence", added.channel().remoteAddress() + " has said nothing in time");
                            var _ = added.close();
                        },
                        FIRST_MESSAGE_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ignored, Object event) throws Exception {
        switch (event) {
            case SslHandshakeCompletionEvent handshake when handshake.isSuccess() -> identify();
            case SslHandshakeCompletionEvent handshake -> {
                server.rejected();
                server.stranger("handshake", context.channel().remoteAddress() + " refused: " + handshake.cause());
            }
            case IdleStateEvent idle -> close("nothing heard for too long");
            default -> super.userEventTriggered(context, event);
        }
    }

    private void identify() {
        String name = TlsIdentity.commonName(context.pipeline().get(SslHandler.class));
        if (!SiteId.isName(name)) {
            server.rejected();
            close("the certificate of '" + name + "' names no site");
            return;
        }
        SiteId certified = new SiteId(name);
        if (!server.proven(context.channel())) {
            var _ = context.close();
            return;
        }
        if (certified.equals(AccessRule.WITNESS) && server.serveNode(context.pipeline())) {
            // Another node of this witness: its calls are Raft's.
            deadline.cancel(false);
            return;
        }
        connection =
                desk.opened(this, certified, String.valueOf(context.channel().remoteAddress()));
        desk.begin(connection);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ignored, Message message) {
        // Nothing is decoded before the handshake is through.
        deadline.cancel(false);
        desk.received(connection, message);
    }

    /** Sends a record, or the one that has replaced it meanwhile, when the connection takes it. */
    void tell(LogEntry entry) {
        untold.put(entry.record().group(), entry);
        tellOn();
    }

    /** Tells as much as the connection takes; the rest follows when the client has read. */
    private void tellOn() {
        Iterator<LogEntry> next = untold.values().iterator();
        while (next.hasNext() && context.channel().isWritable()) {
            LogEntry entry = next.next();
            next.remove();
            write(new Message.Watched(entry.record(), entry.asker(), entry.reason()));
        }
        context.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ignored) {
        if (context.channel().isWritable()) {
            tellOn();
        }
    }

    /** Tells the node's status, as far as this client may see it. */
    void status(long id) {
        NodeStatus status = server.status();
        write(new Message.StatusNode(id, status.standing()));
        for (LogEntry entry : server.entries()) {
            if (desk.maySee(connection, entry)) {
                write(new Message.StatusRecord(id, new NodeStatus.Made(entry.record(), entry.asker(), entry.reason())));
            }
        }
        status.heardMs().forEach((site, agoMs) -> write(new Message.StatusHeard(id, site, agoMs)));
        status.metrics().forEach((name, value) -> write(new Message.StatusMetric(id, name, value)));
        send(new Message.StatusEnd(id));
    }

    private void write(Message.FromWitness message) {
        var _ = context.write(message);
    }

    /** Sends a message, or closes a connection whose client does not read. */
    void send(Message.FromWitness message) {
        if (!context.channel().isActive()) {
            return;
        }
        if (context.channel().bytesBeforeWritable() > desk.maxOpenQuestions() * UNREAD_BYTES) {
            // What it misses it gets when it connects again.
            LOG.warn("{} does not read what it is answered: closed", connection.certified());
            var _ = context.close();
            return;
        }
        var _ = context.writeAndFlush(message);
    }

    /** Says why, and closes. */
    void close(String reason) {
        if (!closing) {
            closing = true;
            var _ = context.writeAndFlush(new Message.Bye(reason)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ignored) {
        deadline.cancel(false);
        if (connection != null) {
            desk.closed(connection);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
        if (Defects.isDefect(cause)) {
            server.failed(cause);
        }
        if (connection != null && cause instanceof DecoderException) {
            desk.malformed(connection, cause.getMessage());
        } else {
            server.stranger("rubbish", context.channel().remoteAddress() + ": " + cause);
            var _ = context.close();
        }
    }
}
