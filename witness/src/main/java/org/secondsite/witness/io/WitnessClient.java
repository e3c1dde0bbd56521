package org.secondsite.witness.io;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.io.tls.WitnessTls;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gateway's, or an operator's, line to the witness: keeps a connection to every node, heartbeats on each, hears the
 * records, and asks.
 *
 * <p>A question goes to the node that led last. A node that does not lead says so, and the question goes to the one that it
 * names, or a moment later to all; likewise when a connection breaks, or when a node has not answered for {@link #HEDGE_MS}. It bears the
 * same number wherever it goes, so it is decided once. If no node is connected any more, or the answer is late, the future
 * fails with {@link UnansweredException}: the outcome is unknown, the request may even be decided later. Questions are
 * numbered over the life of the client, so a late answer is never taken for another's; the record in it is still told to the
 * listener.
 *
 * <p>One thread, {@code witness-client}, runs everything, the listener and what depends on returned futures included.
 */
public final class WitnessClient implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WitnessClient.class);
    /** Far more than one for each group: who has more is broken. */
    private static final int MOST_OPEN_QUESTIONS = 1 << 16;

    private static final int CLOSE_TIMEOUT_SECONDS = 5;

    /** How long a node may keep a question before another is asked too: it may have died without a word. */
    private static final int HEDGE_MS = 200;

    /** How long to wait before every node is asked when none leads. */
    private static final int ROUND_MS = 20;

    private final WitnessClientSettings settings;
    private final WitnessListener listener;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final List<WitnessLink> links = new ArrayList<>();
    private final long id = new SecureRandom().nextLong();
    private final Map<Long, Question> open = new HashMap<>();
    private final Map<Long, StatusAnswer> openStatus = new HashMap<>();
    private final Map<GroupId, Long> toldTerms = new HashMap<>();
    private final Map<GroupId, Long> madeTerms = new HashMap<>();
    private WitnessLink leader;
    private long lastRequestId;
    private boolean up;
    private String lastReason = "";

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
                    List.copyOf(open.values()).forEach(question -> fail(question, "the client was closed"));
                })
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        group.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    /** Asks every node about itself; by its address, each answer or why there is none. */
    public Map<InetSocketAddress, CompletableFuture<NodeStatus>> status() {
        Map<InetSocketAddress, CompletableFuture<NodeStatus>> answers = new LinkedHashMap<>();
        for (WitnessLink link : links) {
            CompletableFuture<NodeStatus> answer = new CompletableFuture<>();
            answers.put(link.endpoint(), answer);
            loop.execute(() -> {
                if (!link.isUp()) {
                    answer.completeExceptionally(new UnansweredException("not connected: " + link.lastReason()));
                    return;
                }
                long number = ++lastRequestId;
                openStatus.put(number, new StatusAnswer(link, answer));
                var _ = loop.schedule(
                        () -> statusFailed(number, "no answer within " + settings.answerTimeoutMs() + " ms"),
                        settings.answerTimeoutMs(),
                        TimeUnit.MILLISECONDS);
                link.send(new Message.Status(number));
            });
        }
        return answers;
    }

    private void statusFailed(long number, String reason) {
        StatusAnswer waiting = openStatus.remove(number);
        if (waiting != null) {
            waiting.answer().completeExceptionally(new UnansweredException(reason));
        }
    }

    private static CompletableFuture<Answer> answer(Message.Reply reply) {
        return switch (reply) {
            case Message.Granted granted -> CompletableFuture.completedFuture(new Answer.Granted(granted.record()));
            case Message.Refused refused ->
                CompletableFuture.completedFuture(new Answer.Refused(refused.current(), refused.reason()));
            case Message.NotServed not -> CompletableFuture.failedFuture(new NotServedException(not.reason()));
            case Message.Current other ->
                CompletableFuture.failedFuture(new UnansweredException("answered by " + other));
            case Message.Elsewhere other ->
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

    private void sendOnLoop(LongFunction<Message.Question> message, CompletableFuture<Message.Reply> reply) {
        if (open.size() >= MOST_OPEN_QUESTIONS) {
            reply.completeExceptionally(new UnansweredException(open.size() + " questions are open already"));
            return;
        }
        Question question = new Question(message.apply(++lastRequestId), reply);
        Optional<WitnessLink> first = leader != null && leader.isUp() ? Optional.of(leader) : question.next(links);
        if (first.isEmpty()) {
            reply.completeExceptionally(new UnansweredException("no witness is connected: " + lastReason));
            return;
        }
        open.put(question.id(), question);
        question.timer(loop.schedule(
                () -> fail(question, "no answer within " + settings.answerTimeoutMs() + " ms"),
                settings.answerTimeoutMs(),
                TimeUnit.MILLISECONDS));
        if (links.size() > 1) {
            question.timer(loop.scheduleAtFixedRate(
                    () -> question.next(links).ifPresent(question::askAt), HEDGE_MS, HEDGE_MS, TimeUnit.MILLISECONDS));
        }
        question.askAt(first.get());
    }

    private void fail(Question question, String reason) {
        if (open.remove(question.id(), question)) {
            question.failed(reason);
        }
    }

    /** The link does not answer: it does not lead, or is lost. */
    private void askElsewhere(Question question, WitnessLink link, String hint) {
        question.unasked(link);
        for (WitnessLink other : links) {
            if (other.isAt(hint) && other.isUp() && !question.isAskedAt(other)) {
                question.askAt(other);
                return;
            }
        }
        if (question.isAskedNowhere()) {
            question.timer(loop.schedule(() -> askAgain(question), ROUND_MS, TimeUnit.MILLISECONDS));
        }
    }

    private void askAgain(Question question) {
        if (open.containsKey(question.id()) && question.isAskedNowhere()) {
            links.stream().filter(WitnessLink::isUp).forEach(question::askAt);
            if (question.isAskedNowhere()) {
                fail(question, "no witness is connected: " + lastReason);
            }
        }
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
        boolean still = links.stream().anyMatch(WitnessLink::isUp);
        for (Question question : List.copyOf(open.values())) {
            if (!question.isAskedAt(link)) {
                continue;
            }
            if (still) {
                askElsewhere(question, link, "");
            } else {
                fail(question, "the connection was lost: " + reason);
            }
        }
        openStatus.forEach((number, waiting) -> {
            if (waiting.link().equals(link)) {
                waiting.answer().completeExceptionally(new UnansweredException("the connection was lost: " + reason));
            }
        });
        if (link.equals(leader)) {
            leader = null;
        }
        if (!still && (up || !reason.equals(lastReason))) {
            up = false;
            lastReason = reason;
            listener.reachable(false, reason);
        }
    }

    /** Drawn at random: the name of this client in its questions. */
    long id() {
        return id;
    }

    /** A link has received a message that is not its own business. */
    void received(WitnessLink link, Message.FromWitness message) {
        switch (message) {
            case Message.Watched watched -> watched(watched);
            case Message.Reply reply -> replied(link, reply);
            case Message.StatusPart part -> {
                StatusAnswer waiting = openStatus.get(part.requestId());
                if (waiting != null && waiting.ends(part)) {
                    openStatus.remove(part.requestId());
                }
            }
            case Message.Welcome welcome -> LOGGER.debug("a second welcome");
            case Message.Echo echo -> LOGGER.trace("echo");
            case Message.Bye bye -> LOGGER.debug("bye: {}", bye.reason());
        }
    }

    private void watched(Message.Watched watched) {
        OwnershipRecord record = watched.record();
        tell(record);
        if (record.term() > madeTerms.getOrDefault(record.group(), 0L)) {
            madeTerms.put(record.group(), record.term());
            listener.made(record, watched.asker(), watched.reason());
        }
    }

    private void replied(WitnessLink link, Message.Reply reply) {
        switch (reply) {
            case Message.Granted granted -> tell(granted.record());
            case Message.Refused refused -> tell(refused.current());
            case Message.Current current -> tell(current.record());
            case Message.NotServed not -> LOGGER.warn("not served: {}", not.reason());
            case Message.Elsewhere elsewhere -> {
                Question question = open.get(reply.requestId());
                if (question != null) {
                    askElsewhere(question, link, elsewhere.leader());
                }
                return;
            }
        }
        if (reply instanceof Message.Granted || reply instanceof Message.Refused) {
            leader = link;
        }
        Question question = open.remove(reply.requestId());
        if (question != null) {
            question.answered(reply);
        }
    }

    private void tell(OwnershipRecord record) {
        if (record.term() > toldTerms.getOrDefault(record.group(), 0L)) {
            toldTerms.put(record.group(), record.term());
            listener.record(record);
        }
    }
}
