package org.secondsite.witness.io;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.Request;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection at the witness: handshake, hello, then questions and heartbeats; a client that breaks the
 * protocol is told why and closed.
 */
final class WitnessSession extends SimpleChannelInboundHandler<Message> {
    /** A client that asks faster than it is answered is broken: the gateway has at most one question per group. */
    private static final int MOST_OPEN_QUESTIONS = 256;

    private static final Logger LOGGER = LoggerFactory.getLogger(WitnessSession.class);

    private final AccessRule access;
    private final RecordStore store;
    private final GrantDesk desk;
    private final WitnessServer server;
    private ChannelHandlerContext context;
    private SiteId certified;
    private boolean welcomed;
    private boolean closing;
    private int openQuestions;

    WitnessSession(AccessRule access, RecordStore store, GrantDesk desk, WitnessServer server) {
        this.access = access;
        this.store = store;
        this.desk = desk;
        this.server = server;
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
                        handshake.cause().getMessage());
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
        LOGGER.info("{} connected from {}", certified, context.channel().remoteAddress());
        var _ = context.write(new Message.Welcome(MessageCodec.VERSION));
        server.joined(this);
        store.records().forEach(this::tell);
        context.flush();
    }

    /** Sends a record if it is of a group of this client. */
    void tell(OwnershipRecord record) {
        if (access.objectionTo(certified, record.group()).isEmpty()) {
            send(new Message.Watched(record));
        }
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
        if (++openQuestions > MOST_OPEN_QUESTIONS) {
            reject("more than " + MOST_OPEN_QUESTIONS + " open questions");
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
            answered(new Message.NotServed(id, objection.get()));
            return;
        }
        switch (question) {
            case Message.Ask ask -> {
                // Who asks lives, whatever became of its heartbeats.
                desk.heard(certified);
                answerLater(
                        id,
                        desk.take(
                                new Request.Change(
                                        ask.group(),
                                        ask.expectedTerm(),
                                        certified,
                                        ask.owner(),
                                        ask.inSync(),
                                        ask.reason()),
                                this));
            }
            case Message.Force force ->
                answerLater(
                        id,
                        store.submit(new Request.Force(
                                force.group(), force.expectedTerm(), certified, force.owner(), force.reason())));
            case Message.Read read -> answered(new Message.Current(id, recordOf(read.group())));
        }
    }

    private OwnershipRecord recordOf(GroupId group) {
        for (OwnershipRecord record : store.records()) {
            if (record.group().equals(group)) {
                return record;
            }
        }
        throw new IllegalStateException("group " + group + " is configured but was not enrolled");
    }

    private void answerLater(long id, CompletableFuture<Answer> pending) {
        var _ = pending.whenCompleteAsync(
                (answer, failure) -> {
                    if (failure != null) {
                        // Whether the change was made is not known, so nothing can be said.
                        close("the witness cannot decide: " + failure);
                        return;
                    }
                    server.answered(answer);
                    answered(
                            switch (answer) {
                                case Answer.Granted(OwnershipRecord record) -> new Message.Granted(id, record);
                                case Answer.Refused(OwnershipRecord current, String reason) ->
                                    new Message.Refused(id, current, reason);
                            });
                },
                context.executor());
    }

    private void answered(Message.Reply reply) {
        openQuestions--;
        send(reply);
    }

    private void send(Message.FromWitness message) {
        if (!context.channel().isWritable()) {
            // It reads nothing. What it misses it gets when it connects again.
            LOGGER.warn("{} does not read what it is told: closed", certified);
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
