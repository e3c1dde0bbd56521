package org.secondsite.witness.io;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gateway's, or an operator's, line to the witness: keeps a connection to every node, heartbeats on each, hears the
 * records, and asks.
 *
 * <p>A question goes to one connected node, once. If that connection breaks, or the answer is late, the future fails with
 * {@link UnansweredException}: the outcome is unknown, the request may even be decided later. Questions are numbered over
 * the life of the client, so a late answer is never taken for another's; the record in it is still told to the listener.
 *
 * <p>One thread, {@code witness-client}, runs everything, the listener and what depends on returned futures included.
 */
public final class WitnessClient implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WitnessClient.class);
    private static final int MOST_OPEN_QUESTIONS = 200;
    private static final int CLOSE_TIMEOUT_SECONDS = 5;

    private final WitnessClientSettings settings;
    private final WitnessListener listener;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final List<WitnessLink> links = new ArrayList<>();
    private final Map<Long, Open> open = new HashMap<>();
    private final Map<GroupId, Long> toldTerms = new HashMap<>();
    private long lastRequestId;
    private boolean up;
    private String lastReason = "";

    /** A question without an answer. */
    private record Open(WitnessLink link, CompletableFuture<Message.Reply> reply, ScheduledFuture<?> timeout) {}

    private WitnessClient(WitnessClientSettings settings, WitnessListener listener) {
        this.settings = settings;
        this.listener = listener;
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("witness-client", true), EpollIoHandler.newFactory());
        loop = group.next();
    }

    /**
     * Begins to connect; does not wait for it.
     *
     * @throws IOException if certificate, key or authority cannot be used
     */
    public static WitnessClient open(WitnessClientSettings settings, WitnessListener listener) throws IOException {
        WitnessTls tls = WitnessTls.client(settings.certificate(), settings.key(), settings.authority());
        WitnessClient client = new WitnessClient(settings, listener);
        for (InetSocketAddress endpoint : settings.endpoints()) {
            client.links.add(new WitnessLink(endpoint, settings, tls, client.loop, client));
        }
        client.loop.execute(() -> client.links.forEach(WitnessLink::connect));
        return client;
    }

    /**
     * Asks for a change by the rules: a compare-and-set on the term.
     *
     * @param reason why, in words; kept with the record
     * @return the answer; exceptionally {@link UnansweredException} if the outcome is unknown, {@link NotServedException} if
     *     this site may not ask that
     */
    public CompletableFuture<Answer> ask(
            GroupId group, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
        return send(id -> new Message.Ask(id, expectedTerm, group, owner, inSync, reason))
                .thenCompose(WitnessClient::answer);
    }

    /**
     * Makes a site the lone owner against the rules, as an operator: data may be lost. A site's own certificate can force
     * only that site.
     *
     * @param reason the operator's written acknowledgement; blank is refused
     * @return as {@link #ask}
     */
    public CompletableFuture<Answer> force(GroupId group, long expectedTerm, SiteId owner, String reason) {
        return send(id -> new Message.Force(id, expectedTerm, group, owner, reason))
                .thenCompose(WitnessClient::answer);
    }

    /**
     * The record as the witness has it now. It settles nothing: a request that is still on its way may change it.
     *
     * @return the record; exceptionally as {@link #ask}
     */
    public CompletableFuture<OwnershipRecord> read(GroupId group) {
        return send(id -> new Message.Read(id, group)).thenCompose(reply -> switch (reply) {
            case Message.Current current -> CompletableFuture.completedFuture(current.record());
            case Message.NotServed not -> CompletableFuture.failedFuture(new NotServedException(not.reason()));
            default -> CompletableFuture.failedFuture(new UnansweredException("answered by " + reply));
        });
    }

    /** Ends all connections. Open questions fail as unanswered. The listener hears nothing more. */
    @Override
    public void close() {
        if (group.isShuttingDown()) {
            return;
        }
        loop.submit(() -> {
                    links.forEach(WitnessLink::close);
                    failOpen(null, "the client was closed");
                })
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        group.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static CompletableFuture<Answer> answer(Message.Reply reply) {
        return switch (reply) {
            case Message.Granted granted -> CompletableFuture.completedFuture(new Answer.Granted(granted.record()));
            case Message.Refused refused ->
                CompletableFuture.completedFuture(new Answer.Refused(refused.current(), refused.reason()));
            case Message.NotServed not -> CompletableFuture.failedFuture(new NotServedException(not.reason()));
            case Message.Current other ->
                CompletableFuture.failedFuture(new UnansweredException("answered by " + other));
        };
    }

    private CompletableFuture<Message.Reply> send(LongFunction<Message.Question> question) {
        CompletableFuture<Message.Reply> reply = new CompletableFuture<>();
        try {
            loop.execute(() -> sendOnLoop(question, reply));
        } catch (RejectedExecutionException e) {
            reply.completeExceptionally(new UnansweredException("the client is closed"));
        }
        return reply;
    }

    private void sendOnLoop(LongFunction<Message.Question> question, CompletableFuture<Message.Reply> reply) {
        if (open.size() >= MOST_OPEN_QUESTIONS) {
            reply.completeExceptionally(new UnansweredException(open.size() + " questions are open already"));
            return;
        }
        for (WitnessLink link : links) {
            if (link.isUp()) {
                long id = ++lastRequestId;
                ScheduledFuture<?> timeout = loop.schedule(
                        () -> fail(id, "no answer within " + settings.answerTimeoutMs() + " ms"),
                        settings.answerTimeoutMs(),
                        TimeUnit.MILLISECONDS);
                open.put(id, new Open(link, reply, timeout));
                link.send(question.apply(id));
                return;
            }
        }
        reply.completeExceptionally(new UnansweredException("no witness is connected: " + lastReason));
    }

    private void fail(long id, String reason) {
        Open question = open.remove(id);
        if (question != null) {
            question.timeout().cancel(false);
            question.reply().completeExceptionally(new UnansweredException(reason));
        }
    }

    /** Fails the open questions of a link, or of all links if {@code link} is null. */
    private void failOpen(WitnessLink link, String reason) {
        List<Long> ids = new ArrayList<>();
        open.forEach((id, question) -> {
            if (link == null || question.link().equals(link)) {
                ids.add(id);
            }
        });
        ids.forEach(id -> fail(id, reason));
    }

    /** A link has been welcomed. */
    void linkUp(WitnessLink link) {
        if (!up) {
            up = true;
            lastReason = "connected to " + link.endpoint();
            listener.reachable(true, lastReason);
        }
    }

    /** A link has ended or could not be made. */
    void linkDown(WitnessLink link, String reason) {
        failOpen(link, "the connection was lost: " + reason);
        boolean still = links.stream().anyMatch(WitnessLink::isUp);
        if (!still && (up || !reason.equals(lastReason))) {
            up = false;
            lastReason = reason;
            listener.reachable(false, reason);
        }
    }

    /** A link has received a message that is not its own business. */
    void received(Message.FromWitness message) {
        switch (message) {
            case Message.Watched(OwnershipRecord record) -> tell(record);
            case Message.Reply reply -> replied(reply);
            case Message.Welcome welcome -> LOGGER.debug("a second welcome");
            case Message.Echo echo -> LOGGER.trace("echo");
            case Message.Bye bye -> LOGGER.debug("bye: {}", bye.reason());
        }
    }

    private void replied(Message.Reply reply) {
        switch (reply) {
            case Message.Granted granted -> tell(granted.record());
            case Message.Refused refused -> tell(refused.current());
            case Message.Current current -> tell(current.record());
            case Message.NotServed not -> LOGGER.warn("not served: {}", not.reason());
        }
        Open question = open.remove(reply.requestId());
        if (question != null) {
            question.timeout().cancel(false);
            question.reply().complete(reply);
        }
    }

    private void tell(OwnershipRecord record) {
        if (record.term() > toldTerms.getOrDefault(record.group(), 0L)) {
            toldTerms.put(record.group(), record.term());
            listener.record(record);
        }
    }
}
