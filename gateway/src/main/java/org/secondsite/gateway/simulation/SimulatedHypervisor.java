package org.secondsite.gateway.simulation;

import java.nio.ByteBuffer;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * A hypervisor with its agent: a VM whose whole state is a counter, which it shows in every packet it sends.
 *
 * <p>The counter travels in the device state of real {@link Epoch}s, beside the lineage that {@link SafetyChecks} knows it
 * by. The agent behaves as the real one: it pauses the VM, waits for <i>sealed</i>, lets it run on, ships afterwards; it
 * gives up waiting after a second and sends a full image next; it applies whole epochs and activates only the expected one.
 */
final class SimulatedHypervisor {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final int WINDOW = 16;
    private static final long MILLI = 1_000_000L;

    private final World world;
    private final SiteId site;

    private boolean up = true;
    private int life;

    private boolean vmRuns;
    private boolean vmPaused;
    private int lineage;
    private long state;

    private EpochId replicaEpoch = EpochId.NONE;
    private int replicaLineage;
    private long replicaState;

    private Session session;
    private boolean checkpointing;
    private EpochId next = EpochId.NONE;
    private EpochId base = EpochId.NONE;
    private EpochId credited = EpochId.NONE;
    private int beyondCredit;
    private int intervalMs;
    private EpochId awaitingSeal = EpochId.NONE;

    SimulatedHypervisor(World world, SiteId site) {
        this.world = world;
        this.site = site;
        sendForEver();
    }

    void startFirstVm() {
        vmRuns = true;
        lineage = world.checks().born(site);
    }

    boolean runs() {
        return up && vmRuns;
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void crash() {
        up = false;
        life++;
        vmRuns = false;
        vmPaused = false;
        checkpointing = false;
        replicaEpoch = EpochId.NONE;
        detach("hypervisor crashed");
    }

    void restart() {
        up = true;
        attachSoon();
    }

    void gatewayUp() {
        attachSoon();
    }

    void gatewayDown() {
        session = null;
        checkpointing = false;
        awaitingSeal = EpochId.NONE;
        vmPaused = false;
    }

    private void attachSoon() {
        int mine = life;
        world.time().after(world.between(5, 300) * MILLI, () -> {
            if (up && mine == life && session == null && world.gateway(site).up()) {
                base = EpochId.NONE;
                session = new Session(vmRuns);
                Session attached = session;
                world.gateway(site).fromAgent(group -> group.attached(attached));
            }
        });
    }

    private void detach(String reason) {
        if (session != null) {
            Session gone = session;
            session = null;
            awaitingSeal = EpochId.NONE;
            world.gateway(site).fromAgent(group -> group.detached(gone, reason));
        }
    }

    // ---- the VM -------------------------------------------------------------------------------------------------

    private void sendForEver() {
        world.time().after(world.between(2, 9) * MILLI, () -> {
            if (up && vmRuns && !vmPaused) {
                state++;
                byte[] frame =
                        ByteBuffer.allocate(64).putInt(lineage).putLong(state).array();
                world.gateway(site).fromVm(VM, frame);
            }
            sendForEver();
        });
    }

    private void checkpoint(Session by) {
        if (by != session || !checkpointing) {
            return;
        }
        again(by);
        if (!vmRuns || beyondCredit >= WINDOW || !awaitingSeal.equals(EpochId.NONE)) {
            return;
        }
        vmPaused = true;
        EpochId epoch = next;
        next = next.next();
        awaitingSeal = epoch;
        world.gateway(site).fromAgent(group -> group.sealRequested(by, epoch));
        world.time().after(1000 * MILLI, () -> {
            if (by == session && awaitingSeal.equals(epoch)) {
                awaitingSeal = EpochId.NONE;
                vmPaused = false;
                base = EpochId.NONE;
            }
        });
    }

    private void again(Session by) {
        world.time().after(intervalMs * MILLI, () -> checkpoint(by));
    }

    private void sealed(EpochId epoch) {
        if (!awaitingSeal.equals(epoch)) {
            return;
        }
        awaitingSeal = EpochId.NONE;
        Session by = session;
        Epoch shipped = new Epoch(
                new EpochHeader(VM, epoch, base, RAM_BYTES),
                PageSet.empty(),
                ByteBuffer.allocate(12).putInt(lineage).putLong(state).array());
        base = epoch;
        beyondCredit++;
        vmPaused = false;
        world.time().after(world.between(1, 8) * MILLI, () -> {
            if (by == session && up) {
                world.gateway(site).fromAgent(group -> group.epochFromAgent(shipped, 1));
            }
        });
    }

    private void activate(Session by, EpochId expected) {
        if (!replicaEpoch.equals(expected) || expected.equals(EpochId.NONE)) {
            world.gateway(site).fromAgent(group -> group.failed(by, "activation", "at " + replicaEpoch));
            return;
        }
        lineage = world.checks().activated(site, replicaLineage, replicaState);
        state = replicaState;
        vmRuns = true;
        vmPaused = false;
        replicaEpoch = EpochId.NONE;
        base = EpochId.NONE;
        world.gateway(site).fromAgent(group -> group.activated(by, expected));
    }

    private void apply(Session by, Epoch epoch) {
        ByteBuffer content = ByteBuffer.wrap(epoch.deviceState());
        EpochHeader header = epoch.header();
        epoch.close();
        if (vmRuns || !(header.isFull() || header.base().equals(replicaEpoch))) {
            world.gateway(site).fromAgent(group -> group.failed(by, "apply", "not on " + replicaEpoch));
            return;
        }
        replicaEpoch = header.epoch();
        replicaLineage = content.getInt();
        replicaState = content.getLong();
        world.gateway(site).fromAgent(group -> group.applied(by, header.epoch()));
    }

    /** The connection between gateway and agent: commands take a moment, and die with the connection. */
    private final class Session implements AgentSession {
        private final boolean ranAtHello;

        Session(boolean ranAtHello) {
            this.ranAtHello = ranAtHello;
        }

        private void later(Runnable command) {
            world.time().after(MILLI / 2, () -> {
                if (session == this && up) {
                    command.run();
                }
            });
        }

        @Override
        public VmId vm() {
            return VM;
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
            later(() -> {
                boolean already = checkpointing;
                next = first;
                awaitingSeal = EpochId.NONE;
                vmPaused = false;
                base = EpochId.NONE;
                beyondCredit = 0;
                credited = EpochId.NONE;
                intervalMs = everyMs;
                checkpointing = true;
                if (!already) {
                    checkpoint(this);
                }
            });
        }

        @Override
        public void interval(int everyMs) {
            later(() -> intervalMs = everyMs);
        }

        @Override
        public void checkpointNow() {}

        @Override
        public void retitle(EpochId following) {
            later(() -> next = following);
        }

        @Override
        public void sealed(EpochId epoch) {
            later(() -> SimulatedHypervisor.this.sealed(epoch));
        }

        @Override
        public void credit(EpochId committed) {
            later(() -> {
                if (committed.compareTo(credited) > 0) {
                    credited = committed;
                    beyondCredit = Math.max(0, beyondCredit - 1);
                }
            });
        }

        @Override
        public void stop() {
            later(() -> checkpointing = false);
        }

        @Override
        public void stopVm(String reason) {
            later(() -> {
                vmRuns = false;
                vmPaused = false;
                checkpointing = false;
                world.gateway(site).fromAgent(group -> group.vmStopped(this));
            });
        }

        @Override
        public void apply(Epoch epoch) {
            later(() -> SimulatedHypervisor.this.apply(this, epoch));
        }

        @Override
        public void activate(EpochId expected) {
            world.time().after(world.between(20, 120) * MILLI, () -> {
                if (session == this && up) {
                    SimulatedHypervisor.this.activate(this, expected);
                }
            });
        }

        @Override
        public void release() {
            later(() -> replicaEpoch = EpochId.NONE);
        }
    }
}
