package org.secondsite.replicator.tunnel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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

    private record Sent(SiteId by, VmId vm, EpochId id) {}

    private final SplittableRandom dice;
    private final FakeTime time = new FakeTime();
    private final Map<SiteId, End> ends = new HashMap<>();
    private final List<FakePipe> pipes = new ArrayList<>();
    private final Map<Sent, Long> checksums = new HashMap<>();
    private final Deque<String> log = new ArrayDeque<>();
    private final int connections;
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

    void after(long nanos, Runnable task) {
        time.after(nanos, task);
    }

    long now() {
        return time.now();
    }

    SplittableRandom dice() {
        return dice;
    }

    private void note(String what) {
        log.addLast(now() / MILLI + " ms " + what);
        if (log.size() > 200) {
            log.removeFirst();
        }
    }

    String tail() {
        return String.join("\n", log);
    }

    void run(long milliseconds) {
        time.run(milliseconds * MILLI);
    }

    // ---- faults

    List<FakePipe> pipes() {
        return pipes;
    }

    boolean isCut() {
        return now() < cutUntilNanos;
    }

    void cut(long milliseconds) {
        note("cut for " + milliseconds + " ms");
        cutUntilNanos = now() + milliseconds * MILLI;
    }

    void breakOne(SplittableRandom chance) {
        if (!pipes.isEmpty()) {
            FakePipe pipe = pipes.get(chance.nextInt(pipes.size()));
            note("break of connection " + pipe.connection().number());
            FakePipe opposite = pipe.other();
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
        cutUntilNanos = now();
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

    /** A process at a site: the source of its own epochs, the sink of the other's. */
    final class End implements TunnelSink, TunnelListener {
        private final SiteId site;
        private final Map<VmId, FakeChain> chains = new HashMap<>();
        private final FakeCodec codec = new FakeCodec(this);
        private final TunnelSession session;
        private final Map<VmId, EpochId> delivered = new HashMap<>();
        private final Map<VmId, EpochId> held = new HashMap<>();
        private final Map<Sent, Long> unanswered = new HashMap<>();
        private final Set<Sent> mayBeAcknowledged;
        private final Set<VmId> refuseNext = new HashSet<>();
        private final List<EpochId> acknowledged = new ArrayList<>();
        private final Set<FakePipe> open = new LinkedHashSet<>();
        private boolean dead;
        private long alarmNanos;
        private long heardBesideNanos = now();
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
                chain.beginAnew();
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
            session.start(now());
            beacon();
        }

        private void beacon() {
            if (!dead) {
                if (!isCut()) {
                    peer().heardBesideNanos = now();
                }
                after(100 * MILLI, this::beacon);
            }
        }

        private End peer() {
            return ends.get(site.equals(SessionRig.A) ? SessionRig.B : SessionRig.A);
        }

        private void die() {
            dead = true;
            List.copyOf(open).forEach(FakePipe::over);
            session.close(now());
            codec.close();
        }

        void later(long nanos, Runnable task) {
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
            FakeChain chain = chains.computeIfAbsent(vm, name -> new FakeChain(new Epochs(vm, 48, dice.nextLong())));
            SendWindow.InFlight inFlight =
                    session.status(VersionCounters.ZERO, 0, 0).inFlight().get(vm);
            if (inFlight != null && (inFlight.epochs() >= MAX_IN_FLIGHT_EPOCHS || inFlight.bytes() >= MAX_VM_BYTES)) {
                return; // its credit
            }
            Epoch epoch = chain.next(number);
            EpochId id = epoch.header().epoch();
            note(site + " sends " + epoch.header());
            checksums.put(new Sent(site, vm, id), epoch.checksum());
            session.send(epoch, now());
        }

        void discard(VmId vm) {
            note(site + " discards " + vm);
            session.discard(vm);
            FakeChain chain = chains.get(vm);
            if (chain != null) {
                chain.beginAnew();
            }
        }

        @Override
        public void acknowledged(VmId vm, EpochId id) {
            FakeChain chain = chains.get(vm);
            acknowledged.add(id);
            note(site + " is told that " + vm + " " + id + " is held");
            if (!peer().mayBeAcknowledged.contains(new Sent(site, vm, id))) {
                fail(site + " is told that " + vm + " " + id + " is held, which nobody says");
            }
            if (!chain.acknowledge(id)) {
                fail(site + " is told of " + vm + " " + id + ", after a later one or in another chain");
            }
        }

        @Override
        public void refused(VmId vm, EpochId id, String reason) {
            note(site + " is refused " + vm + " " + id + ": " + reason);
            later(0, () -> {
                if (chains.get(vm).isOf(id)) {
                    discard(vm);
                }
            });
        }

        void requireAllThere() {
            chains.forEach((vm, chain) -> {
                EpochId there = peer().held.get(vm);
                if (!chain.ends(there)) {
                    fail(vm + " of " + site + ": " + there + " is held");
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
            session.abandon("not heard", now());
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
                after(300 * MILLI, () -> {
                    if (!peer().dead && peer().chains.get(sent.vm()).isOf(sent.id())) {
                        peer().discard(sent.vm());
                    }
                });
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
            later(Math.max(0, nanos - now()), () -> {
                if (alarmNanos == nanos) {
                    session.tick(now(), heardBesideNanos);
                }
            });
        }

        @Override
        public void dial(int number, Segments segments) {
            later(dice.nextLong(8 * MILLI), () -> connect(number));
        }

        private void connect(int number) {
            FakePipe near = new FakePipe(FakeTunnelNetwork.this, this);
            if (isCut()) {
                near.serves(session.dialled(near, number, now()));
                near.broke("nobody answers");
                return;
            }
            FakePipe far = new FakePipe(FakeTunnelNetwork.this, peer());
            near.join(far);
            near.serves(session.dialled(near, number, now()));
            far.serves(peer().session.accepted(far, now()));
            near.connection().secured(peer().site.name(), now());
            far.connection().secured(site.name(), now());
        }

        @Override
        public boolean mayClaimToLive() {
            return true;
        }

        @Override
        public void greeted(Hello hello) {}

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
            return time.now();
        }

        boolean isDead() {
            return dead;
        }

        Set<FakePipe> open() {
            return open;
        }
    }
}
