package org.secondsite.gateway.group;

import java.util.List;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.checkpoint.AgentSession;

/** One protected VM at this gateway: its agent, if one is attached, and its two streams. */
public final class VmAtSite {
    /** How long a replica is not offered that has other disks than the owner's VM. */
    private static final long FOREIGN_DISKS_NANOS = 5_000_000_000L;

    /** How long after a VM could not join it is tried again. */
    private static final long JOIN_RETRY_NANOS = 1_000_000_000L;

    /** How long an agent may take to kill a VM before it is told again. */
    private static final long STOP_PATIENCE_NANOS = 5_000_000_000L;

    private final GatewayConfig.Vm settings;
    private final Orders orders;
    private final CheckpointStream source;
    private final ReplicaStream replica;

    private AgentSession session;
    private boolean running;
    private boolean active;
    private boolean activating;
    private boolean stopOrdered;
    private long stopOrderedNanos;
    private EpochId last = EpochId.NONE;
    private boolean flushesAtOnce;
    private String foreignDisks = "";
    private long foreignSinceNanos;
    private long attachments;
    private long failures;
    private String trouble = "";
    private boolean hasFailedToJoin;
    private long joinFailedNanos;

    VmAtSite(GatewayConfig.Vm settings, PairConfig config, Orders orders) {
        this.settings = settings;
        this.orders = orders;
        CheckpointPace pace = new CheckpointPace(
                config.checkpoint().intervalMs(), config.checkpoint().maxIntervalMs());
        source = new CheckpointStream(settings.id(), orders, pace);
        replica = new ReplicaStream(settings.id(), orders, config.tunnel().maxInFlightBytes());
    }

    void alterCheckpoints(PairConfig after) {
        source.bounds(after.checkpoint().intervalMs(), after.checkpoint().maxIntervalMs(), session());
        replica.bound(after.tunnel().maxInFlightBytes());
    }

    /** The VM. */
    public VmId id() {
        return settings.id();
    }

    /** Its checkpoints while this site owns it. */
    public CheckpointStream source() {
        return source;
    }

    /** Its checkpoints while this site is the standby. */
    public ReplicaStream replica() {
        return replica;
    }

    /** The agent beside its hypervisor, if attached. */
    public Optional<AgentSession> session() {
        return Optional.ofNullable(session);
    }

    /** An agent says which epoch its replica is at. */
    void applied(SiteEvent.Applied said) {
        if (is(said.session())) {
            replica.applied(said.epoch());
        }
    }

    /** Whether this very session is the attached one; a session has no other identity. */
    @SuppressWarnings("ReferenceEquality")
    boolean is(AgentSession other) {
        return session == other;
    }

    void attach(SiteEvent.Attached attached) {
        session = attached.session();
        last = EpochId.NONE;
        running = attached.vmRunning();
        stopOrdered = false;
        trouble = "";
        // Without its gateway an agent answers no flush before the disk has it, and a new one has seen to that before
        // it says HELLO.
        flushesAtOnce = false;
        foreignDisks = "";
        attachments++;
    }

    // ---- disks

    /** Whether it has disks that go with its epochs. */
    boolean carriesDisks() {
        return session != null && session.dialect().has(Capability.DISKS);
    }

    /** How far a copy of its disks is: of those here while the VM is not, and to the other site while it is. */
    public DiskCopy copy() {
        return running ? source.copy() : replica.copy();
    }

    /** The disks that go with its epochs, by their names, as the agent here has them. */
    public List<String> diskNames() {
        return session().stream()
                .flatMap(agent -> agent.disks().disks().stream())
                .map(CarriedDisks.Disk::name)
                .toList();
    }

    /** Its agent says how far the copy of each disk is. */
    void copyAt(SiteEvent.CopyAt at) {
        if (is(at.session())) {
            source.copy().told(at.progress());
        }
    }

    /** Has its flushes answered at once. */
    void flushAtOnce() {
        if (carriesDisks()) {
            flushesAtOnce = true;
            orders.give(new SiteOrder.FlushAtOnce(session));
        }
    }

    /** Has its disks synced, if flushes may have been answered that no disk has. */
    void syncDisks() {
        if (flushesAtOnce && session != null) {
            orders.give(new SiteOrder.SyncDisks(session));
        }
    }

    void noteSynced() {
        flushesAtOnce = false;
    }

    /** Whether flushes may have been answered that no disk has. */
    boolean flushesAtOnce() {
        return flushesAtOnce;
    }

    /** Its disks at the owner's site are others than here. */
    void noteForeignDisks(String what) {
        foreignDisks = what;
        foreignSinceNanos = orders.nowNanos();
    }

    /** What is wrong with its disks, empty if nothing is known to be; it is looked at again from time to time. */
    String foreignDisks() {
        return orders.nowNanos() - foreignSinceNanos > FOREIGN_DISKS_NANOS ? "" : foreignDisks;
    }

    // ---- joining the group's members

    /** Why no image of it can be kept here, in words; empty if one can. */
    String obstacle() {
        if (!canKeepReplica()) {
            return session != null && running ? "it runs there" : "no agent beside its hypervisor";
        }
        return foreignDisks();
    }

    /** It could not join. */
    void noteJoinFailed(String reason) {
        joinFailedNanos = orders.nowNanos();
        hasFailedToJoin = true;
        trouble = reason;
    }

    /** Whether it has waited for long enough since it could not join. */
    boolean mayTryToJoin() {
        return !hasFailedToJoin || orders.nowNanos() - joinFailedNanos > JOIN_RETRY_NANOS;
    }

    // ---- checkpoints

    void noteFailure(String what) {
        failures++;
        trouble = what;
    }

    /** An epoch came: whatever stood against that does no more. */
    void noteEpoch() {
        trouble = "";
    }

    /** What the agent could not do last, empty if an epoch has come since. */
    public String trouble() {
        return trouble;
    }

    /** How often an agent has attached. */
    public long attachments() {
        return attachments;
    }

    /** How often its agent could not do something. */
    public long failures() {
        return failures;
    }

    void detach() {
        session = null;
        last = EpochId.NONE;
        activating = false;
    }

    void pause() {
        last = EpochId.NONE;
        if (session != null) {
            orders.give(new SiteOrder.PauseVm(session));
        }
    }

    void resume() {
        last = EpochId.NONE;
        if (session != null) {
            orders.give(new SiteOrder.ResumeVm(session));
        }
    }

    void notePaused(EpochId epoch) {
        last = epoch;
    }

    /** Whether the VM is paused after an epoch that is all of it, and the standby holds that. */
    boolean lastCommitted() {
        return !last.equals(EpochId.NONE) && last.atMost(source.lastCommitted());
    }

    /** Whether the VM runs here, by the last word of its agent. */
    public boolean running() {
        return running;
    }

    void noteGone() {
        running = false;
        stopOrdered = false;
        flushesAtOnce = false;
        active = false;
    }

    /** Has the VM started from its replica, if there is an agent to do it, and it neither runs already nor is being started. */
    void activate() {
        if (session != null && !active && !activating) {
            activating = true;
            orders.give(new SiteOrder.Activate(session, replica.held()));
        }
    }

    /**
     * Has the VM killed, if it runs or may be about to. What its agent has not answered yet is not ordered again at once: a busy one would
     * work off every order, and keep no replica meanwhile.
     */
    void stop(String reason) {
        boolean open = stopOrdered && orders.nowNanos() - stopOrderedNanos < STOP_PATIENCE_NANOS;
        if (session != null && (running || activating) && !open) {
            stopOrdered = true;
            stopOrderedNanos = orders.nowNanos();
            orders.give(new SiteOrder.StopVm(session, reason));
        }
    }

    /** Whether an activation that was ordered is complete. */
    boolean active() {
        return active;
    }

    /** Whether an activation was ordered and not answered: the VM may start at any moment. */
    boolean activating() {
        return activating;
    }

    void noteActivationFailed() {
        activating = false;
    }

    void noteActive() {
        active = true;
        activating = false;
        running = true;
    }

    /** Whether the VM can be checkpointed. */
    boolean checkpointable() {
        return session != null && running;
    }

    /** Whether a replica can be kept beside the hypervisor. */
    boolean canKeepReplica() {
        return session != null && !running && !activating;
    }
}
