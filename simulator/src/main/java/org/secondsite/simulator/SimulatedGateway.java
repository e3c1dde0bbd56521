package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.replicator.Epoch;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Request;

/**
 * A gateway process: a real {@link ProtectionGroup} with its ownership table, its peer watch and its failure detector, over a
 * real epoch buffer. It can crash, restart with nothing but its configuration, and be stopped for a while.
 *
 * <p>Its conductor is a queue: what the other threads of a gateway would post to it comes a moment later, in order.
 */
final class SimulatedGateway extends SimulatedProcess {
    private static final long TICK_NANOS = 20 * MILLI;
    private static final long WITNESS_HEARTBEAT_NANOS = 100 * MILLI;

    private final GatewayConfig config;
    private final SiteId site;
    private final SplittableRandom dice;

    private ProtectionGroup group;
    private SimulatedDataPlane dataPlane;
    private PeerWatch peerWatch;
    private long lastTaskNanos;
    private long clockOffsetNanos;
    /** What a gateway would do that remembers its role (a planted fault). */
    private OwnershipRecord formerRole;

    private long markedTerm;

    SimulatedGateway(World world, GatewayConfig config, SplittableRandom dice) {
        super(world);
        this.config = config;
        this.site = config.site();
        this.dice = dice;
    }

    ProtectionGroup group() {
        return group;
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void start() {
        begin();
        world.checks().started(site);
        dataPlane = new SimulatedDataPlane(world, this::leaves);
        if (formerRole != null && formerRole.solo() && world.has(Plant.RESTART_ASSUMES_OLD_ROLE)) {
            dataPlane.pass(World.VM, formerRole.term());
        }
        peerWatch = new PeerWatch(config.tunnel(), Runnable::run, now());
        Surroundings surroundings = new Surroundings(
                dataPlane,
                world.tunnel().start(site),
                witness(),
                (g, role) -> {},
                (g, term, owner) -> {},
                new Timeline(entry -> world.trace(site + " " + entry.kind() + " " + entry.text())));
        // The only tasks posted are answers of the witness, and those arrive on the conductor here.
        group = new ProtectionGroup(config, config.groups().getFirst(), surroundings, Runnable::run, this::now);
        tick();
        heartbeat();
        tellWitness();
        world.hypervisor(site).gatewayUp();
    }

    void crash() {
        OwnershipRecord known = group.ownership().record().orElse(null);
        formerRole = known != null && known.owner().equals(site) ? known : null;
        end();
        dataPlane.close();
        world.hypervisor(site).gatewayDown();
        world.tunnel().died(site);
        world.witness().gatewayDied(site);
    }

    void jumpClock(long byNanos) {
        clockOffsetNanos += byNanos;
    }

    /** Whether it has asked for the group and not started the VM yet: the image dies with it, or with its hypervisor. */
    boolean promoting() {
        return up() && group.ownership().state() == OwnershipState.PROMOTING;
    }

    boolean isProtected() {
        return up() && group.ownership().state() == OwnershipState.PROTECTED;
    }

    /** An operator orders a switchover. */
    void switchOver() {
        conductor(() -> group.switchOver("maintenance", ended -> {}));
    }

    private long now() {
        return world.time().nowNanos() + clockOffsetNanos;
    }

    // ---- the conductor ------------------------------------------------------------------------------------------

    /** Something is posted to the conductor of this life of the process. */
    void conductor(int ofLife, Runnable task) {
        if (ofLife == life()) {
            lastTaskNanos = Math.max(lastTaskNanos, world.time().nowNanos() + dice.nextLong(MILLI));
            world.time().at(lastTaskNanos, () -> {
                if (ofLife == life()) {
                    arrive(() -> carryOut(task));
                }
            });
        }
    }

    void conductor(Runnable task) {
        conductor(life(), task);
    }

    private void carryOut(Runnable task) {
        task.run();
        OwnershipState state = group.ownership().state();
        group.ownership().record().ifPresent(record -> {
            world.checks().told(site, record);
            boolean acts = state == OwnershipState.PROTECTED
                    || state == OwnershipState.HANDING_OVER
                    || state == OwnershipState.SOLO
                    || state == OwnershipState.SYNCING
                    || (state == OwnershipState.PROMOTING && record.owner().equals(site));
            if (acts) {
                world.checks().acts(site, record.term());
            }
        });
        if (state == OwnershipState.PROTECTED) {
            dataPlane.admitted();
        }
    }

    private void tick() {
        carryOut(() -> {
            switch (peerWatch.look(now())) {
                case NONE -> {}
                case LOST -> peerLost();
                case BACK -> {
                    group.peerBack();
                    group.tellPeer();
                }
            }
            group.tick();
        });
        later(TICK_NANOS, this::tick);
    }

    private void peerLost() {
        world.tunnel().abandon(site);
        if (group.ownership().state() == OwnershipState.PROTECTED && world.has(Plant.SOLO_WITHOUT_RECORD)) {
            dataPlane.pass(World.VM, group.ownership().term());
        }
        group.peerLost("not heard");
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    private Surroundings.WitnessLink witness() {
        return new Surroundings.WitnessLink() {
            @Override
            public CompletableFuture<OwnershipRecord> read(GroupId id) {
                return world.witness().read(site, id);
            }

            @Override
            public CompletableFuture<Answer> ask(
                    GroupId id, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
                return SimulatedGateway.this.ask(id, expectedTerm, owner, inSync, reason);
            }
        };
    }

    private CompletableFuture<Answer> ask(
            GroupId id, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason) {
        CompletableFuture<Answer> answer =
                world.witness().ask(site, new Request.Change(id, expectedTerm, site, owner, inSync, reason));
        boolean promotion = group.ownership().state() == OwnershipState.PROMOTING;
        if (promotion && world.has(Plant.PROMOTE_WITHOUT_GRANT)) {
            OwnershipRecord wished = new OwnershipRecord(id, expectedTerm + 1, expectedTerm, owner, inSync);
            conductor(() -> answer.complete(new Answer.Granted(wished)));
        }
        return answer;
    }

    /** An answer arrives; one that is late, or comes twice, still tells a record. */
    void answered(int askersLife, CompletableFuture<Answer> open, Answer answer) {
        conductor(askersLife, () -> {
            world.checks().told(site, answer.current());
            if (!forgetsFence(answer.current()) && !open.complete(answer)) {
                group.recordLearnt(answer.current());
            }
        });
    }

    void unanswered(CompletableFuture<?> open, String reason) {
        conductor(() -> open.completeExceptionally(new IllegalStateException(reason)));
    }

    /** The witness tells a record with a higher term than before; on the conductor. */
    void recordLearnt(OwnershipRecord record) {
        world.checks().told(site, record);
        if (!forgetsFence(record)) {
            group.recordLearnt(record);
        }
    }

    /** The witness tells any record, known or not; on the conductor. */
    void recordToldAgain(OwnershipRecord record) {
        boolean old = record.term() == group.ownership().term();
        if (old && world.has(Plant.UNGATE_BY_READ) && group.ownership().state() == OwnershipState.SYNCING) {
            dataPlane.pass(World.VM, record.term());
        }
    }

    /** The peer passes on a record; on the conductor. */
    void recordPassedOn(OwnershipRecord record) {
        // It need not be in force, but it was granted: a site that is told of it has been told its term.
        boolean knows = group.ownership().record().isPresent();
        if (knows) {
            world.checks().told(site, record);
        }
        if (!knows || !forgetsFence(record)) {
            group.recordPassedOn(record);
        }
    }

    private boolean forgetsFence(OwnershipRecord record) {
        OwnershipState state = group.ownership().state();
        boolean acts = state == OwnershipState.PROTECTED
                || state == OwnershipState.HANDING_OVER
                || state == OwnershipState.SOLO;
        return world.has(Plant.FENCE_FORGOTTEN) && acts && !record.owner().equals(site);
    }

    // ---- the peer -----------------------------------------------------------------------------------------------

    void heard() {
        peerWatch.heard(now());
    }

    /** The tunnel came up or went down; on the conductor. */
    void tunnel(boolean connected) {
        peerWatch.tunnel(connected ? PeerWatch.Tunnel.UP : PeerWatch.Tunnel.BROKEN, now());
        if (connected) {
            group.tellPeer();
        }
    }

    /** A whole epoch came through the tunnel; on the conductor. */
    void epochFromPeer(Epoch epoch, Surroundings.PeerLink peer) {
        boolean asked = group.ownership().state() == OwnershipState.PROMOTING;
        if (asked && world.has(Plant.ACK_AFTER_ASKING)) {
            SimulatedHypervisor.Content.of(epoch).keptAt(world.checks());
            peer.acknowledge(epoch.header().vm(), epoch.header().epoch());
            epoch.close();
        } else {
            group.epochFromPeer(epoch);
        }
    }

    /** The peer holds an epoch; on the conductor. */
    void committedByPeer(VmId vm, EpochId epoch) {
        EpochId sealed = group.vms().iterator().next().source().lastSealed();
        boolean stale = epoch.term() < sealed.term();
        group.committedByPeer(
                vm,
                stale && world.has(Plant.STALE_COMMIT_ACCEPTED) ? new EpochId(sealed.term(), epoch.number()) : epoch);
    }

    /** The first epoch that is sent after output began to be held counts as held by the standby (a planted fault). */
    void markEarly(VmId vm, EpochId epoch) {
        boolean syncing = group.ownership().state() == OwnershipState.SYNCING;
        if (syncing && dataPlane.holds() && markedTerm < group.ownership().term()) {
            markedTerm = group.ownership().term();
            group.committedByPeer(vm, epoch);
        }
    }

    // ---- what it does -------------------------------------------------------------------------------------------

    /** A frame of the VM is on the inside interface. */
    void fromVm(int lineage, long state) {
        arrive(() -> dataPlane.fromVm(lineage, state));
    }

    private void heartbeat() {
        SimulatedGateway peer = world.gateway(World.other(site));
        world.network().datagram(world.way(site, peer.site), 1, 15, () -> peer.arrive(peer::heard));
        later(config.tunnel().heartbeatMs() * MILLI, this::heartbeat);
    }

    private void tellWitness() {
        world.witness().heartbeat(site);
        later(WITNESS_HEARTBEAT_NANOS, this::tellWitness);
    }

    private void leaves(int lineage, long state, SafetyChecks.Way way) {
        world.checks().released(site, lineage, state, way);
        world.mark(lineage, state);
    }
}
