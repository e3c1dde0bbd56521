package org.secondsite.witness.io;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.NotLeadingException;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.io.tls.WitnessTls;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection at the witness: handshake, hello, then questions and heartbeats; a client that breaks the
 * protocol is told why and closed.
 */
final class WitnessSession extends SimpleChannelInboundHandler<Message> {
    /** Open questions beside one of each group: a client that asks faster than it is answered is broken. */
    private static final int SPARE_QUESTIONS = 256;

    /** What a client may leave unread of the answers to one question, its part of a status included; bytes. */
    private static final long UNREAD_BYTES = 512;

    private static final int READ_AGAIN_MS = 50;

    private static final Logger LOGGER = LoggerFactory.getLogger(WitnessSession.class);

    private final AccessRule access;
    private final RecordStore store;
    private final GrantDesk desk;
    private final WitnessServer server;
    private final int mostOpenQuestions;

    /** What this client is yet to be told, the latest of each group: there is more of it than the connection takes at once. */
    private final Map<GroupId, LogEntry> untold = new LinkedHashMap<>();

    private ChannelHandlerContext context;
    private SiteId certified;
    private long client;
    private boolean welcomed;
    private boolean toldCurrent;
    private boolean closing;
    private int openQuestions;

    WitnessSession(AccessRule access, RecordStore store, GrantDesk desk, WitnessServer server) {
        this.access = access;
        this.store = store;
        this.desk = desk;
        this.server = server;
        mostOpenQuestions = access.groups() + SPARE_QUESTIONS;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ignored, Object event) throws Exception {
        switch (event) {
            case SslHandshakeCompletionEvent handshake when handshake.isSuccess() -> identify();
            case SslHandshakeCompletionEvent handshake -> {
                server.rejected();
                LOGGER.warn(
                        "{} refused: {}",
                        context.channel().remoteAddress(),
                        handshake.cause().toString());
            }
            case IdleStateEvent idle -> close("nothing heard for too long");
            default -> super.userEventTriggered(context, event);
        }
    }

    private void identify() {
        try {
            certified = WitnessTls.peerName(context.pipeline().get(SslHandler.class));
        } catch (IOException e) {
            reject(e.getMessage());
            return;
        }
        if (certified.equals(AccessRule.WITNESS) && server.serveNode(context.pipeline())) {
            // Another node of this witness: its calls are Raft's.
            return;
        }
        access.objectionTo(certified).ifPresent(this::reject);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ignored, Message message) {
        if (closing) {
            return;
        }
        switch (message) {
            case Message.Hello hello -> welcome(hello);
            case Message.ToWitness other when !welcomed -> reject("the first message must be a hello");
            case Message.Heartbeat heartbeat -> heartbeat(heartbeat);
            case Message.Question question -> question(question);
            case Message.Status status -> status(status.requestId());
            case Message.FromWitness other -> reject("that message is the witness's to send");
        }
    }

    private void welcome(Message.Hello hello) {
        if (hello.version() != MessageCodec.VERSION) {
            reject("this witness speaks version " + MessageCodec.VERSION + ", not " + hello.version());
            return;
        }
        if (!hello.site().equals(certified)) {
            reject("'" + hello.site() + "' has the certificate of '" + certified + "'");
            return;
        }
        if (welcomed) {
            reject("a second hello");
            return;
        }
        welcomed = true;
        client = hello.client();
        LOGGER.info("{} connected from {}", certified, context.channel().remoteAddress());
        var _ = context.write(new Message.Welcome(MessageCodec.VERSION));
        server.joined(this);
        context.flush();
        tellCurrent();
    }

    /**
     * Tells what is in force now. A gateway that has just started acts on it, so it must not be what a node believes that was
     * left behind (planted fault TOLD_STALE_AT_START of the model); what follows is newer than that.
     */
    private void tellCurrent() {
        var _ = store.current()
                .whenCompleteAsync(
                        (read, failure) -> {
                            if (failure == null) {
                                toldCurrent = true;
                                // Not what was read: a change may have passed by since.
                                store.entries().forEach(this::toTell);
                                tellOn();
                            } else if (context.channel().isActive()) {
                                var _ = context.executor()
                                        .schedule(this::tellCurrent, READ_AGAIN_MS, TimeUnit.MILLISECONDS);
                            }
                        },
                        context.executor());
    }

    /** Sends a record if it is of a group of this client. */
    void tell(LogEntry entry) {
        if (toldCurrent) {
            toTell(entry);
            tellOn();
        }
    }

    private void toTell(LogEntry entry) {
        if (maySee(entry)) {
            untold.put(entry.record().group(), entry);
        }
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

    private boolean maySee(LogEntry entry) {
        return access.objectionTo(certified, entry.record().group()).isEmpty();
    }

    private void status(long id) {
        NodeStatus status = server.status();
        write(new Message.StatusNode(id, status.standing()));
        for (LogEntry entry : store.entries()) {
            if (maySee(entry)) {
                write(new Message.StatusRecord(id, new NodeStatus.Made(entry.record(), entry.asker(), entry.reason())));
            }
        }
        status.heardMs().forEach((site, agoMs) -> write(new Message.StatusHeard(id, site, agoMs)));
        status.metrics().forEach((name, value) -> write(new Message.StatusMetric(id, name, value)));
        send(new Message.StatusEnd(id));
    }

    private void heartbeat(Message.Heartbeat heartbeat) {
        if (!heartbeat.site().equals(certified)) {
            reject("a heartbeat of '" + heartbeat.site() + "' on the connection of '" + certified + "'");
            return;
        }
        desk.heard(certified);
        send(new Message.Echo());
    }

    private void question(Message.Question question) {
        if (++openQuestions > mostOpenQuestions) {
            reject("more than " + mostOpenQuestions + " open questions");
            return;
        }
        long id = question.requestId();
        Optional<String> objection =
                switch (question) {
                    case Message.Force force -> access.objectionToForce(certified, force.group(), force.owner());
                    case Message.Ask ask -> access.objectionTo(certified, ask.group());
                    case Message.Read read -> access.objectionTo(certified, read.group());
                };
        if (objection.isPresent()) {
            LOGGER.warn("{}: {}", certified, objection.get());
            server.notServed();
            answered(new Message.NotServed(id, objection.get()));
            return;
        }
        switch (question) {
            case Message.Ask ask -> {
                // Who asks lives, whatever became of its heartbeats.
                desk.heard(certified);
                Request.Change change = new Request.Change(
                        ask.group(), ask.expectedTerm(), certified, ask.owner(), ask.inSync(), ask.reason());
                decide(id, ask.expectedTerm(), desk.take(change, new RequestId(client, id), this));
            }
            case Message.Force force ->
                decide(
                        id,
                        force.expectedTerm(),
                        store.submit(
                                new Request.Force(
                                        force.group(), force.expectedTerm(), certified, force.owner(), force.reason()),
                                new RequestId(client, id)));
            case Message.Read read ->
                answerLater(id, store.current().thenApply(entries -> entries.stream()
                        .map(LogEntry::record)
                        .filter(record -> record.group().equals(read.group()))
                        .findFirst()
                        .<Message.Reply>map(record -> new Message.Current(id, record))
                        .orElseGet(() -> new Message.Elsewhere(id, ""))));
        }
    }

    private void decide(long id, long expectedTerm, CompletableFuture<Answer> pending) {
        answerLater(id, pending.thenApply(answer -> {
            server.answered(expectedTerm, answer);
            return switch (answer) {
                case Answer.Granted(OwnershipRecord record) -> new Message.Granted(id, record);
                case Answer.Refused(OwnershipRecord current, String reason) -> new Message.Refused(id, current, reason);
            };
        }));
    }

    private void answerLater(long id, CompletableFuture<Message.Reply> pending) {
        var _ = pending.whenCompleteAsync(
                (reply, failure) -> {
                    Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
                    switch (cause) {
                        case null -> answered(reply);
                        case NotLeadingException elsewhere -> {
                            server.redirected();
                            answered(new Message.Elsewhere(id, elsewhere.leader()));
                        }
                        // A node that has just begun to lead enrolls its groups first.
                        case IllegalArgumentException notEnrolled -> answered(new Message.Elsewhere(id, ""));
                        // Whether the change was made is not known, so nothing can be said.
                        default -> close("the witness cannot decide: " + cause);
                    }
                },
                context.executor());
    }

    private void answered(Message.Reply reply) {
        openQuestions--;
        send(reply);
    }

    private void write(Message.FromWitness message) {
        var _ = context.write(message);
    }

    private void send(Message.FromWitness message) {
        if (!context.channel().isActive()) {
            return;
        }
        if (context.channel().bytesBeforeWritable() > mostOpenQuestions * UNREAD_BYTES) {
            // What it misses it gets when it connects again.
            LOGGER.warn("{} does not read what it is answered: closed", certified);
            var _ = context.close();
            return;
        }
        var _ = context.writeAndFlush(message);
    }

    private void reject(String reason) {
        server.rejected();
        close(reason);
    }

    /** Says why, and closes. */
    void close(String reason) {
        if (!closing) {
            closing = true;
            LOGGER.warn("{} {} closed: {}", certified, context.channel().remoteAddress(), reason);
            var _ = context.writeAndFlush(new Message.Bye(reason)).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ignored) {
        server.left(this);
        desk.forget(this);
        if (welcomed) {
            LOGGER.info("{} disconnected", certified);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
        if (welcomed && cause instanceof DecoderException) {
            reject(cause.getMessage());
        } else {
            LOGGER.info("{} {}: {}", certified, context.channel().remoteAddress(), cause.toString());
            var _ = context.close();
        }
    }
}
