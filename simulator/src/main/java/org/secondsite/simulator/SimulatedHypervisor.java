package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.CheckpointListener;

/**
 * A hypervisor with its agent: a VM whose whole state is a counter, which it shows in every packet it sends.
 *
 * <p>The counter travels in the device state of real {@link Epoch}s, beside the lineage that {@link SafetyChecks} knows it
 * by. The agent behaves as the real one: it pauses the VM, waits for <i>sealed</i>, lets it run on, ships afterwards; it
 * gives up waiting after a second and sends a full image next; it applies whole epochs in order and activates only the
 * expected one.
 */
final class SimulatedHypervisor extends SimulatedProcess {
    private static final long RAM_BYTES = 1 << 20;
    private static final int WINDOW = 16;
    private static final long SEAL_PATIENCE_NANOS = 1000 * MILLI;
    /** By how much an epoch is late that others overtake (a planted fault). */
    private static final long OVERTAKEN_NANOS = 60 * MILLI;

    private static final long LOCAL_NANOS = MILLI / 2;

    /** What an epoch of such a VM says. */
    record Content(int lineage, long state) {
        static Content of(Epoch epoch) {
            ByteBuffer bytes = ByteBuffer.wrap(epoch.deviceState());
            return new Content(bytes.getInt(), bytes.getLong());
        }

        byte[] bytes() {
            return ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
                    .putInt(lineage)
                    .putLong(state)
                    .array();
        }

        void keptAt(SafetyChecks checks) {
            checks.kept(lineage, state);
        }
    }

    /** Something that the agent does, and how long that takes if the disk is not slow. */
    private record Work(Runnable what, long takesNanos) {}

    private final SiteId site;
    private final SplittableRandom dice;

    private boolean vmRuns;
    private boolean vmPaused;
    /** Whether the VM is to be checkpointed to its end, and the epoch that is all of it. */
    private boolean pausing;

    private EpochId last = EpochId.NONE;
    private int lineage;
    private long state;

    private EpochId replicaEpoch = EpochId.NONE;
    private Content replica = new Content(0, 0);
    private final Deque<Work> queue = new ArrayDeque<>();
    private int slowDiskMs;

    private Session session;
    private boolean checkpointing;
    /** Counts the starts of checkpointing, so that the beat of an earlier one ends. */
    private int runs;

    private long shippedNanos;
    private EpochId next = EpochId.NONE;
    private EpochId base = EpochId.NONE;
    private EpochId credited = EpochId.NONE;
    private int beyondCredit;
    private int intervalMs;
    private EpochId awaitingSeal = EpochId.NONE;
    private Content paused = new Content(0, 0);

    SimulatedHypervisor(World world, SiteId site, SplittableRandom dice) {
        super(world);
        this.site = site;
        this.dice = dice;
        begin();
        vmSends();
    }

    void startFirstVm() {
        vmRuns = true;
        lineage = world.checks().born(site);
    }

    boolean runs() {
        return up() && vmRuns;
    }

    /** Whether it has died before, and has neither VM nor image now. */
    boolean lostEverything() {
        return life() > 0 && !runs() && replicaEpoch.equals(EpochId.NONE);
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void crash() {
        end();
        vmRuns = false;
        runOn();
        checkpointing = false;
        replicaEpoch = EpochId.NONE;
        awaitingSeal = EpochId.NONE;
        queue.clear();
        if (session != null) {
            Session gone = session;
            session = null;
            tellGateway(gone, (gateway, by) -> gateway.detached(by, "hypervisor crashed"));
        }
    }

    void start() {
        begin();
        vmSends();
        attachSoon();
    }

    void slowDisk(int byMs) {
        slowDiskMs += byMs;
    }

    void gatewayUp() {
        if (up()) {
            attachSoon();
        }
    }

    void gatewayDown() {
        session = null;
        checkpointing = false;
        awaitingSeal = EpochId.NONE;
        runOn();
    }

    /** The agent does one thing after the other: a checkpoint that is under way is taken to its end, and then the VM runs on. */
    private void letRunOn() {
        boolean betweenCheckpoints = awaitingSeal.equals(EpochId.NONE);
        pausing = false;
        last = EpochId.NONE;
        vmPaused &= !betweenCheckpoints;
    }

    private void runOn() {
        pausing = false;
        last = EpochId.NONE;
        vmPaused = false;
    }

    // ---- the line to the gateway --------------------------------------------------------------------------------

    private void attachSoon() {
        later(dice.nextLong(5 * MILLI, 120 * MILLI), () -> {
            if (session == null && world.gateway(site).up()) {
                base = EpochId.NONE;
                session = new Session(vmRuns);
                tellGateway(session, CheckpointListener::attached);
            }
        });
    }

    /** What the agent says goes to the gateway that it is attached to, or nowhere. */
    private void tellGateway(Session by, BiConsumer<CheckpointListener, AgentSession> what) {
        CheckpointListener gateway = world.gateway(site).agents();
        world.time().after(LOCAL_NANOS, () -> what.accept(gateway, by));
    }

    // ---- the VM -------------------------------------------------------------------------------------------------

    private void vmSends() {
        later(dice.nextLong(4 * MILLI, 16 * MILLI), () -> {
            if (vmRuns && !vmPaused) {
                state++;
                world.gateway(site).fromVm(lineage, state);
            }
            vmSends();
        });
    }

    private void checkpoint(Session by, int run) {
        if (by != session || !checkpointing || run != runs) {
            return;
        }
        later(intervalMs * MILLI, () -> checkpoint(by, run));
        if (!vmRuns || beyondCredit >= WINDOW || !awaitingSeal.equals(EpochId.NONE) || !last.equals(EpochId.NONE)) {
            return;
        }
        vmPaused = !world.has(Plant.SEAL_AFTER_RESUME);
        paused = new Content(lineage, state);
        EpochId epoch = next;
        next = next.next();
        awaitingSeal = epoch;
        tellGateway(by, (gateway, session) -> gateway.sealRequested(session, epoch));
        later(SEAL_PATIENCE_NANOS, () -> {
            if (by == session && awaitingSeal.equals(epoch)) {
                awaitingSeal = EpochId.NONE;
                vmPaused = false;
                base = EpochId.NONE;
            }
        });
    }

    private void sealed(EpochId epoch) {
        if (!awaitingSeal.equals(epoch)) {
            return;
        }
        awaitingSeal = EpochId.NONE;
        Session by = session;
        Epoch shipped = new Epoch(new EpochHeader(World.VM, epoch, base, RAM_BYTES), PageSet.empty(), paused.bytes());
        base = epoch;
        beyondCredit++;
        vmPaused = pausing;
        if (pausing) {
            last = epoch;
            world.trace(site + ": the VM is paused at state " + state + " of " + epoch);
        }
        long now = world.time().nowNanos();
        shippedNanos = Math.max(shippedNanos, now) + dice.nextLong(MILLI, 8 * MILLI);
        later(shippedNanos - now, () -> {
            if (by == session) {
                tellGateway(by, (gateway, session) -> gateway.epochReceived(session, shipped, 1));
                if (epoch.equals(last)) {
                    tellGateway(by, (gateway, session) -> gateway.vmPaused(session, epoch));
                }
            }
        });
    }

    // ---- the replica --------------------------------------------------------------------------------------------

    /** The agent does one thing after the other, in the order of the commands. */
    private void enqueue(Runnable work, long takesNanos) {
        queue.addLast(new Work(work, takesNanos));
        if (queue.size() == 1) {
            workOn();
        }
    }

    private void workOn() {
        Work first = queue.getFirst();
        later(first.takesNanos() + slowDiskMs * MILLI, () -> {
            first.what().run();
            queue.removeFirst();
            if (!queue.isEmpty()) {
                workOn();
            }
        });
    }

    private void apply(Session by, Epoch epoch) {
        Content content = Content.of(epoch);
        EpochHeader header = epoch.header();
        epoch.close();
        if (vmRuns || !(header.isFull() || header.base().equals(replicaEpoch))) {
            String where = "not on " + replicaEpoch;
            if (!vmRuns) {
                throw new Violation(Rule.IMAGE_STAYS, site + " loses its image: " + header.epoch() + " is " + where);
            }
            tellGateway(by, (gateway, session) -> gateway.failed(session, "apply", where));
            return;
        }
        replicaEpoch = header.epoch();
        replica = content;
        tellGateway(by, (gateway, session) -> gateway.applied(session, header.epoch()));
    }

    private void activate(Session by, EpochId expected) {
        boolean any = world.has(Plant.OLDER_IMAGE_ACTIVATED);
        if (replicaEpoch.equals(EpochId.NONE) || !(any || replicaEpoch.equals(expected))) {
            String where = "at " + replicaEpoch;
            tellGateway(by, (gateway, session) -> gateway.failed(session, "activation", where));
            return;
        }
        world.trace(site + " activates state " + replica.state() + " of " + replicaEpoch);
        lineage = world.checks().activated(site, replica.lineage(), replica.state());
        state = replica.state();
        vmRuns = true;
        runOn();
        replicaEpoch = EpochId.NONE;
        base = EpochId.NONE;
        tellGateway(by, (gateway, session) -> gateway.activated(session, expected));
    }

    /** The connection between gateway and agent: commands take a moment, and die with the connection. */
    private final class Session implements AgentSession {
        private final boolean ranAtHello;

        Session(boolean ranAtHello) {
            this.ranAtHello = ranAtHello;
        }

        private void command(Runnable command) {
            later(LOCAL_NANOS, () -> {
                if (session == this) {
                    command.run();
                }
            });
        }

        /** A command that takes its time, after those before it. */
        private void inTurn(long takesNanos, Runnable command) {
            later(
                    LOCAL_NANOS,
                    () -> enqueue(
                            () -> {
                                if (session == this) {
                                    command.run();
                                }
                            },
                            takesNanos));
        }

        @Override
        public VmId vm() {
            return World.VM;
        }

        @Override
        public long ramBytes() {
            return RAM_BYTES;
        }

        @Override
        public boolean vmRunning() {
            return ranAtHello;
        }

        @Override
        public EpochId applied() {
            return replicaEpoch;
        }

        @Override
        public String description() {
            return "simulated";
        }

        @Override
        public void start(EpochId first, boolean full, int everyMs) {
            command(() -> {
                boolean already = checkpointing;
                next = first;
                awaitingSeal = EpochId.NONE;
                runOn();
                base = EpochId.NONE;
                beyondCredit = 0;
                credited = EpochId.NONE;
                intervalMs = everyMs;
                checkpointing = true;
                if (!already) {
                    checkpoint(this, ++runs);
                }
            });
        }

        @Override
        public void interval(int everyMs) {
            command(() -> intervalMs = everyMs);
        }

        @Override
        public void checkpointNow() {}

        @Override
        public void retitle(EpochId following) {
            command(() -> next = following);
        }

        @Override
        public void sealed(EpochId epoch) {
            command(() -> SimulatedHypervisor.this.sealed(epoch));
        }

        @Override
        public void credit(EpochId committed) {
            command(() -> {
                if (committed.compareTo(credited) > 0) {
                    credited = committed;
                    beyondCredit = Math.max(0, beyondCredit - 1);
                }
            });
        }

        @Override
        public void stop() {
            command(() -> checkpointing = false);
        }

        @Override
        public void pauseVm() {
            command(() -> pausing = true);
        }

        @Override
        public void resumeVm() {
            command(SimulatedHypervisor.this::letRunOn);
        }

        @Override
        public void stopVm(String reason) {
            // It counts whatever becomes of the connection.
            later(LOCAL_NANOS, () -> enqueue(this::stopped, 0));
        }

        private void stopped() {
            vmRuns = false;
            runOn();
            checkpointing = false;
            if (session == this) {
                tellGateway(this, CheckpointListener::vmStopped);
            }
        }

        /** The gateway holds the epoch from here on, and hands it to the image: it is kept. */
        @Override
        public void apply(Epoch epoch) {
            Content.of(epoch).keptAt(world.checks());
            world.trace(site + " keeps " + epoch.header().epoch() + ", state "
                    + Content.of(epoch).state());
            long takesNanos = dice.nextLong(MILLI);
            if (world.has(Plant.EPOCHS_OVERTAKE) && dice.nextInt(64) == 0) {
                later(OVERTAKEN_NANOS, () -> inTurn(takesNanos, () -> SimulatedHypervisor.this.apply(this, epoch)));
            } else {
                inTurn(takesNanos, () -> SimulatedHypervisor.this.apply(this, epoch));
            }
        }

        @Override
        public void activate(EpochId expected) {
            long takesNanos = dice.nextLong(20 * MILLI, 120 * MILLI);
            if (world.has(Plant.OLDER_IMAGE_ACTIVATED)) {
                command(() -> later(takesNanos, () -> SimulatedHypervisor.this.activate(this, expected)));
            } else {
                inTurn(takesNanos, () -> SimulatedHypervisor.this.activate(this, expected));
            }
        }

        @Override
        public void release() {
            command(() -> replicaEpoch = EpochId.NONE);
        }
    }
}
