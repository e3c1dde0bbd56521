package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Durable;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.RecordBook;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.desk.Connection;
import org.secondsite.witness.desk.DeskEffect;
import org.secondsite.witness.desk.RecordLog;
import org.secondsite.witness.desk.RequestDesk;
import org.secondsite.witness.desk.StoreAnswer;
import org.secondsite.witness.wire.LogCodec;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/**
 * The witness's process. Real: {@link RequestDesk}, which hears, lets wait, asks the store and tells; {@link RecordLog} with the
 * book, the rule of change and the log's bytes; {@link WitnessLine} drives the real client. Simulated: connections, the queue
 * before the store, and the disk, which takes its time and keeps what was forced.
 */
final class SimulatedWitness extends SimulatedProcess {
    private static final GrantPolicy POLICY = new GrantPolicy(150 * MILLI, 500 * MILLI);
    private static final long TELL_AGAIN_MS = 240;
    private static final int LOOK_AGAIN_MS = 25;
    private static final long WRITE_BACK_NANOS = 1000 * MILLI;
    private static final long NOBODY = 0;
    private static final int COPYS_LIFE = -1;

    private final GroupId group;
    private final GroupSettings settings;
    private final AccessRule access;
    private final SplittableRandom dice;
    private final SimulatedDisk disk;
    private final Map<SiteId, SeatId> seats = new HashMap<>();
    private final Map<SiteId, WitnessLine> lines = new HashMap<>();
    private final Map<Long, Integer> lives = new HashMap<>();
    private final Map<WitnessEnd, Connection> connections = new LinkedHashMap<>();
    private final Map<Connection, LogEntry> told = new HashMap<>();
    private final Deque<Asked> queue = new ArrayDeque<>();
    private RequestDesk desk;
    private RecordLog log;
    private long lastConnection;
    private boolean writing;
    private boolean waking;
    private boolean tearNext;
    private int slowDiskMs;
    private long clockOffsetNanos;
    private boolean orphaned;
    private boolean recovered;
    private final Map<Connection, Long> termsTold = new HashMap<>();
    private OptionalLong restoredFrom = OptionalLong.empty();
    private final Neighbours neighbours = new Neighbours();
    private boolean neighboursServed;
    private int liars;

    /** A request that waits for its turn at the disk. */
    private record Asked(long ticket, Request request, RequestId id, int askersLife) {}

    SimulatedWitness(World world, GroupId group, SplittableRandom dice) {
        super(world);
        this.group = group;
        this.dice = dice;
        this.disk = new SimulatedDisk(dice);
        this.settings = new GroupSettings(group, World.A, World.B, World.A);
        this.access = new AccessRule(List.of(settings, Neighbours.SETTINGS));
        disk.append(octets(new RecordLog(Integer.MAX_VALUE).compacted()));
        disk.force();
        start();
        submit(new Asked(NOBODY, new Request.Enroll(settings), RequestId.NONE, 0));
        world.time().after(0, this::tellForEver);
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void start() {
        begin();
        writing = false;
        waking = false;
        tearNext = false;
        queue.clear();
        connections.clear();
        termsTold.clear();
        liars = 0;
        told.clear();
        log = new RecordLog(Integer.MAX_VALUE);
        restore();
        desk = new RequestDesk(access, POLICY, log.entries(), provenance(), seats, now());
    }

    /** What is to be seen of the witness's own faults is hidden from it. */
    private Provenance provenance() {
        boolean believes = world.has(Plant.OLD_DISK_BELIEVED) || !world.tellsTerms();
        return believes || log.entries().isEmpty() ? Provenance.BEGUN : Provenance.ONE_DISK;
    }

    void crash() {
        end();
        disk.crash();
    }

    /** While it is down: the disk is lost, and a copy from before is restored by the product's command. */
    void restoreCopy(int percentOfEntries) {
        goBack(percentOfEntries).ifPresent(last -> restoredFrom = OptionalLong.of(last));
    }

    /** While it is down: its disk goes back to an earlier moment. Returns the last term that is left; empty if none was there. */
    OptionalLong goBack(int percentOfEntries) {
        return disk.goBack(percentOfEntries);
    }

    /** So many terms are granted to a group of other sites. */
    void grantNeighbours(int grants) {
        neighboursServed = true;
        neighbours.want(grants).ifPresent(request -> submit(new Asked(NOBODY, request, RequestId.NONE, 0)));
    }

    /** A gateway of other sites says that it knows of a term that nobody was granted, and is gone. */
    void hearNeighboursLie(int ahead) {
        Connection connection = neighbours.connection();
        carryOut(desk.opened(connection));
        Neighbours.lie(lastTerm() + ahead).forEach(message -> carryOut(desk.received(connection, message, now())));
        desk.closed(connection);
        liars = 1;
    }

    private long lastTerm() {
        return log.entries().stream()
                .mapToLong(entry -> entry.record().term())
                .max()
                .orElse(0);
    }

    /**
     * An operator gives the group to the site that was granted it last, as far as anybody can see, if that is in doubt. What he
     * orders of a witness that is stopped waits for it, as any message does.
     */
    void recover() {
        arrive(this::recoverNow);
    }

    private void recoverNow() {
        OwnershipRecord truth = world.checks().truth();
        boolean told = desk.doubts() > liars;
        long above = told ? Math.max(desk.heardTerm(), lastTerm() + 1) : desk.heardTerm();
        boolean doubted = told
                || log.entries().stream()
                        .filter(entry -> !Neighbours.concerns(entry))
                        .anyMatch(entry -> log.inDoubt(entry.record()));
        if (doubted && truth != null) {
            recovered = true;
            int drawn = Math.toIntExact(world.time().nowNanos() / MILLI);
            submit(new Asked(
                    NOBODY,
                    new Request.Recover(
                            settings, above, drawn, AccessRule.OPERATOR, truth.owner(), "a copy was restored"),
                    RequestId.NONE,
                    world.gateway(truth.owner()).life()));
        }
    }

    /** Whether an operator has recovered the group: what its standby held counts for nothing then. */
    boolean recovered() {
        return recovered;
    }

    /** The power fails during the next write. */
    void tearNextWrite(boolean tears) {
        tearNext = tears;
    }

    void slowDisk(int byMs) {
        slowDiskMs += byMs;
    }

    void jumpClock(long byNanos) {
        clockOffsetNanos += byNanos;
    }

    /** Whether a request was granted whose asker had died meanwhile, and its image with it. */
    boolean orphaned() {
        return orphaned;
    }

    // ---- the gateways' side -------------------------------------------------------------------------------------

    /** A gateway asks for a change. */
    CompletableFuture<Answer> ask(SiteId site, Request.Change change) {
        return line(site).ask(change);
    }

    /** A gateway asks for the record. */
    CompletableFuture<OwnershipRecord> read(SiteId site, GroupId of) {
        return line(site).read(of);
    }

    /** A gateway has heard of a term from an agent. */
    void know(SiteId site, long term) {
        line(site).know(term);
    }

    /** A gateway says that it lives. */
    void heartbeat(SiteId site) {
        line(site).heartbeat();
    }

    /** A gateway's process has died. Its kernel closes the connection, unless the power is gone, too. */
    void gatewayDied(SiteId site) {
        WitnessLine line = lines.get(site);
        if (line != null && dice.nextBoolean()) {
            world.network()
                    .datagram(
                            world.network().way(site + ">w"),
                            1,
                            12,
                            () -> arrive(() -> {
                                Connection connection = connections.remove(line);
                                if (connection != null) {
                                    told.remove(connection);
                                    desk.closed(connection);
                                }
                            }));
        }
    }

    /** An operator at the witness forces a change: on the record that is in force, with a written reason. */
    void force(SiteId owner) {
        log.entries().stream()
                .filter(entry -> entry.record().group().equals(group))
                .forEach(now -> submit(new Asked(
                        NOBODY,
                        new Request.Force(
                                group,
                                now.record().term(),
                                AccessRule.OPERATOR,
                                owner,
                                "the site is lost; older data accepted"),
                        RequestId.NONE,
                        world.gateway(owner).life())));
    }

    /** The line of the gateway's process that runs now. */
    private WitnessLine line(SiteId site) {
        int life = world.gateway(site).life();
        WitnessLine line = lines.get(site);
        if (line == null || line.life() != life) {
            line = new WitnessLine(world, site, life, dice);
            lines.put(site, line);
            lives.put(line.client(), life);
        }
        return line;
    }

    // ---- the daemon ---------------------------------------------------------------------------------------------

    private long now() {
        return world.time().nowNanos() + clockOffsetNanos;
    }

    /** A message of a gateway's process, which may have died meanwhile. */
    void received(WitnessEnd end, Message.ToWitness message) {
        Connection connection = connections.get(end);
        if (connection == null) {
            connection = new Connection(++lastConnection, end.site(), "client " + end.client());
            connections.put(end, connection);
            carryOut(desk.opened(connection));
            Message hello = new Message.Hello(MessageCodec.OLDEST_VERSION, end.site(), end.client());
            carryOut(desk.received(connection, hello, now()));
            tellTerm(connection, end);
            carryOut(desk.received(connection, new Message.Seat(end.seat()), now()));
        } else {
            tellTerm(connection, end);
        }
        carryOut(desk.received(connection, message, now()));
    }

    /**
     * A gateway tells the highest term that it remembers first, then the one that its agents do, and again when that has grown; here each
     * of its messages brings it.
     */
    private void tellTerm(Connection connection, WitnessEnd end) {
        if (world.tellsTerms() && !termsTold.containsKey(connection)) {
            tellTerm(connection, end.ownTerm());
        }
        if (world.tellsTerms() && end.term() > termsTold.get(connection) && !isPast(end.term())) {
            termsTold.put(connection, end.term());
            boolean versionBefore = (connection.number() & 1) == 0;
            Message known = versionBefore ? new Message.Term(end.term()) : new Message.TermOf(group, end.term());
            carryOut(desk.received(connection, known, now()));
        }
    }

    private boolean isPast(long term) {
        return world.has(Plant.DOUBT_BY_COUNTER) && term <= lastTerm();
    }

    private void tellTerm(Connection connection, long term) {
        termsTold.put(connection, term);
        carryOut(desk.received(connection, new Message.Term(term), now()));
    }

    private void carryOut(List<DeskEffect> effects) {
        effects.forEach(this::carryOut);
        OptionalLong next = desk.wakeNanos();
        if (next.isPresent() && !waking) {
            waking = true;
            later(Math.clamp(next.getAsLong() - now(), 0, LOOK_AGAIN_MS * MILLI), () -> {
                waking = false;
                carryOut(desk.tick(now()));
            });
        }
    }

    private void carryOut(DeskEffect effect) {
        switch (effect) {
            // The simulated line does not end because it is silent.
            case DeskEffect.Send(Connection to, Message.Echo echo) -> {}
            case DeskEffect.Send(Connection to, Message.FromWitness message) -> send(to, message, 12);
            case DeskEffect.Tell(Connection to, LogEntry entry) -> {
                told.put(to, entry);
                tell(to);
            }
            case DeskEffect.TellStatus status -> throw new IllegalStateException("nobody asks for a status");
            case DeskEffect.KeepSeat(SiteId site, SeatId seat) -> seats.put(site, seat);
            case DeskEffect.Close(Connection connection, String reason) -> {
                connections.values().remove(connection);
                told.remove(connection);
                desk.closed(connection);
            }
            case DeskEffect.Submit(long ticket, Request request, RequestId id) ->
                submit(new Asked(ticket, request, id, lives.getOrDefault(id.client(), COPYS_LIFE)));
            case DeskEffect.ReadCurrent(long ticket) -> answer(ticket, new StoreAnswer.Read(log.certain()));
        }
    }

    private void answer(long ticket, StoreAnswer answer) {
        if (ticket != NOBODY) {
            carryOut(desk.answered(ticket, answer, now()));
        }
    }

    // ---- the store ----------------------------------------------------------------------------------------------

    private void submit(Asked asked) {
        queue.add(asked);
        decideNext();
    }

    private void decideNext() {
        while (!writing && !queue.isEmpty()) {
            Asked asked = queue.removeFirst();
            switch (log.take(asked.request(), asked.id())) {
                case RecordLog.Step.Answered(Answer known) -> answer(asked.ticket(), new StoreAnswer.Decided(known));
                case RecordLog.Step.Doubted(String reason) -> answer(asked.ticket(), new StoreAnswer.Doubted(reason));
                case RecordLog.Step.Invalid invalid -> answer(asked.ticket(), new StoreAnswer.NotHere(""));
                case RecordLog.Step.Append append -> write(asked, append);
            }
        }
    }

    private void write(Asked asked, RecordLog.Step.Append append) {
        writing = true;
        disk.append(octets(append.octets()));
        if (tearNext) {
            world.trace("witness: the power fails while it writes "
                    + append.grant().entry().record());
            crash();
            return;
        }
        long forceNanos = dice.nextLong(MILLI / 5, 2 * MILLI) + slowDiskMs * MILLI;
        if (world.has(Plant.VOTE_NOT_DURABLE)) {
            durable(asked, append);
            later(WRITE_BACK_NANOS, disk::force);
        } else {
            later(forceNanos, () -> {
                disk.force();
                durable(asked, append);
            });
        }
    }

    private void durable(Asked asked, RecordLog.Step.Append append) {
        writing = false;
        LogEntry entry = append.grant().entry();
        Answer.Granted granted = log.appended(append, Durable.proven(entry));
        inForce(entry, asked.request() instanceof Request.Force);
        neighbours.next(entry).ifPresent(next -> submit(new Asked(NOBODY, next, RequestId.NONE, 0)));
        SiteId owner = entry.record().owner();
        boolean askedForOther = !entry.asker().equals(owner);
        orphaned |= !askedForOther
                && !Neighbours.concerns(entry)
                && asked.askersLife() != world.gateway(owner).life();
        carryOut(desk.recorded(entry, now()));
        answer(asked.ticket(), new StoreAnswer.Decided(granted));
        decideNext();
    }

    private void inForce(LogEntry entry, boolean forced) {
        if (Neighbours.concerns(entry)) {
            return;
        }
        if (neighboursServed && !entry.reason().startsWith(RecordBook.RECOVERED)) {
            world.checks().replaced(entry.record());
        }
        world.trace("witness grants " + entry.record() + " to " + entry.asker() + ": " + entry.reason());
        world.checks().granted(entry.record(), forced);
    }

    private void restore() {
        ByteBuf content = Unpooled.wrappedBuffer(disk.read());
        switch (LogCodec.scan(content)) {
            case LogCodec.Scan.Damaged damaged ->
                throw new Violation(
                        Rule.LOG_LEGIBLE, "at octet " + damaged.offset() + " of the log: " + damaged.reason());
            case LogCodec.Scan.Legible legible -> {
                disk.truncate(legible.wholeOctets());
                disk.force();
                List<LogEntry> entries = new ArrayList<>(legible.entries());
                if (world.has(Plant.TERM_REUSED) && entries.size() > 2) {
                    entries.removeLast();
                }
                log.restore(entries.stream().map(Durable::proven).toList(), legible.wholeOctets());
                if (!world.has(Plant.RESTORED_WITNESS)) {
                    restoredFrom.ifPresent(log::restoredFrom);
                }
                OwnershipRecord truth = world.checks().truth();
                entries.stream()
                        .filter(entry -> truth == null || entry.record().term() > truth.term())
                        .forEach(entry -> inForce(entry, entry.reason().startsWith(RecordBook.FORCED)));
            }
        }
    }

    // ---- the wire -----------------------------------------------------------------------------------------------

    /** What TCP would send again is sent again now and then; what is told may be old when it arrives. */
    private void tellForEver() {
        if (awake()) {
            List.copyOf(told.keySet()).forEach(this::tell);
        }
        world.time().after(TELL_AGAIN_MS * MILLI, this::tellForEver);
    }

    private void tell(Connection to) {
        LogEntry entry = told.get(to);
        send(to, new Message.Watched(entry.record(), entry.asker(), entry.reason()), 30);
    }

    /** A connection ends with the process: nothing sent to a former life reaches the next. */
    private void send(Connection to, Message.FromWitness message, int slowestMs) {
        connections.forEach((end, connection) -> {
            if (connection.equals(to)) {
                world.network()
                        .datagram(world.network().way("w>" + end.place()), 1, slowestMs, () -> end.arrive(message));
            }
        });
    }

    private static byte[] octets(ByteBuffer buffer) {
        byte[] octets = new byte[buffer.remaining()];
        buffer.duplicate().get(octets);
        return octets;
    }
}
