package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Decision;
import org.secondsite.witness.Durable;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RecordBook;
import org.secondsite.witness.Request;
import org.secondsite.witness.wire.LogCodec;

/**
 * The witness, and the gateways' lines to it.
 *
 * <p>Real: the record book, the rule of change, the preference for an owner that is heard, the log's bytes and its recovery.
 * Simulated, with the behaviour of {@code FileRecordStore}, {@code GrantDesk} and {@code WitnessClient}: the disk, one request
 * after the other, fsync before the answer; requests that wait; a client that numbers its questions, gives up after a while,
 * and still tells the record in an answer that comes later.
 */
final class SimulatedWitness extends SimulatedProcess {
    private static final GrantPolicy POLICY = new GrantPolicy(150 * MILLI, 500 * MILLI);
    private static final long TIMEOUT_MS = 400;
    private static final long TELL_AGAIN_MS = 240;
    private static final int LOOK_AGAIN_MS = 25;
    private static final long WRITE_BACK_NANOS = 1000 * MILLI;

    private final GroupId group;
    private final SplittableRandom dice;
    private final SimulatedDisk disk;
    private final Deque<Asked> queue = new ArrayDeque<>();
    private final Map<SiteId, Long> heardNanos = new HashMap<>();
    private RecordBook book = new RecordBook();
    private boolean writing;
    private boolean tearNext;
    private int slowDiskMs;
    private long clockOffsetNanos;
    private boolean orphaned;

    /** A request that waits for its turn at the disk; the answer goes to a gateway, if that still lives. */
    private record Asked(Request request, int askersLife, Consumer<Answer> answer) {}

    SimulatedWitness(World world, GroupId group, SplittableRandom dice) {
        super(world);
        this.group = group;
        this.dice = dice;
        this.disk = new SimulatedDisk(dice);
        ByteBuf head = Unpooled.buffer(LogCodec.FILE_HEADER_OCTETS);
        LogCodec.encodeFileHeader(head);
        disk.append(octets(head));
        disk.force();
        start();
        submit(new Asked(new Request.Enroll(new GroupSettings(group, World.A, World.B, World.A)), 0, enrolled -> {}));
        world.time().after(0, this::tellForEver);
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void start() {
        begin();
        book = new RecordBook();
        writing = false;
        tearNext = false;
        queue.clear();
        heardNanos.clear();
        restore();
    }

    void crash() {
        end();
        disk.crash();
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

    /** A gateway asks: the request may be lost, come twice, or so late that its asker has given up, and still count. */
    CompletableFuture<Answer> ask(SiteId site, Request.Change change) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        SimulatedGateway asker = world.gateway(site);
        int life = asker.life();
        boolean strays = dice.nextInt(12) == 0;
        send(
                world.network().way(site + ">w"),
                strays ? 200 : 1,
                strays ? 2500 : 12,
                () -> arrive(() -> take(
                        change,
                        world.time().nowNanos(),
                        life,
                        decided -> send(
                                world.network().way("w>" + site),
                                1,
                                12,
                                () -> asker.answered(life, answer, decided)))));
        asker.later(TIMEOUT_MS * MILLI, () -> asker.unanswered(answer, TIMEOUT_MS));
        return answer;
    }

    /** A gateway says that it lives. */
    void heartbeat(SiteId site) {
        send(world.network().way(site + ">w"), 1, 12, () -> arrive(() -> heardNanos.put(site, now())));
    }

    /** An operator at the witness forces a change: on the record that is in force, with a written reason. */
    void force(SiteId owner) {
        book.record(group)
                .ifPresent(now -> submit(new Asked(
                        new Request.Force(group, now.term(), owner, owner, "the site is lost; older data accepted"),
                        world.gateway(owner).life(),
                        decided -> {})));
    }

    private void send(SimulatedNetwork.Way way, int fastestMs, int slowestMs, Runnable arrives) {
        world.network().datagram(way, fastestMs, slowestMs, arrives);
    }

    // ---- the daemon ---------------------------------------------------------------------------------------------

    private long now() {
        return world.time().nowNanos() + clockOffsetNanos;
    }

    private void take(Request.Change change, long arrivedNanos, int askersLife, Consumer<Answer> answer) {
        OwnershipRecord current = book.record(group).orElse(null);
        long heard = current == null ? 0 : heardNanos.getOrDefault(current.owner(), Long.MIN_VALUE / 2);
        long waitNanos = current == null
                ? 0
                : POLICY.waitNanos(change, current, arrivedNanos + clockOffsetNanos, OptionalLong.of(heard), now());
        if (waitNanos > 0) {
            later(Math.min(waitNanos, LOOK_AGAIN_MS * MILLI), () -> take(change, arrivedNanos, askersLife, answer));
        } else {
            submit(new Asked(change, askersLife, answer));
        }
    }

    private void submit(Asked asked) {
        queue.add(asked);
        decideNext();
    }

    private void decideNext() {
        while (!writing && !queue.isEmpty()) {
            Asked asked = queue.removeFirst();
            if (asked.request() instanceof Request.Change && book.record(group).isEmpty()) {
                continue;
            }
            switch (book.decide(asked.request())) {
                case Decision.Refusal refusal -> asked.answer().accept(refusal.answer());
                case Decision.Grant grant -> write(asked, grant);
            }
        }
    }

    private void write(Asked asked, Decision.Grant grant) {
        writing = true;
        ByteBuf octets = Unpooled.buffer(256);
        LogCodec.encode(grant.entry(), octets);
        disk.append(octets(octets));
        if (tearNext) {
            world.trace(
                    "witness: the power fails while it writes " + grant.entry().record());
            crash();
            return;
        }
        long forceNanos = dice.nextLong(MILLI / 5, 2 * MILLI) + slowDiskMs * MILLI;
        if (world.has(Plant.VOTE_NOT_DURABLE)) {
            told(asked, grant);
            later(WRITE_BACK_NANOS, disk::force);
        } else {
            later(forceNanos, () -> {
                disk.force();
                told(asked, grant);
            });
        }
    }

    private void told(Asked asked, Decision.Grant grant) {
        writing = false;
        Durable proof = Durable.proven(grant.entry());
        book.apply(proof);
        inForce(grant.entry(), asked.request() instanceof Request.Force);
        SiteId owner = grant.entry().record().owner();
        boolean askedForOther = !grant.entry().asker().equals(owner);
        orphaned |= !askedForOther && asked.askersLife() != world.gateway(owner).life();
        asked.answer().accept(grant.answer(proof));
        World.SITES.forEach(this::tell);
        decideNext();
    }

    private void inForce(LogEntry entry, boolean forced) {
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
                entries.forEach(entry -> book.restore(Durable.proven(entry)));
                OwnershipRecord truth = world.checks().truth();
                entries.stream()
                        .filter(entry -> truth == null || entry.record().term() > truth.term())
                        .forEach(entry -> inForce(entry, entry.reason().startsWith(RecordBook.FORCED)));
            }
        }
    }

    // ---- watching -----------------------------------------------------------------------------------------------

    /** Tells every gateway the record now and then; what is told may be old when it arrives. */
    private void tellForEver() {
        if (awake()) {
            World.SITES.forEach(this::tell);
        }
        world.time().after(TELL_AGAIN_MS * MILLI, this::tellForEver);
    }

    private void tell(SiteId site) {
        SimulatedGateway gateway = world.gateway(site);
        int life = gateway.life();
        // A connection ends with the process: nothing sent to a former life reaches the next.
        book.record(group)
                .ifPresent(record -> send(
                        world.network().way("w>" + site),
                        1,
                        30,
                        () -> gateway.conductor(life, () -> gateway.recordLearnt(record))));
    }

    private static byte[] octets(ByteBuf buffer) {
        byte[] octets = new byte[buffer.readableBytes()];
        buffer.readBytes(octets);
        return octets;
    }
}
