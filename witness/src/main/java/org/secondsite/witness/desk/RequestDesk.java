package org.secondsite.witness.desk;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
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
 * <p><b>What waits.</b> A standby's request waits in the {@link WaitingRoom} while the owner is heard. It is dropped with its
 * connection: a standby that died after asking must not be made owner.
 *
 * <p><b>What is doubted.</b> A witness that has lost grants decides nothing of the groups that may be meant ({@link CounterDoubt}), one that may have lost them waits for
 * somebody who would know ({@link FirstCalls}), and a second live gateway with the same certificate is refused ({@link Incarnations}).
 *
 * <p>Open questions are bounded for each client; connections are bounded by the edge. Times are of one monotonic clock that the caller passes in. One owner; not thread-safe.
 */
public final class RequestDesk {
    private static final Logger LOG = LoggerFactory.getLogger(RequestDesk.class);

    /** Open questions beside one of each group: a client that asks faster than it is answered is broken. */
    private static final int SPARE_QUESTIONS = 256;

    private AccessRule access;
    private final Clientele clientele;
    private final WaitingRoom waitingRoom;
    private final Incarnations incarnations;
    private final FirstCalls calls;
    private final CounterDoubt doubt;
    private final LostGrants lost;
    private final InForce inForce = new InForce();
    private final Telling telling;
    private final Map<Long, Ticket> tickets = new HashMap<>();
    private final DeskTally tally = new DeskTally();
    private boolean leads;
    private long lastTicket;

    /**
     * A desk without clients.
     *
     * @param entries what the store remembers, all of it durable
     * @param start whether that is known to be all that was ever granted
     * @param seats of the sites' gateways, as {@link DeskEffect.KeepSeat} has had them remembered
     * @param nowNanos the time now
     */
    public RequestDesk(
            AccessRule access,
            GrantPolicy policy,
            List<LogEntry> entries,
            Provenance start,
            Map<SiteId, SeatId> seats,
            long nowNanos) {
        this.calls = new FirstCalls(start);
        this.doubt = new CounterDoubt(calls);
        this.waitingRoom = new WaitingRoom(policy, nowNanos);
        this.incarnations = new Incarnations(entries, seats, nowNanos);
        this.clientele = new Clientele(access, incarnations, inForce);
        this.telling = new Telling(clientele, inForce, doubt, calls);
        this.lost = new LostGrants(clientele, doubt, calls, tally, this::ticket);
        this.access = access;
        entries.forEach(this::learn);
        doubt.started();
    }

    /** Serves other groups by another policy from now on: clients are told the records that they may see, and nothing of others. */
    public List<DeskEffect> alter(AccessRule groups, GrantPolicy policy) {
        access = groups;
        clientele.serve(groups);
        waitingRoom.keepTo(policy);
        clientele.welcomed().forEach(this::readCurrent);
        return clientele.drain();
    }

    // ---- clients ------------------------------------------------------------------------------------------------

    /** A client has proven its name. */
    public List<DeskEffect> opened(Connection connection) {
        clientele.opened(connection);
        return clientele.drain();
    }

    /** A message has arrived. */
    public List<DeskEffect> received(Connection connection, Message message, long nowNanos) {
        DeskClient client = clientele.of(connection);
        if (client != null && !client.closing) {
            take(client, message, nowNanos);
        }
        return clientele.drain();
    }

    /** What arrived is no message. */
    public List<DeskEffect> malformed(Connection connection, String reason) {
        DeskClient client = clientele.of(connection);
        if (client != null) {
            clientele.reject(client, reason);
        }
        return clientele.drain();
    }

    /** The connection is gone, and what waits for it is dropped. */
    public void closed(Connection connection) {
        DeskClient client = clientele.of(connection);
        if (client != null) {
            clientele.closed(client);
            waitingRoom.forget(client);
        }
    }

    private void take(DeskClient client, Message message, long nowNanos) {
        switch (message) {
            case Message.Hello hello when clientele.greeted(client, hello, nowNanos) -> admitted(client);
            case Message.Hello waitsOrIsRefused -> {}
            case Message.Seat(SeatId seat) when clientele.seated(client, seat, nowNanos) -> admitted(client);
            case Message.Seat refused -> {}
            case Message.ToWitness other
            when !client.welcomed && !(client.greeted && other instanceof Message.Known) ->
                clientele.reject(client, "the first message must be a hello" + (client.greeted ? ", then a seat" : ""));
            case Message.Term(long term) -> termTold(client, term);
            case Message.TermOf(GroupId group, long term) -> lost.toldOf(client, access, group, term);
            case Message.Heartbeat heartbeat -> heartbeat(client, heartbeat, nowNanos);
            case Message.Question question -> question(client, question, nowNanos);
            case Message.Status status ->
                clientele.add(new DeskEffect.TellStatus(client.connection, status.requestId()));
            case Message.FromWitness other -> clientele.reject(client, "that message is the witness's to send");
        }
    }

    private void admitted(DeskClient client) {
        called(client);
        doubt.served(client.certified());
        readCurrent(client);
    }

    /** Once it is served and has told its term. An operator vouches for nothing. */
    private void called(DeskClient client) {
        if (client.welcomed && client.ownTerm >= 0 && !client.isOperator()) {
            calls.called(client.certified(), client.ownTerm);
        }
    }

    private void heard(DeskClient client, long nowNanos) {
        waitingRoom.heard(client.certified(), nowNanos);
        incarnations.heard(client.certified(), nowNanos);
    }

    /**
     * What is in force now. A gateway that has just started acts on it, so it must not be what a node believes that was left
     * behind (planted fault TOLD_STALE_AT_START of the model); what follows is newer than that.
     */
    private void readCurrent(DeskClient client) {
        client.readAgainNanos = OptionalLong.empty();
        clientele.add(new DeskEffect.ReadCurrent(ticket(new Ticket.AtStart(client))));
    }

    private void heartbeat(DeskClient client, Message.Heartbeat heartbeat, long nowNanos) {
        SiteId certified = client.certified();
        if (!heartbeat.site().equals(certified)) {
            clientele.reject(
                    client, "a heartbeat of '" + heartbeat.site() + "' on the connection of '" + certified + "'");
            return;
        }
        heard(client, nowNanos);
        clientele.send(client, new Message.Echo());
        if (leads) {
            lost.readAgain(client);
        }
    }

    private void question(DeskClient client, Message.Question question, long nowNanos) {
        if (++client.openQuestions > maxOpenQuestions()) {
            clientele.reject(client, "more than " + maxOpenQuestions() + " open questions");
            return;
        }
        Optional<String> objection = Asked.objection(access, client.certified(), question);
        if (objection.isPresent()) {
            LOG.warn("{}: {}", client.certified(), objection.get());
            tally.notServed++;
            clientele.answer(client, new Message.NotServed(question.requestId(), objection.get()));
            return;
        }
        if (leads
                && lost.keepsFrom(
                        client, question, access.settings(question.group()).orElseThrow())) {
            return;
        }
        switch (question) {
            case Message.Ask ask -> ask(client, ask, nowNanos);
            case Message.Force force ->
                submit(client, force.requestId(), force.expectedTerm(), Asked.force(force, client.certified()));
            case Message.Recover recover -> recover(client, recover);
            case Message.Read read ->
                clientele.add(
                        new DeskEffect.ReadCurrent(ticket(new Ticket.Read(client, read.requestId(), read.group()))));
        }
    }

    private void ask(DeskClient client, Message.Ask ask, long nowNanos) {
        SiteId certified = client.certified();
        // Who asks lives, whatever became of its heartbeats.
        heard(client, nowNanos);
        Request.Change change = Asked.change(ask, certified);
        if (waitingRoom.admit(client, ask.requestId(), change, decidedHere(ask.group()), nowNanos)) {
            tally.delayed++;
            LOG.info("the owner is still heard: the request of {} for {} waits", certified, ask.group());
        } else {
            submit(client, ask.requestId(), ask.expectedTerm(), change);
        }
    }

    private void recover(DeskClient client, Message.Recover recover) {
        GroupSettings settings = access.settings(recover.group()).orElseThrow();
        if (!settings.sites().contains(recover.owner())
                || recover.reason().isBlank()
                || doubt.isAbsurd(recover.above(), recover.drawn())) {
            String words = "a recovery names a site of the group, a term that can be, and a written reason";
            clientele.answer(client, new Message.NotServed(recover.requestId(), words));
            return;
        }
        boolean sure = calls.vouchFor(settings.sites()) && !doubt.isBehind(recover.group(), settings.sites());
        long granted = sure ? doubt.heardTerm() : doubt.unknown();
        long above = Math.max(recover.above(), granted);
        submit(
                client,
                recover.requestId(),
                Ticket.Decision.ANY_TERM,
                new Request.Recover(
                        settings, above, recover.drawn(), client.certified(), recover.owner(), recover.reason()));
    }

    // ---- grants that were lost ----------------------------------------------------------------------------------

    private void termTold(DeskClient client, long term) {
        if (lost.told(client, term)) {
            called(client);
        }
    }

    private void doubted(Ticket.Doubted doubted, StoreAnswer stored) {
        if (stored instanceof StoreAnswer.Read(List<LogEntry> entries)) {
            entries.forEach(this::learn);
            lost.read(doubted);
        } else {
            lost.unread(doubted);
        }
    }

    /** The highest term that a client has told of; 0 if none. */
    public long heardTerm() {
        return doubt.heardTerm();
    }

    /** Of how many sites and groups a term was heard that was not granted here. */
    public long doubts() {
        return doubt.doubts();
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
            if (entry.asker().equals(AccessRule.OPERATOR)) {
                clientele.forced(entry.record().owner(), nowNanos);
            }
            telling.recorded(entry);
            lookAgain(nowNanos, group);
        }
        return clientele.drain();
    }

    /** The store answers a command. Each is answered once. */
    public List<DeskEffect> answered(long ticket, StoreAnswer answer, long nowNanos) {
        switch (tickets.remove(ticket)) {
            case null -> throw new IllegalArgumentException("nobody has ticket " + ticket);
            case Ticket.Decision decision -> decided(decision, answer);
            case Ticket.Read read -> read(read, answer);
            case Ticket.AtStart atStart -> readAtStart(atStart.client(), answer, nowNanos);
            case Ticket.Doubted doubted -> doubted(doubted, answer);
        }
        return clientele.drain();
    }

    private void decided(Ticket.Decision decision, StoreAnswer stored) {
        DeskClient client = decision.client();
        long id = decision.questionId();
        switch (stored) {
            case StoreAnswer.Decided(Answer.Granted made) -> {
                tally.granted++;
                clientele.answer(client, new Message.Granted(id, made.record()));
            }
            case StoreAnswer.Decided(Answer.Refused not) -> {
                tally.refused++;
                if (not.current().term() != decision.expectedTerm()) {
                    tally.refusedTerm++;
                }
                clientele.answer(client, new Message.Refused(id, not.current(), not.reason()));
            }
            case StoreAnswer.NotHere elsewhere -> {
                tally.redirected++;
                clientele.answer(client, new Message.Elsewhere(id, elsewhere.leader()));
            }
            case StoreAnswer.Doubted(String reason) -> {
                tally.notServed++;
                clientele.answer(client, new Message.NotServed(id, reason));
            }
            case StoreAnswer.Unknown(String reason) -> undecided(client, reason);
            case StoreAnswer.Read read -> undecided(client, "it has read where it had to decide");
        }
    }

    private void read(Ticket.Read ticket, StoreAnswer stored) {
        DeskClient client = ticket.client();
        long id = ticket.questionId();
        switch (stored) {
            case StoreAnswer.Read(List<LogEntry> entries) ->
                clientele.answer(
                        client,
                        entries.stream()
                                .filter(entry -> entry.record().group().equals(ticket.group()))
                                .findFirst()
                                .filter(entry -> telling.isEvidence(client, entry))
                                .<Message.Reply>map(entry -> new Message.Current(id, entry.record()))
                                .orElseGet(() -> ticket.unread(inForce.record(ticket.group()) != null)));
            case StoreAnswer.NotHere(String leader) -> {
                tally.redirected++;
                clientele.answer(client, new Message.Elsewhere(id, leader));
            }
            case StoreAnswer.Unknown(String reason) -> undecided(client, reason);
            case StoreAnswer.Doubted(String reason) -> undecided(client, reason);
            case StoreAnswer.Decided decided -> undecided(client, "it has decided where it had to read");
        }
    }

    private void readAtStart(DeskClient client, StoreAnswer stored, long nowNanos) {
        if (client.closing) {
            return;
        }
        if (stored instanceof StoreAnswer.Read(List<LogEntry> entries)) {
            entries.forEach(this::learn);
            telling.current(client, entries, nowNanos);
        } else {
            Telling.readAgain(client, nowNanos);
        }
    }

    /** Whether the change was made is not known, so nothing can be said. */
    private void undecided(DeskClient client, String reason) {
        clientele.close(client, "the witness cannot decide: " + reason);
    }

    private void submit(DeskClient client, long questionId, long expectedTerm, Request request) {
        long ticket = ticket(new Ticket.Decision(client, questionId, expectedTerm));
        clientele.add(new DeskEffect.Submit(ticket, request, new RequestId(client.id, questionId)));
    }

    private long ticket(Ticket ticket) {
        tickets.put(++lastTicket, ticket);
        return lastTicket;
    }

    private boolean learn(LogEntry entry) {
        boolean newer = inForce.learn(entry);
        doubt.granted(entry);
        return newer;
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    /** Looks again at what was to wait until now. */
    public List<DeskEffect> tick(long nowNanos) {
        lookAgain(nowNanos, null);
        for (DeskClient client : clientele.all()) {
            if (client.readAgainNanos.isPresent() && nowNanos >= client.readAgainNanos.getAsLong()) {
                readCurrent(client);
            }
        }
        return clientele.drain();
    }

    /** When {@link #tick} is to be called next; empty if nothing waits. */
    public OptionalLong wakeNanos() {
        OptionalLong next = waitingRoom.lookNanos();
        for (DeskClient client : clientele.all()) {
            if (client.readAgainNanos.isPresent()) {
                long at = client.readAgainNanos.getAsLong();
                next = OptionalLong.of(next.isPresent() ? Math.min(next.getAsLong(), at) : at);
            }
        }
        return next;
    }

    /** Looks at what waits for a group, whose record has changed, or (null) at what is due. */
    private void lookAgain(long nowNanos, GroupId changed) {
        for (WaitingRoom.Waiting entry : waitingRoom.released(changed, this::decidedHere, nowNanos)) {
            submit(entry.client(), entry.questionId(), entry.change().expectedTerm(), entry.change());
        }
    }

    /** The record of a group; null if another node decides when, or there is none. */
    private OwnershipRecord decidedHere(GroupId group) {
        return leads ? inForce.record(group) : null;
    }

    // ---- what can be looked at ----------------------------------------------------------------------------------

    /** Whether a client may see a record. */
    public boolean maySee(Connection connection, LogEntry entry) {
        return clientele.maySee(connection, entry);
    }

    /** The most questions that a client may have open. */
    public int maxOpenQuestions() {
        return access.groups() + SPARE_QUESTIONS;
    }

    /** How long ago each site was heard, in milliseconds; a site never heard is missing. */
    public Map<SiteId, Long> heardMs(long nowNanos) {
        return waitingRoom.heardMs(nowNanos);
    }

    /** By site: the highest term that its gateway has said it knows of. */
    public Map<SiteId, Long> toldBack() {
        return lost.toldBack();
    }

    /** What was done so far. */
    public DeskCounts counts() {
        return tally.with(clientele);
    }
}
