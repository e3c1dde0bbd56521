package org.secondsite.gateway.group;

import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * One VM's checkpoints at its owner: the way of an epoch from <i>seal</i> over <i>sent</i> to <i>committed</i>.
 *
 * <p>A <i>chain</i> begins with a full image and goes on with deltas, one upon the other. What the standby acknowledges counts
 * only within the chain, so an acknowledgement of an earlier one, late on its way, releases nothing.
 *
 * <p>The <i>gate epoch</i> is the first epoch sealed after output began to be held. Whatever passed unheld before belongs to
 * the state at its seal; so once it is committed, the standby holds everything that was ever released.
 */
public final class CheckpointStream {
    private final VmId vm;
    private final Orders orders;
    private final CheckpointPace pace;
    private final BackPressure pressure;

    private boolean running;
    private boolean gated;
    /** Whether what is committed must not leave, because a takeover would not activate the VM. */
    private boolean joins;

    private EpochId chainStart = EpochId.NONE;
    private EpochId next = EpochId.NONE;
    private EpochId lastSealed = EpochId.NONE;
    private EpochId lastCommitted = EpochId.NONE;
    private EpochId gateEpoch = EpochId.NONE;

    /** The last epoch of the chain after which something of the disks is still missing at the standby. */
    private EpochId lastPartial = EpochId.NONE;

    /** Whether the chain brings a copy of disks that the standby must not take while it may be in sync. */
    private boolean needsCopy;

    private final DiskCopy copy;

    private final RecentTimes pauses = new RecentTimes();
    private final RecentTimes arrivals = new RecentTimes();
    private final RecentTimes commits = new RecentTimes();
    private final DurationHistogram allPauses = new DurationHistogram();
    private final DurationHistogram allCommits = new DurationHistogram();
    private long pagesSent;
    private long roundTripNanos;
    private EpochId lastSent = EpochId.NONE;

    CheckpointStream(VmId vm, Orders orders, CheckpointPace pace) {
        this.vm = vm;
        this.orders = orders;
        this.pace = pace;
        pressure = new BackPressure(vm, orders);
        copy = new DiskCopy(vm, orders);
    }

    /**
     * Begins a chain under a term in which none was begun before.
     *
     * @param session empty while the agent is away: the chain begins anew when it is back
     */
    void start(Optional<AgentSession> session, long term) {
        joins = false;
        next = new EpochId(term, 1);
        gated = false;
        gateEpoch = EpochId.NONE;
        beginChain(session);
    }

    /** Begins a chain of a VM that joins others, whose term goes on. */
    void join(AgentSession session, long term) {
        joins = true;
        next = next.term() == term ? next : new EpochId(term, 1);
        gated = false;
        gateEpoch = EpochId.NONE;
        beginChain(Optional.of(session));
    }

    /** A takeover would activate the VM now: what is committed may leave. */
    void joined() {
        joins = false;
        if (gated && !lastCommitted.equals(EpochId.NONE) && lastCommitted.term() == lastSealed.term()) {
            orders.give(new SiteOrder.Release(vm, lastCommitted));
        }
    }

    /** Numbers no epoch below this one. */
    void numberFrom(EpochId first) {
        next = first;
    }

    /** The number of the next epoch. */
    EpochId next() {
        return next;
    }

    /** Begins a new chain because the agent lost what the deltas were built on; what is held stays held. */
    void restart(AgentSession session) {
        if (running) {
            beginChain(Optional.of(session));
        }
    }

    private void beginChain(Optional<AgentSession> session) {
        chainStart = next;
        lastCommitted = EpochId.NONE;
        lastPartial = EpochId.NONE;
        needsCopy = false;
        running = true;
        // What is left of an earlier chain would only take the room of this one.
        orders.give(new SiteOrder.Discard(vm));
        pace.chainBegins();
        arrivals.clear();
        commits.clear();
        int interval = pressure.paced(pace.intervalMs());
        session.ifPresent(agent -> orders.give(new SiteOrder.StartCheckpoints(agent, next, interval)));
        copy.breakOff();
    }

    /** Numbers what is not sealed yet from 1 of the new term. */
    void retitle(Optional<AgentSession> session, long term) {
        next = new EpochId(term, 1);
        session.ifPresent(s -> orders.give(new SiteOrder.Retitle(s, next)));
    }

    /** Output is held from now on. */
    void gate(long term) {
        gated = true;
        gateEpoch = EpochId.NONE;
        orders.give(new SiteOrder.Hold(vm, term));
    }

    void stop(Optional<AgentSession> session) {
        running = false;
        gated = false;
        joins = false;
        pressure.endPause();
        session.ifPresent(s -> orders.give(new SiteOrder.StopCheckpoints(s)));
        orders.give(new SiteOrder.Discard(vm));
        copy.breakOff();
    }

    /** The VM is paused: what it sent belongs to this epoch, and to no later one. */
    void sealRequested(AgentSession session, EpochId epoch) {
        EpochId before =
                gated && lastCommitted.compareTo(lastSealed) < 0 && inChain(lastSealed) ? lastSealed : EpochId.NONE;
        if (running) {
            pace.sealed(epoch, orders.nowNanos(), roundTripNanos).ifPresent(ms -> interval(session, ms));
            lastSealed = epoch;
            if (epoch.compareTo(next) >= 0) {
                next = epoch.next();
            }
            if (gated && gateEpoch.equals(EpochId.NONE)) {
                gateEpoch = epoch;
            }
        }
        pressure.seal(session, epoch, before);
    }

    /**
     * A whole epoch came from the agent, and is sent to the standby.
     *
     * @return why the standby cannot be in sync any more, said once for a chain; else empty
     */
    Optional<String> received(Epoch epoch, long pause) {
        if (!running || epoch.header().epoch().compareTo(chainStart) < 0) {
            epoch.close();
            return Optional.empty();
        }
        long missingBlocks = epoch.header().disks().missingBlocks();
        if (gated && missingBlocks > 0) {
            // It would be written over images from which the VM may have to be started: PromotedHoldsAllReleased.
            epoch.close();
            boolean news = !needsCopy;
            needsCopy = true;
            return news ? Optional.of("the disks of " + vm + " have to be copied over anew") : Optional.empty();
        }
        if (pause > 0) {
            pauses.add(pause);
            allPauses.add(pause);
        }
        if (gated) {
            pace.sinceSealNanos(epoch.header().epoch(), orders.nowNanos()).ifPresent(arrivals::add);
        }
        pagesSent += epoch.pages().count();
        lastSent = epoch.header().epoch();
        orders.give(new SiteOrder.SendEpoch(epoch));
        if (missingBlocks > 0) {
            lastPartial = lastSent;
            copy.at(missingBlocks);
        }
        return Optional.empty();
    }

    /** The last epoch that was given to the tunnel. */
    EpochId lastSent() {
        return lastSent;
    }

    /** The standby holds the epoch: its packets may go. */
    void acknowledged(Optional<AgentSession> session, EpochId epoch) {
        if (!running || epoch.compareTo(chainStart) < 0 || epoch.compareTo(lastSealed) > 0) {
            return;
        }
        boolean news = epoch.compareTo(lastCommitted) > 0;
        if (news) {
            lastCommitted = epoch;
        }
        if (gated && !joins && epoch.term() == lastSealed.term()) {
            // An epoch of the term before a retitle is released together with the first one of the new term: the data
            // plane takes no command of a term lower than it has seen.
            orders.give(new SiteOrder.Release(vm, epoch));
        }
        OptionalInt interval = pace.committed(epoch, orders.nowNanos(), roundTripNanos);
        if (gated && news) {
            commits.add(pace.latencyNanos());
            allCommits.add(pace.latencyNanos());
        }
        session.ifPresent(s -> {
            orders.give(new SiteOrder.Credit(s, epoch));
            interval.ifPresent(ms -> interval(s, ms));
        });
        pressure.committed(epoch);
        if (imageAcknowledged()) {
            copy.complete();
        }
    }

    /** The VM's buffer fills or empties. */
    void pressure(Pressure level, Optional<AgentSession> session) {
        pressure.news(level, session.filter(_ -> running), pace.intervalMs());
    }

    /** Time passes; the way to the standby and back takes so long now. */
    void tick(long newRoundTripNanos) {
        roundTripNanos = newRoundTripNanos;
        pressure.tick();
    }

    /** Other bounds of the interval from now on. */
    void bounds(int minMs, int maxMs, Optional<AgentSession> session) {
        OptionalInt interval = pace.bounds(minMs, maxMs, orders.nowNanos());
        if (interval.isPresent() && running) {
            session.ifPresent(s -> interval(s, interval.getAsInt()));
        }
    }

    private void interval(AgentSession session, int intervalMs) {
        orders.give(new SiteOrder.Interval(session, pressure.paced(intervalMs)));
    }

    private boolean inChain(EpochId epoch) {
        return running && epoch.compareTo(chainStart) >= 0;
    }

    /** What is done about a buffer that fills. */
    public BackPressure pressure() {
        return pressure;
    }

    /** Whether checkpoints are taken. */
    public boolean running() {
        return running;
    }

    boolean gated() {
        return gated;
    }

    /** How often checkpoints are taken, and how long their commits take. */
    public CheckpointPace pace() {
        return pace;
    }

    /** How long held output has been waiting for a commit: the age of the oldest epoch that has none. */
    public long lagNanos(long now) {
        return running && gated ? pace.lagNanos(now) : 0;
    }

    boolean imageAcknowledged() {
        return running && lastCommitted.compareTo(lastPartial) > 0;
    }

    /** How far a copy of the VM's disks is. */
    public DiskCopy copy() {
        return copy;
    }

    boolean caughtUp() {
        return running && gated && !gateEpoch.equals(EpochId.NONE) && gateEpoch.atMost(lastCommitted);
    }

    /** The last epoch sealed. */
    public EpochId lastSealed() {
        return lastSealed;
    }

    /** The last epoch of the chain that the standby holds. */
    public EpochId lastCommitted() {
        return lastCommitted;
    }

    /** Pages sent since the start. */
    public long pagesSent() {
        return pagesSent;
    }

    /** How long the last checkpoints kept the VM paused. */
    public RecentTimes pauses() {
        return pauses;
    }

    /**
     * How long it took from the seal of the last epochs until the gateway had the whole of them, while output was held: the rest
     * of the pause, and the way from the agent.
     */
    public RecentTimes arrivals() {
        return arrivals;
    }

    /** How long it took from the seal of the last epochs to their commit, while output was held. */
    public RecentTimes commits() {
        return commits;
    }

    /** How long the checkpoints kept the VM paused, since the start. */
    public DurationHistogram allPauses() {
        return allPauses;
    }

    /** The times of {@link #commits}, since the start. */
    public DurationHistogram allCommits() {
        return allCommits;
    }
}
