package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.codec.VersionCounters;

/**
 * Two sites with a session each, time, and connections between them that carry real bytes in pieces of any length, stall, and
 * break. What a site is told is checked at once against what the other did.
 */
final class FakeTunnelNetwork implements AutoCloseable {
    private static final long MILLI = 1_000_000;
    private static final long MAX_VM_BYTES = 1 << 20;
    private static final int MAX_IN_FLIGHT_EPOCHS = 4;
    private static final int FULL_BYTES = 128 << 10;

    private record Due(long atNanos, long order, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private record Sent(SiteId by, VmId vm, EpochId id) {}

    private final SplittableRandom dice;
    private final PriorityQueue<Due> due = new PriorityQueue<>();
    private final Map<SiteId, End> ends = new HashMap<>();
    private final List<Pipe> pipes = new ArrayList<>();
    private final Map<Sent, Long> checksums = new HashMap<>();
    private final Deque<String> log = new ArrayDeque<>();
    private final int connections;
    private long nowNanos = MILLI;
    private long order;
    private long cutUntilNanos;

    FakeTunnelNetwork(long seed) {
        dice = new SplittableRandom(seed);
        connections = dice.nextInt(1, 4);
        for (SiteId site : List.of(SessionRig.A, SessionRig.B)) {
            ends.put(site, new End(site));
        }
        ends.values().forEach(End::start);
    }

    End end(SiteId site) {
        return ends.get(site);
    }

    private void at(long whenNanos, Runnable task) {
        due.add(new Due(Math.max(nowNanos, whenNanos), order++, task));
    }

    private void after(long nanos, Runnable task) {
        at(nowNanos + nanos, task);
    }

    private void note(String what) {
        log.addLast(nowNanos / MILLI + " ms " + what);
        if (log.size() > 200) {
            log.removeFirst();
        }
    }

    String tail() {
        return String.join("\n", log);
    }

    void run(long milliseconds) {
        long endNanos = nowNanos + milliseconds * MILLI;
        while (!due.isEmpty() && due.peek().atNanos() <= endNanos) {
            Due next = due.poll();
            nowNanos = next.atNanos();
            next.task().run();
        }
        nowNanos = endNanos;
    }

    // ---- faults

    private boolean isCut() {
        return nowNanos < cutUntilNanos;
    }

    void cut(long milliseconds) {
        note("cut for " + milliseconds + " ms");
        cutUntilNanos = nowNanos + milliseconds * MILLI;
    }

    void breakOne(SplittableRandom chance) {
        if (!pipes.isEmpty()) {
            Pipe pipe = pipes.get(chance.nextInt(pipes.size()));
            note("break of connection " + pipe.connection.number());
            Pipe opposite = pipe.other;
            pipe.drop();
            opposite.drop();
            pipe.broke("reset");
            opposite.broke("reset");
        }
    }

    void restart(SiteId site) {
        note("restart of " + site);
        ends.get(site).die();
        End next = new End(ends.get(site));
        ends.put(site, next);
        next.start();
        // As a standby that holds nothing says of itself.
        after(300 * MILLI, () -> List.copyOf(next.peer().chains.keySet()).forEach(next.peer()::discard));
    }

    void mend() {
        cutUntilNanos = nowNanos;
        ends.values().forEach(end -> end.answerDelayMs = 0);
    }

    boolean isBusy() {
        return ends.values().stream()
                .anyMatch(end -> end.session.phase() != TunnelSession.Phase.CONNECTED
                        || !end.session
                                .status(VersionCounters.ZERO, 0, 0)
                                .inFlight()
                                .isEmpty());
    }

    String state() {
        StringBuilder text = new StringBuilder();
        ends.values().forEach(end -> text.append(end.site)
                .append(' ')
                .append(end.session.status(VersionCounters.ZERO, 0, 0))
                .append('\n'));
        return text.toString();
    }

    @Override
    public void close() {
        ends.values().forEach(End::die);
    }

    // ---- a site

    /** A chain of epochs of one VM, as its source sees it. */
    private static final class Chain {
        private final Epochs guest;
        private long term = 1;
        private boolean begins = true;
        private EpochId last = EpochId.NONE;
        private EpochId acknowledged = EpochId.NONE;

        private Chain(Epochs guest) {
            this.guest = guest;
        }
    }

    /** A process at a site: the source of its own epochs, the sink of the other's. */
    final class End implements TunnelSink, TunnelListener {
        private final SiteId site;
        private final Map<VmId, Chain> chains = new HashMap<>();
        private final FakeCodec codec = new FakeCodec(this);
        private final TunnelSession session;
        private final Map<VmId, EpochId> delivered = new HashMap<>();
        private final Map<VmId, EpochId> held = new HashMap<>();
        private final Map<Sent, Long> unanswered = new HashMap<>();
        private final Set<Sent> mayBeAcknowledged;
        private final Set<VmId> refuseNext = new HashSet<>();
        private final List<EpochId> acknowledged = new ArrayList<>();
        private final Set<Pipe> open = new LinkedHashSet<>();
        private boolean dead;
        private long alarmNanos;
        private long heardBesideNanos = nowNanos;
        private long answerDelayMs;
        private int sessions;
        private int deliveries;

        private End(SiteId site) {
            this.site = site;
            this.mayBeAcknowledged = new HashSet<>();
            this.session = newSession();
        }

        /** The same site after a restart: its counters go on, and it begins every chain anew, in a later term. */
        private End(End before) {
            this.site = before.site;
            this.sessions = before.sessions;
            this.deliveries = before.deliveries;
            // What its former life said holds, and may still be on its way.
            this.mayBeAcknowledged = before.mayBeAcknowledged;
            before.chains.forEach((vm, chain) -> {
                chains.put(vm, chain);
                beginAnew(chain);
            });
            this.session = newSession();
        }

        private TunnelSession newSession() {
            TunnelSettings settings = SessionRig.settings(site)
                    .withConnections(connections)
                    .withLimits(new TunnelSettings.Limits(MAX_VM_BYTES, 64 << 20));
            TunnelSession made = new TunnelSession(
                    settings, SessionRig.hello(settings, dice.nextLong()), dice.split(), this, codec, this);
            codec.answerTo(made);
            return made;
        }

        private void start() {
            session.start(nowNanos);
            beacon();
        }

        private void beacon() {
            if (!dead) {
                if (!isCut()) {
                    peer().heardBesideNanos = nowNanos;
                }
                after(100 * MILLI, this::beacon);
            }
        }

        private End peer() {
            return ends.get(site.equals(SessionRig.A) ? SessionRig.B : SessionRig.A);
        }

        private void die() {
            dead = true;
            List.copyOf(open).forEach(Pipe::over);
            session.close(nowNanos);
            codec.close();
        }

        private void later(long nanos, Runnable task) {
            after(nanos, () -> {
                if (!dead) {
                    task.run();
                }
            });
        }

        SiteId site() {
            return site;
        }

        TunnelSession session() {
            return session;
        }

        int sessions() {
            return sessions;
        }

        int deliveries() {
            return deliveries;
        }

        List<EpochId> acknowledged() {
            return acknowledged;
        }

        // ---- as a source

        void send(VmId vm, long number) {
            Chain chain = chains.computeIfAbsent(vm, name -> new Chain(new Epochs(vm, 48, dice.nextLong())));
            SendWindow.InFlight inFlight =
                    session.status(VersionCounters.ZERO, 0, 0).inFlight().get(vm);
            if (inFlight != null && (inFlight.epochs() >= MAX_IN_FLIGHT_EPOCHS || inFlight.bytes() >= MAX_VM_BYTES)) {
                return; // its credit
            }
            EpochId id = new EpochId(chain.term, number);
            Epoch epoch = chain.begins ? chain.guest.full(id) : chain.guest.next(id, 12);
            chain.begins = false;
            chain.last = id;
            note(site + " sends " + epoch.header());
            checksums.put(new Sent(site, vm, id), epoch.checksum());
            session.send(epoch, nowNanos);
        }

        void discard(VmId vm) {
            note(site + " discards " + vm);
            session.discard(vm);
            Chain chain = chains.get(vm);
            if (chain != null) {
                beginAnew(chain);
            }
        }

        private static void beginAnew(Chain chain) {
            chain.term++;
            chain.begins = true;
            chain.acknowledged = EpochId.NONE;
        }

        @Override
        public void acknowledged(VmId vm, EpochId id) {
            Chain chain = chains.get(vm);
            acknowledged.add(id);
            note(site + " is told that " + vm + " " + id + " is held");
            if (!peer().mayBeAcknowledged.contains(new Sent(site, vm, id))) {
                fail(site + " is told that " + vm + " " + id + " is held, which nobody says");
            }
            if (id.term() != chain.term || id.atMost(chain.acknowledged)) {
                fail(site + " is told of " + vm + " " + id + " after " + chain.acknowledged + " in " + chain.term);
            }
            chain.acknowledged = id;
        }

        @Override
        public void refused(VmId vm, EpochId id, String reason) {
            note(site + " is refused " + vm + " " + id + ": " + reason);
            later(0, () -> {
                if (id.term() == chains.get(vm).term) {
                    discard(vm);
                }
            });
        }

        void requireAllThere() {
            chains.forEach((vm, chain) -> {
                EpochId there = peer().held.get(vm);
                if (!chain.begins && !chain.last.equals(there)) {
                    fail(vm + " of " + site + ": " + there + " is held, not " + chain.last);
                }
            });
        }

        // ---- as a sink

        void answersOnlyLater(long delayMs) {
            answerDelayMs = delayMs;
        }

        void refuseNext(VmId vm) {
            refuseNext.add(vm);
        }

        /**
         * As a standby does that asks to take over: nothing of what waits on this side ever reaches the peer, whose epochs stay
         * unanswered until it begins anew.
         */
        void withdrawAndAbandon(List<VmId> vms) {
            note(site + " withdraws and abandons");
            vms.forEach(session::withdraw);
            session.abandon("not heard", nowNanos);
            pipes.forEach(pipe -> pipe.dropWhatCameFrom(this));
            mayBeAcknowledged.clear();
            End peer = peer();
            peer.later(dice.nextLong(500 * MILLI), () -> vms.forEach(peer::discard));
        }

        @Override
        public void epochReceived(Epoch epoch) {
            VmId vm = epoch.header().vm();
            EpochId id = epoch.header().epoch();
            Sent sent = new Sent(peer().site, vm, id);
            try (epoch) {
                deliveries++;
                note(site + " gets " + epoch.header());
                if (!Long.valueOf(epoch.checksum()).equals(checksums.get(sent))) {
                    fail(vm + " " + id + " is not what was sent");
                }
                EpochId before = delivered.put(vm, id);
                if (before != null && id.atMost(before)) {
                    fail(vm + " " + id + " comes after " + before);
                }
                if (before != null
                        && !epoch.header().isFull()
                        && !epoch.header().base().equals(before)) {
                    fail(vm + " " + id + " builds on " + epoch.header().base() + ", before it came " + before);
                }
                unanswered.put(sent, epoch.plainBytes());
                requireBounded(sent);
                boolean fits = epoch.header().isFull() || epoch.header().base().equals(held.get(vm));
                boolean keeps = fits && !refuseNext.remove(vm);
                if (keeps) {
                    held.put(vm, id);
                } else {
                    held.remove(vm);
                }
                later(answerDelayMs * MILLI, () -> answer(sent, keeps));
            }
        }

        private void requireBounded(Sent newest) {
            long bytes = 0;
            int epochs = 0;
            for (Map.Entry<Sent, Long> each : unanswered.entrySet()) {
                boolean same = each.getKey().vm().equals(newest.vm())
                        && each.getKey().id().term() == newest.id().term();
                bytes += same ? each.getValue() : 0;
                epochs += same ? 1 : 0;
            }
            if (epochs > 1 && bytes > MAX_VM_BYTES) {
                fail(bytes + " bytes of " + newest.vm() + " wait for an answer");
            }
        }

        private void answer(Sent sent, boolean keeps) {
            unanswered.remove(sent);
            note(site + (keeps ? " holds " : " refuses ") + sent.vm() + " " + sent.id());
            if (keeps) {
                mayBeAcknowledged.add(sent);
                session.acknowledge(sent.vm(), sent.id());
            } else {
                session.refuse(sent.vm(), sent.id(), "it does not fit");
                // A refusal is not repeated after a break: a standby says again and again, beside the epochs, what it
                // lacks.
                after(300 * MILLI, () -> peer().isToldOfALoss(sent));
            }
        }

        private void isToldOfALoss(Sent lost) {
            if (!dead && chains.get(lost.vm()).term == lost.id().term()) {
                discard(lost.vm());
            }
        }

        private void fail(String what) {
            throw new AssertionError(what);
        }

        @Override
        public void connected() {
            sessions++;
            note(site + " is connected");
        }

        @Override
        public void disconnected(Reset reset) {
            note(site + " is disconnected: " + reset);
            if (reset.code() == ResetCode.ORDER
                    || reset.code() == ResetCode.EPOCH
                    || reset.code() == ResetCode.CORRUPT
                    || reset.code() == ResetCode.FRAMING) {
                fail("nobody broke the protocol, but " + reset);
            }
        }

        @Override
        public void peerHeard(long nanoTime) {
            // Not what this is about.
        }

        @Override
        public void message(PeerMessage message) {
            fail("nobody sent a message");
        }

        // ---- what the session wants

        @Override
        public void wakeAt(long nanos) {
            alarmNanos = nanos;
            later(Math.max(0, nanos - nowNanos), () -> {
                if (alarmNanos == nanos) {
                    session.tick(nowNanos, heardBesideNanos);
                }
            });
        }

        @Override
        public void dial(int number, Segments segments) {
            later(dice.nextLong(8 * MILLI), () -> connect(number));
        }

        private void connect(int number) {
            Pipe near = new Pipe(this);
            if (isCut()) {
                near.connection = session.dialled(near, number, nowNanos);
                near.broke("nobody answers");
                return;
            }
            Pipe far = new Pipe(peer());
            near.join(far);
            near.connection = session.dialled(near, number, nowNanos);
            far.connection = peer().session.accepted(far, nowNanos);
            near.connection.secured(peer().site.name(), nowNanos);
            far.connection.secured(site.name(), nowNanos);
        }

        @Override
        public boolean mayClaimToLive() {
            return true;
        }

        @Override
        public void greeted(Hello hello) {
            // Beacons are not signed here.
        }

        @Override
        public void widened(int count) {
            note(site + " has " + count + " connections");
        }

        @Override
        public void transition(TunnelSession.Phase from, TunnelSession.Phase to, String reason) {
            note(site + " " + to + ": " + reason);
        }

        @Override
        public void transition(
                TunnelConnection connection, TunnelConnection.Phase from, TunnelConnection.Phase to, String reason) {
            note(site + " connection " + connection.number() + " " + to + ": " + reason);
        }

        void codecLater(Runnable job) {
            after(dice.nextLong(MILLI), job);
        }

        long now() {
            return nowNanos;
        }

        boolean isDead() {
            return dead;
        }
    }

    // ---- a connection

    /** One end of a connection: bytes arrive in the order in which they were written, in pieces of any length. */
    private final class Pipe implements Wire {
        private final End end;
        private final Deque<byte[]> arriving = new ArrayDeque<>();
        private ByteBuf read = Unpooled.buffer();
        private Pipe other;
        private TunnelConnection connection;
        private boolean reads = true;
        private boolean closed;
        private boolean endComes;
        private long arrivingBytes;

        private Pipe(End end) {
            this.end = end;
        }

        private void join(Pipe opposite) {
            other = opposite;
            opposite.other = this;
            for (Pipe pipe : List.of(this, opposite)) {
                pipes.add(pipe);
                pipe.end.open.add(pipe);
            }
        }

        @Override
        public ByteBufAllocator allocator() {
            return ByteBufAllocator.DEFAULT;
        }

        @Override
        public boolean hasRoom() {
            return !closed && other.arrivingBytes < FULL_BYTES;
        }

        @Override
        public void write(TunnelFrame frame) {
            ByteBuf header = frame.encodeHeader(allocator());
            int headerBytes = header.readableBytes();
            byte[] bytes = new byte[headerBytes + frame.payload().readableBytes()];
            header.readBytes(bytes, 0, headerBytes);
            frame.payload().getBytes(frame.payload().readerIndex(), bytes, headerBytes, bytes.length - headerBytes);
            header.release();
            frame.payload().release();
            if (!closed && other != null) {
                other.arriving.addLast(bytes);
                other.arrivingBytes += bytes.length;
                after(dice.nextLong(2 * MILLI, 6 * MILLI), other::arrive);
            }
        }

        /** Of what is on its way a part arrives, not before what was sent earlier. */
        private void arrive() {
            if (isCut() || !reads) {
                if (!end.dead && !closed) {
                    after(20 * MILLI, this::arrive);
                }
                return;
            }
            boolean wasFull = arrivingBytes >= FULL_BYTES;
            byte[] bytes = arriving.pollFirst();
            if (bytes != null) {
                arrivingBytes -= bytes.length;
                int now = arriving.isEmpty() ? bytes.length : dice.nextInt(1, bytes.length + 1);
                if (now < bytes.length) {
                    byte[] rest = Arrays.copyOfRange(bytes, now, bytes.length);
                    arriving.addFirst(rest);
                    arrivingBytes += rest.length;
                    after(dice.nextLong(MILLI), this::arrive);
                }
                if (!end.dead && !closed) {
                    // A new buffer: the payloads of earlier frames are slices of the old one.
                    read = Unpooled.buffer().writeBytes(read).writeBytes(bytes, 0, now);
                    connection.read(read, nowNanos);
                }
            }
            if (arriving.isEmpty() && endComes) {
                broke("the connection was closed by the other end");
            }
            if (wasFull && arrivingBytes < FULL_BYTES && !other.end.dead && !other.closed) {
                other.connection.hasRoom(nowNanos);
            }
        }

        @Override
        public void flush() {
            // Everything goes at once.
        }

        @Override
        public void setReading(boolean reading) {
            reads = reading;
        }

        @Override
        public long measure(long now) {
            return 0;
        }

        @Override
        public long bytesPerSecond() {
            return 0;
        }

        @Override
        public void close(Closing closing) {
            if (closing == Closing.AT_ONCE) {
                over();
                return;
            }
            end.later(100 * MILLI, () -> {
                if (closing == Closing.LOSING_WHAT_WAITS && other != null) {
                    other.drop();
                }
                over();
            });
        }

        private void over() {
            if (!closed) {
                closed = true;
                pipes.remove(this);
                end.open.remove(this);
                if (other != null) {
                    other.endComes = true;
                    after(5 * MILLI, other::arrive);
                }
            }
        }

        private void drop() {
            arriving.clear();
            arrivingBytes = 0;
        }

        private void dropWhatCameFrom(End sender) {
            if (other != null && other.end == sender) {
                drop();
            }
        }

        private void broke(String reason) {
            if (!end.dead) {
                connection.broke(new Reset(ResetCode.BROKEN, reason), nowNanos);
            }
            over();
        }
    }
}
