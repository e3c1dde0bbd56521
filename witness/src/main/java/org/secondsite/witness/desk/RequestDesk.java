package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a witness node does with its clients: messages, the store's answers and a time in; messages, commands to the store and
 * records to tell out. The daemon's event loop and the simulator drive this same class.
 *
 * <pre>
 *   client ──hello──▶ welcome, then the records of its groups as a majority has them
 *          ──heartbeat──▶ echo; the site counts as heard
 *          ──ask──▶ waits while {@link GrantPolicy} says so ──▶ store ──durable──▶ granted or refused
 *          ──force, read──▶ store ──▶ answer
 *   store  ──a record is in force──▶ every client that may see it; what waits for that group looks again
 * </pre>
 *
 * <p><b>Durable before sent.</b> The desk makes no grant: {@code Granted} leaves only for an {@link Answer} of the store, and a
 * store has one only against a {@link org.secondsite.witness.Durable}. A record is told when the store says it is in force.
 *
 * <p><b>What waits.</b> A standby's request waits here while the owner is heard. It is dropped with its connection: a standby
 * that died after asking must not be made owner. A site that was not heard yet counts as heard at the start: after a
 * restart of the witness a living owner needs a moment to come back.
 *
 * <p><b>Bounds.</b> Open questions are bounded for each client; connections are bounded by the edge.
 *
 * <p>Times are of one monotonic clock that the caller passes in. One owner; not thread-safe.
 */
public final class RequestDesk {
    private static final Logger LOG = LoggerFactory.getLogger(RequestDesk.class);

    /** Open questions beside one of each group: a client that asks faster than it is answered is broken. */
    private static final int SPARE_QUESTIONS = 256;

    private static final long READ_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** What is known of a connection. */
    private static final class Client {
        private final Connection connection;
        private long id;
        private boolean welcomed;
        private boolean toldCurrent;
        private boolean closing;
        private int openQuestions;
        private OptionalLong readAgainNanos = OptionalLong.empty();

        Client(Connection connection) {
            this.connection = connection;
        }
    }

    /** A request that waits for its time. */
    private record Waiting(Client client, long questionId, Request.Change change, long arrivedNanos, long lookNanos) {
        Waiting until(long nanos) {
            return new Waiting(client, questionId, change, arrivedNanos, nanos);
        }
    }

    /** Whose command the store has. */
    private sealed interface Ticket {
        record Decision(Client client, long questionId, long expectedTerm) implements Ticket {}

        record Read(Client client, long questionId, GroupId group) implements Ticket {}

        record AtStart(Client client) implements Ticket {}
    }

    private final AccessRule access;
    private final GrantPolicy policy;
    private final long startNanos;
    private final int maxOpenQuestions;
    private final Map<Long, Client> clients = new LinkedHashMap<>();
    private final Map<SiteId, Long> heardNanos = new TreeMap<>();
    private final Map<GroupId, LogEntry> inForce = new TreeMap<>();
    private final Map<Long, Ticket> tickets = new HashMap<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private List<DeskEffect> effects = new ArrayList<>();
    private boolean leads;
    private long lastTicket;
    private long rejected;
    private long granted;
    private long refused;
    private long refusedTerm;
    private long notServed;
    private long redirected;
    private long delayed;

    /**
     * A desk without clients.
     *
     * @param entries what the store remembers, all of it durable
     * @param nowNanos the time now
     */
    public RequestDesk(AccessRule access, GrantPolicy policy, List<LogEntry> entries, long nowNanos) {
        this.access = access;
        this.policy = policy;
        this.startNanos = nowNanos;
        this.maxOpenQuestions = access.groups() + SPARE_QUESTIONS;
        entries.forEach(this::learn);
    }

    // ---- clients ------------------------------------------------------------------------------------------------

    /** A client has proven its name. */
    public List<DeskEffect> opened(Connection connection) {
        Client client = new Client(connection);
        clients.put(connection.number(), client);
        access.objectionTo(connection.certified()).ifPresent(objection -> reject(client, objection));
        return drain();
    }

    /** A message has arrived. */
    public List<DeskEffect> received(Connection connection, Message message, long nowNanos) {
        Client client = clients.get(connection.number());
        if (client != null && !client.closing) {
            take(client, message, nowNanos);
        }
        return drain();
    }

    /** What arrived is no message. */
    public List<DeskEffect> malformed(Connection connection, String reason) {
        Client client = clients.get(connection.number());
        if (client != null) {
            reject(client, reason);
        }
        return drain();
    }

    /** The connection is gone, and what waits for it is dropped. */
    public void closed(Connection connection) {
        Client client = clients.remove(connection.number());
        if (client != null) {
            client.closing = true;
            waiting.removeIf(entry -> entry.client().equals(client));
            if (client.welcomed) {
                LOG.info("{} disconnected", connection.certified());
            }
        }
    }

    private void take(Client client, Message message, long nowNanos) {
        switch (message) {
            case Message.Hello hello -> welcome(client, hello);
            case Message.ToWitness other when !client.welcomed -> reject(client, "the first message must be a hello");
            case Message.Heartbeat heartbeat -> heartbeat(client, heartbeat, nowNanos);
            case Message.Question question -> question(client, question, nowNanos);
            case Message.Status status -> effects.add(new DeskEffect.TellStatus(client.connection, status.requestId()));
            case Message.FromWitness other -> reject(client, "that message is the witness's to send");
        }
    }

    private void welcome(Client client, Message.Hello hello) {
        SiteId certified = client.connection.certified();
        if (hello.version() != MessageCodec.VERSION) {
            reject(client, "this witness speaks version " + MessageCodec.VERSION + ", not " + hello.version());
            return;
        }
        if (!hello.site().equals(certified)) {
            reject(client, "'" + hello.site() + "' has the certificate of '" + certified + "'");
            return;
        }
        if (client.welcomed) {
            reject(client, "a second hello");
            return;
        }
        client.welcomed = true;
        client.id = hello.client();
        LOG.info("{} connected from {}", certified, client.connection.from());
        send(client, new Message.Welcome(MessageCodec.VERSION));
        readCurrent(client);
    }

    /**
     * What is in force now. A gateway that has just started acts on it, so it must not be what a node believes that was left
     * behind (planted fault TOLD_STALE_AT_START of the model); what follows is newer than that.
     */
    private void readCurrent(Client client) {
        client.readAgainNanos = OptionalLong.empty();
        effects.add(new DeskEffect.ReadCurrent(ticket(new Ticket.AtStart(client))));
    }

    private void heartbeat(Client client, Message.Heartbeat heartbeat, long nowNanos) {
        SiteId certified = client.connection.certified();
        if (!heartbeat.site().equals(certified)) {
            reject(client, "a heartbeat of '" + heartbeat.site() + "' on the connection of '" + certified + "'");
            return;
        }
        heardNanos.put(certified, nowNanos);
        send(client, new Message.Echo());
    }

    private void question(Client client, Message.Question question, long nowNanos) {
        if (++client.openQuestions > maxOpenQuestions) {
            reject(client, "more than " + maxOpenQuestions + " open questions");
            return;
        }
        Optional<String> objection = objectionTo(client.connection.certified(), question);
        if (objection.isPresent()) {
            LOG.warn("{}: {}", client.connection.certified(), objection.get());
            notServed++;
            answer(client, new Message.NotServed(question.requestId(), objection.get()));
            return;
        }
        switch (question) {
            case Message.Ask ask -> ask(client, ask, nowNanos);
            case Message.Force force ->
                submit(
                        client,
                        force.requestId(),
                        force.expectedTerm(),
                        new Request.Force(
                                force.group(),
                                force.expectedTerm(),
                                client.connection.certified(),
                                force.owner(),
                                force.reason()));
            case Message.Read read ->
                effects.add(
                        new DeskEffect.ReadCurrent(ticket(new Ticket.Read(client, read.requestId(), read.group()))));
        }
    }

    private Optional<String> objectionTo(SiteId certified, Message.Question question) {
        return switch (question) {
            case Message.Force force -> access.objectionToForce(certified, force.group(), force.owner());
            case Message.Ask ask -> access.objectionTo(certified, ask.group());
            case Message.Read read -> access.objectionTo(certified, read.group());
        };
    }

    private void ask(Client client, Message.Ask ask, long nowNanos) {
        SiteId certified = client.connection.certified();
        // Who asks lives, whatever became of its heartbeats.
        heardNanos.put(certified, nowNanos);
        Request.Change change =
                new Request.Change(ask.group(), ask.expectedTerm(), certified, ask.owner(), ask.inSync(), ask.reason());
        Waiting entry = new Waiting(client, ask.requestId(), change, nowNanos, nowNanos);
        long waitNanos = waitNanos(entry, nowNanos);
        if (waitNanos > 0) {
            delayed++;
            LOG.info("the owner is still heard: the request of {} for {} waits", certified, ask.group());
            waiting.add(entry.until(nowNanos + waitNanos));
        } else {
            submit(entry);
        }
    }

    // ---- the store ----------------------------------------------------------------------------------------------

    /** Whether this node decides: to be said before anything else of the same turn. */
    public void leads(boolean now) {
        leads = now;
    }

    /** A record has become durable and is in force. */
    public List<DeskEffect> recorded(LogEntry entry, long nowNanos) {
        if (learn(entry)) {
            GroupId group = entry.record().group();
            for (Client client : clients.values()) {
                if (client.toldCurrent) {
                    tell(client, entry);
                }
            }
            lookAgain(nowNanos, group);
        }
        return drain();
    }

    /** The store answers a command. Each is answered once. */
    public List<DeskEffect> answered(long ticket, StoreAnswer answer, long nowNanos) {
        switch (tickets.remove(ticket)) {
            case null -> throw new IllegalArgumentException("nobody has ticket " + ticket);
            case Ticket.Decision decision -> decided(decision, answer);
            case Ticket.Read read -> read(read, answer);
            case Ticket.AtStart atStart -> readAtStart(atStart.client(), answer, nowNanos);
        }
        return drain();
    }

    private void decided(Ticket.Decision decision, StoreAnswer stored) {
        Client client = decision.client();
        long id = decision.questionId();
        switch (stored) {
            case StoreAnswer.Decided(Answer.Granted made) -> {
                granted++;
                answer(client, new Message.Granted(id, made.record()));
            }
            case StoreAnswer.Decided(Answer.Refused not) -> {
                refused++;
                if (not.current().term() != decision.expectedTerm()) {
                    refusedTerm++;
                }
                answer(client, new Message.Refused(id, not.current(), not.reason()));
            }
            case StoreAnswer.NotHere elsewhere -> {
                redirected++;
                answer(client, new Message.Elsewhere(id, elsewhere.leader()));
            }
            case StoreAnswer.Unknown(String reason) -> undecided(client, reason);
            case StoreAnswer.Read read -> undecided(client, "it has read where it had to decide");
        }
    }

    private void read(Ticket.Read ticket, StoreAnswer stored) {
        Client client = ticket.client();
        long id = ticket.questionId();
        switch (stored) {
            case StoreAnswer.Read(List<LogEntry> entries) ->
                answer(
                        client,
                        entries.stream()
                                .map(LogEntry::record)
                                .filter(record -> record.group().equals(ticket.group()))
                                .findFirst()
                                .<Message.Reply>map(record -> new Message.Current(id, record))
                                .orElseGet(() -> new Message.Elsewhere(id, "")));
            case StoreAnswer.NotHere(String leader) -> {
                redirected++;
                answer(client, new Message.Elsewhere(id, leader));
            }
            case StoreAnswer.Unknown(String reason) -> undecided(client, reason);
            case StoreAnswer.Decided decided -> undecided(client, "it has decided where it had to read");
        }
    }

    private void readAtStart(Client client, StoreAnswer stored, long nowNanos) {
        if (client.closing) {
            return;
        }
        if (stored instanceof StoreAnswer.Read(List<LogEntry> entries)) {
            entries.forEach(this::learn);
            client.toldCurrent = true;
            // Not what was read: a change may have passed by since.
            inForce.values().stream()
                    .sorted(Comparator.comparingLong(entry -> entry.record().term()))
                    .forEach(entry -> tell(client, entry));
        } else {
            client.readAgainNanos = OptionalLong.of(nowNanos + READ_AGAIN_NANOS);
        }
    }

    /** Whether the change was made is not known, so nothing can be said. */
    private void undecided(Client client, String reason) {
        close(client, "the witness cannot decide: " + reason);
    }

    private void submit(Waiting entry) {
        submit(entry.client(), entry.questionId(), entry.change().expectedTerm(), entry.change());
    }

    private void submit(Client client, long questionId, long expectedTerm, Request request) {
        long ticket = ticket(new Ticket.Decision(client, questionId, expectedTerm));
        effects.add(new DeskEffect.Submit(ticket, request, new RequestId(client.id, questionId)));
    }

    private long ticket(Ticket ticket) {
        tickets.put(++lastTicket, ticket);
        return lastTicket;
    }

    private boolean learn(LogEntry entry) {
        LogEntry known = inForce.get(entry.record().group());
        boolean newer = known == null || known.record().term() < entry.record().term();
        if (newer) {
            inForce.put(entry.record().group(), entry);
        }
        return newer;
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    /** Looks again at what was to wait until now. */
    public List<DeskEffect> tick(long nowNanos) {
        lookAgain(nowNanos, null);
        for (Client client : clients.values()) {
            if (client.readAgainNanos.isPresent() && nowNanos >= client.readAgainNanos.getAsLong()) {
                readCurrent(client);
            }
        }
        return drain();
    }

    /** When {@link #tick} is to be called next; empty if nothing waits. */
    public OptionalLong wakeNanos() {
        OptionalLong next = waiting.stream().mapToLong(Waiting::lookNanos).min();
        for (Client client : clients.values()) {
            if (client.readAgainNanos.isPresent()) {
                long at = client.readAgainNanos.getAsLong();
                next = OptionalLong.of(next.isPresent() ? Math.min(next.getAsLong(), at) : at);
            }
        }
        return next;
    }

    /** Looks at what waits for a group, whose record has changed, or (null) at what is due. */
    private void lookAgain(long nowNanos, GroupId changed) {
        for (int i = 0; i < waiting.size(); ) {
            Waiting entry = waiting.get(i);
            boolean due = changed == null
                    ? nowNanos >= entry.lookNanos()
                    : entry.change().group().equals(changed);
            long waitNanos = due ? waitNanos(entry, nowNanos) : 1;
            if (waitNanos <= 0) {
                waiting.remove(i);
                submit(entry);
            } else {
                if (due) {
                    waiting.set(i, entry.until(nowNanos + waitNanos));
                }
                i++;
            }
        }
    }

    private long waitNanos(Waiting entry, long nowNanos) {
        LogEntry current = inForce.get(entry.change().group());
        if (!leads || current == null) {
            // Another node decides when.
            return 0;
        }
        long heard = heardNanos.getOrDefault(current.record().owner(), startNanos);
        return policy.waitNanos(
                entry.change(), current.record(), entry.arrivedNanos(), OptionalLong.of(heard), nowNanos);
    }

    // ---- what can be looked at ----------------------------------------------------------------------------------

    /** Whether a client may see a record. */
    public boolean maySee(Connection connection, LogEntry entry) {
        return access.objectionTo(connection.certified(), entry.record().group())
                .isEmpty();
    }

    /** The most questions that a client may have open. */
    public int maxOpenQuestions() {
        return maxOpenQuestions;
    }

    /** How long ago each site was heard, in milliseconds; a site never heard is missing. */
    public Map<SiteId, Long> heardMs(long nowNanos) {
        Map<SiteId, Long> ages = new TreeMap<>();
        heardNanos.forEach((site, heard) -> ages.put(site, TimeUnit.NANOSECONDS.toMillis(nowNanos - heard)));
        return ages;
    }

    /** What was done so far. */
    public DeskCounts counts() {
        int welcome = (int) clients.values().stream()
                .filter(client -> client.welcomed && !client.closing)
                .count();
        return new DeskCounts(welcome, rejected, granted, refused, refusedTerm, notServed, redirected, delayed);
    }

    // ---- effects ------------------------------------------------------------------------------------------------

    private void tell(Client client, LogEntry entry) {
        if (!client.closing && maySee(client.connection, entry)) {
            effects.add(new DeskEffect.Tell(client.connection, entry));
        }
    }

    private void answer(Client client, Message.Reply reply) {
        client.openQuestions--;
        send(client, reply);
    }

    private void send(Client client, Message.FromWitness message) {
        if (!client.closing) {
            effects.add(new DeskEffect.Send(client.connection, message));
        }
    }

    private void reject(Client client, String reason) {
        if (!client.closing) {
            rejected++;
        }
        close(client, reason);
    }

    private void close(Client client, String reason) {
        if (!client.closing) {
            client.closing = true;
            client.readAgainNanos = OptionalLong.empty();
            LOG.warn("{} {} closed: {}", client.connection.certified(), client.connection.from(), reason);
            effects.add(new DeskEffect.Close(client.connection, reason));
        }
    }

    private List<DeskEffect> drain() {
        List<DeskEffect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
