package org.secondsite.witness.io.client;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.Answer;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.desk.OpenQuestions;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gateway's, or an operator's, line to the witness: keeps a connection to every node, heartbeats on each, hears the
 * records, and asks.
 *
 * <p>Which node is asked, and when another one, is in {@link OpenQuestions}. If no node is connected any more, or the answer is
 * late, the future fails with {@link UnansweredException}: the outcome is unknown, the request may even be decided later.
 *
 * <p>One thread, {@code witness-client}, runs everything, the listener and what depends on returned futures included.
 */
public final class WitnessClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessClient.class);
    private static final int CLOSE_TIMEOUT_SECONDS = 5;

    private final WitnessClientSettings settings;
    private final WitnessListener listener;
    private final Life life;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final List<WitnessLink> links = new ArrayList<>();
    private final Map<GroupId, Long> heardTerms = new HashMap<>();
    private final long id = new SecureRandom().nextLong();
    private final OpenQuestions questions;
    private final Map<Long, CompletableFuture<Message.Reply>> open = new HashMap<>();
    private final Map<Long, StatusAnswer> openStatus = new HashMap<>();
    private ScheduledFuture<?> wake;
    private long wakeNanos;
    private final Set<WitnessLink> refusing = new HashSet<>();
    private String lastRefusal = "";

    private WitnessClient(WitnessClientSettings settings, WitnessListener listener, Life life) {
        this.life = life;
        this.settings = settings;
        this.listener = listener;
        heardTerms.putAll(settings.heardTerms());
        group = new LivingLoop("witness-client", life, EpollIoHandler.newFactory());
        loop = group.next();
        List<String> nodes =
                settings.endpoints().stream().map(WitnessClient::words).toList();
        questions = new OpenQuestions(nodes, TimeUnit.MILLISECONDS.toNanos(settings.answerTimeoutMs()));
    }

    private static String words(InetSocketAddress endpoint) {
        return endpoint.isUnresolved()
                ? endpoint.toString()
                : endpoint.getAddress().getHostAddress() + ":" + endpoint.getPort();
    }

    /**
     * Begins to connect; does not wait for it.
     *
     * @throws IOException if certificate, key or authority cannot be used
     */
    public static WitnessClient open(WitnessClientSettings settings, WitnessListener listener) throws IOException {
        return open(settings, listener, Life.unwatched("witness-client"));
    }

    /**
     * The same as part of something that lives as long as its deciding threads do.
     *
     * @param life ends with this client's thread; heartbeats go out only while it is proved
     * @throws IOException if certificate, key or authority cannot be used
     */
    public static WitnessClient open(WitnessClientSettings settings, WitnessListener listener, Life life)
            throws IOException {
        TlsIdentity tls = TlsIdentity.client(settings.tls());
        WitnessClient client = new WitnessClient(settings, listener, life);
        for (InetSocketAddress endpoint : settings.endpoints()) {
            client.links.add(new WitnessLink(endpoint, settings, tls, client.loop, client));
        }
        client.loop.execute(() -> client.links.forEach(WitnessLink::connect));
        return client;
    }

    /** Another time between two heartbeats, in milliseconds. Any thread; takes effect soon. */
    public void heartbeat(int everyMs) {
        loop.execute(() -> links.forEach(link -> link.heartbeat(everyMs)));
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
     * Gives a group its record anew, as an operator, at a witness that has lost grants or was restored from a copy.
     *
     * @param above a term that may have been granted, beyond those that the witness has heard of; 0 if none
     * @param drawn a generation of terms that was hardly ever drawn before, such as one from a clock
     * @param reason the operator's written acknowledgement; blank is refused
     * @return as {@link #ask}
     */
    public CompletableFuture<Answer> recover(GroupId group, long above, int drawn, SiteId owner, String reason) {
        return send(id -> new Message.Recover(id, above, drawn, group, owner, reason))
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

    /** A group was acted for under this term, whoever says so: the witness is to know it, also if it has forgotten. */
    public void know(GroupId ofGroup, long term) {
        loop.execute(() -> {
            if (term > heardTerms.getOrDefault(ofGroup, 0L)) {
                heardTerms.put(ofGroup, term);
                links.forEach(link -> link.heardOf(ofGroup, term));
            }
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
                    turn(now -> questions.close("the client was closed"));
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
                long number = questions.nextNumber();
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
        long number = questions.nextNumber();
        open.put(number, reply);
        turn(now -> questions.ask(message.apply(number), now));
    }

    /** One event: the clock is read once, and what it comes to is carried out in its order. */
    private void turn(LongFunction<List<OpenQuestions.Effect>> event) {
        long now = System.nanoTime();
        event.apply(now).forEach(this::carryOut);
        scheduleWake(now);
    }

    private void carryOut(OpenQuestions.Effect effect) {
        switch (effect) {
            case OpenQuestions.Effect.Send(int node, Message.Question question) ->
                links.get(node).send(question);
            case OpenQuestions.Effect.Answered(long number, Message.Reply reply) ->
                open.remove(number).complete(reply);
            case OpenQuestions.Effect.Unanswered(long number, String reason) ->
                open.remove(number).completeExceptionally(new UnansweredException(reason));
            case OpenQuestions.Effect.Told(OwnershipRecord record) -> {
                listener.record(record);
                links.forEach(WitnessLink::termGrew);
            }
            case OpenQuestions.Effect.Made(OwnershipRecord record, SiteId asker, String reason) ->
                listener.made(record, asker, reason);
            case OpenQuestions.Effect.Reachable(boolean up, String reason) -> listener.reachable(up, reason);
        }
    }

    private void scheduleWake(long now) {
        OptionalLong next = questions.wakeNanos();
        if (wake != null && next.isPresent() && next.getAsLong() == wakeNanos) {
            return;
        }
        if (wake != null) {
            wake.cancel(false);
            wake = null;
        }
        if (next.isPresent() && !group.isShuttingDown()) {
            wakeNanos = next.getAsLong();
            wake = loop.schedule(this::wakened, Math.max(0, wakeNanos - now), TimeUnit.NANOSECONDS);
        }
    }

    private void wakened() {
        wake = null;
        turn(questions::tick);
    }

    /** A link has been welcomed. */
    void linkUp(WitnessLink link) {
        turn(now -> questions.connected(links.indexOf(link)));
    }

    /** A link has ended or could not be made. */
    void linkDown(WitnessLink link, String reason) {
        turn(now -> questions.disconnected(links.indexOf(link), reason, now));
        openStatus.values().removeIf(waiting -> {
            boolean lost = waiting.link().equals(link);
            if (lost) {
                waiting.answer().completeExceptionally(new UnansweredException("the connection was lost: " + reason));
            }
            return lost;
        });
    }

    /**
     * A node takes another process for this site's gateway. What one node says alone, while this client is served by others, is told as
     * a notice: it has missed something, or they have.
     */
    void displaced(WitnessLink link, String reason) {
        refusing.add(link);
        boolean served = links.stream().anyMatch(WitnessLink::isUp) && 2 * refusing.size() <= links.size();
        if (!reason.equals(lastRefusal)) {
            lastRefusal = reason;
            LOG.error("{} refuses this gateway: {}", link.endpoint(), reason);
            if (served) {
                listener.notice("the node at " + link.endpoint() + " refuses this gateway: " + reason);
            }
        }
        if (!served) {
            listener.displaced(reason);
        }
    }

    /** A node takes this process for this site's gateway. */
    void admitted(WitnessLink link) {
        refusing.remove(link);
        if (2 * refusing.size() <= links.size()) {
            lastRefusal = "";
            listener.admitted();
        }
    }

    /** Proves the heartbeats, and ends by a defect. */
    Life life() {
        return life;
    }

    /** The highest term that the witness has told this client, now or in an earlier life. */
    long ownTerm() {
        return Math.max(questions.highestTerm(), settings.rememberedTerm());
    }

    /** By group: the highest term that others have told of. */
    Map<GroupId, Long> heardTerms() {
        return heardTerms;
    }

    /** Drawn at random: the name of this client in its questions. */
    long id() {
        return id;
    }

    /** A link has received a message that is not its own business. */
    void received(WitnessLink link, Message.FromWitness message) {
        switch (message) {
            case Message.Watched watched -> turn(now -> questions.watched(watched));
            case Message.Reply reply -> turn(now -> questions.replied(links.indexOf(link), reply, now));
            case Message.StatusPart part -> {
                StatusAnswer waiting = openStatus.get(part.requestId());
                if (waiting != null && waiting.ends(part)) {
                    openStatus.remove(part.requestId());
                }
            }
            case Message.Welcome welcome -> LOG.debug("a second welcome");
            case Message.Admitted admitted -> LOG.debug("a second admission");
            case Message.Displaced displaced -> LOG.debug("displaced out of turn");
            case Message.Echo echo -> LOG.trace("echo");
            case Message.Notice(String text) -> {
                LOG.error("the witness says: {}", text);
                listener.notice(text);
            }
            case Message.Bye bye -> LOG.debug("bye: {}", bye.reason());
        }
    }
}
