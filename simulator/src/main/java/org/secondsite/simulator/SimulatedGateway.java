package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.AgentEvents;
import org.secondsite.gateway.PlaneEvents;
import org.secondsite.gateway.TunnelEvents;
import org.secondsite.gateway.group.MemberPhase;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.group.SiteEdge;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SiteEvent.FromPeer;
import org.secondsite.gateway.group.SiteEvent.PeerSaid;
import org.secondsite.gateway.group.SiteOrder;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.witness.Answer;

/**
 * A gateway process: the product's {@link SiteCore} with its edge and what posts to it, over a real epoch buffer. It can crash,
 * also when it has carried out a part of a list of orders, restart with nothing but its configuration, and be stopped for a while.
 *
 * <p>Its conductor is a queue: what the other threads of a gateway would post to it comes a moment later, in order.
 */
final class SimulatedGateway extends SimulatedProcess {
    private static final long TICK_NANOS = 20 * MILLI;
    private static final long PLANE_TURN_NANOS = 25 * MILLI;
    private static final long WITNESS_HEARTBEAT_NANOS = 100 * MILLI;
    /** Of the planted fault: one list of orders in so many is left half carried out. */
    private static final int HALF_CARRIED_OUT = 64;

    private final GatewayConfig.Tunnel tunnelSettings;
    private final SiteId site;
    private final SplittableRandom dice;

    private SiteCore core;
    private SiteEdge edge;
    private Surroundings.PeerLink peerLink;
    private SimulatedDataPlane dataPlane;
    private long lastTaskNanos;
    private long clockOffsetNanos;
    /** What a gateway would do that remembers its role (a planted fault). */
    private OwnershipRecord formerRole;

    private long markedTerm;
    /** After which part of its next orders it dies, in percent; 0 if it is not about to. */
    private int diesAfterPercent;

    private boolean everDiedPromoting;
    private final GatewayMemory memory;

    SimulatedGateway(World world, GatewayConfig config, SplittableRandom dice, GatewayMemory memory) {
        super(world);
        this.tunnelSettings = config.peers().getFirst().tunnel();
        this.site = config.site();
        this.dice = dice;
        this.memory = memory;
    }

    ProtectionGroup group() {
        return core.groups().iterator().next();
    }

    private OwnershipState state() {
        return core.groups().isEmpty()
                ? OwnershipState.UNKNOWN
                : group().ownership().state();
    }

    /** How far the VM is from being a member; there may be no group for a moment. */
    private MemberPhase phase() {
        return core.groups().isEmpty() ? MemberPhase.WAITING : VmInGroup.phase(group());
    }

    private SiteCore newCore() {
        return new SiteCore(
                world.tickBox().starts(site, memory.found()),
                memory.found(),
                (_, settings, at) -> new PeerWatch(settings, Runnable::run, at),
                now());
    }

    /** What it knew of its group is gone (a planted fault). */
    void beginsAnew() {
        core = newCore();
        dismisses();
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void start() {
        begin();
        world.checks().started(site);
        diesAfterPercent = 0;
        dataPlane = new SimulatedDataPlane(
                world, this::leaves, new PlaneEvents(poster(life()), SimulatedDataPlane::defect));
        dataPlane.noticeStandstill(PeerWatch.harmlessStandstillNanos(tunnelSettings));
        if (formerRole != null && formerRole.solo() && world.has(Plant.RESTART_ASSUMES_OLD_ROLE)) {
            dataPlane.pass(World.VM, formerRole.term());
        }
        core = newCore();
        peerLink = world.tunnel().start(site);
        edge = new SiteEdge(
                new Surroundings(
                        dataPlane,
                        _ -> peerLink,
                        witness(),
                        (g, role) -> {},
                        (g, term, owner) -> {},
                        (g, vm, tick, owner) -> world.tickBox().follow(site, tick),
                        (number, all) -> memory.keep(this, number, all),
                        new Timeline(entry -> world.trace(site + " " + entry.kind() + " " + entry.text()))),
                // Only answers of the witness are posted by the edge, and those arrive on the conductor here.
                this::take);
        tick();
        planeTurns();
        heartbeat();
        tellWitness();
        world.hypervisor(site).gatewayUp();
    }

    /** What its disk has of its group's members. */
    GatewayMemory memory() {
        return memory;
    }

    void crash() {
        OwnershipRecord known =
                core.groups().isEmpty() ? null : group().ownership().record().orElse(null);
        formerRole = known != null && known.owner().equals(site) ? known : null;
        everDiedPromoting |= promoting();
        end();
        dataPlane.close();
        world.hypervisor(site).gatewayDown();
        world.tunnel().died(site);
        world.witness().gatewayDied(site);
    }

    /** Whether an image ever died with it that it had asked to go on from. */
    boolean everDiedPromoting() {
        return everDiedPromoting;
    }

    /** It dies when it has carried out so many percent of its next list of orders; 0: no more. */
    void crashWithin(int percent) {
        diesAfterPercent = percent;
    }

    void jumpClock(long byNanos) {
        clockOffsetNanos += byNanos;
    }

    @Override
    void resumed(long stoodNanos) {
        if (stoodNanos > PeerWatch.harmlessStandstillNanos(tunnelSettings)) {
            world.checks().stoodStill(site);
        }
    }

    /** Whether it has asked for the group and not started the VM yet: the image dies with it, or with its hypervisor. */
    boolean promoting() {
        return up() && state() == OwnershipState.PROMOTING;
    }

    boolean isProtected() {
        return up() && state() == OwnershipState.PROTECTED;
    }

    /** Whether the VM, ticked or not, is no member of the group here. */
    boolean isNoMember() {
        return !up() || phase() != MemberPhase.MEMBER;
    }

    /** Whether it owns the group, and holds the VM because the other site may have gone on from it. */
    boolean doubts() {
        return up() && VmInGroup.waitsFor(group()).contains(VmInGroup.DOUBT);
    }

    /** Whether the VM cannot join because it runs at the other site, too. */
    boolean waitsForTheOther() {
        return up() && VmInGroup.waitsFor(group()).contains(VmInGroup.RUNS_THERE);
    }

    /** Whether a takeover here would activate the VM. */
    boolean wouldActivate() {
        return !core.groups().isEmpty() && VmInGroup.wouldBeActivated(group());
    }

    /** The VM passes, whoever has dropped it (a planted fault). */
    void passes() {
        dataPlane.pass(World.VM, group().ownership().term());
    }

    /** The VM's frames are told from others no more. */
    void dismisses() {
        dataPlane.dismisses();
    }

    /** An operator orders a switchover. */
    void switchOver() {
        post(new SiteEvent.SwitchOver(group().id(), "maintenance", ended -> {}));
    }

    /** Its switch obeys somebody else. */
    void loseSwitch() {
        long term = group().ownership().term();
        world.trace("the switch of " + site + " is taken from term " + term);
        post(new SiteEvent.SwitchContested(World.SWITCH, term));
    }

    /** The peer lies about the record: who owns the group, and in which term, is by {@code which}. */
    void hearLie(int which) {
        OwnershipRecord lie = Lie.about(group().ownership().term(), site, which);
        world.trace(World.other(site) + " lies to " + site + ": " + lie);
        tunnel().message(new PeerMessage.RecordNews(lie));
    }

    private long now() {
        return world.time().nowNanos() + clockOffsetNanos;
    }

    // ---- the conductor ------------------------------------------------------------------------------------------

    /** Something is done on the conductor of this life of the process, a moment later. */
    void conductor(int ofLife, Runnable task) {
        if (ofLife == life()) {
            lastTaskNanos = Math.max(lastTaskNanos, world.time().nowNanos() + dice.nextLong(MILLI));
            world.time().at(lastTaskNanos, () -> {
                if (ofLife == life()) {
                    arrive(task);
                }
            });
        }
    }

    private Consumer<SiteEvent> poster(int ofLife) {
        return event -> conductor(ofLife, () -> take(event));
    }

    /** Something is posted to the conductor. */
    void post(SiteEvent event) {
        poster(life()).accept(event);
    }

    /** What agents tell is for this life of the gateway, or for none. */
    CheckpointListener agents() {
        return new AgentEvents(poster(life()));
    }

    /** What its end of the tunnel tells. */
    TunnelListener tunnel() {
        PeerWatch watch = core.peers().iterator().next().watch();
        return new TunnelEvents(World.other(site), poster(life()), watch);
    }

    void take(SiteEvent event) {
        note(event);
        if (!planted(event)) {
            carryOut(core.on(distorted(event), now()));
        }
        if (up()) {
            if (state() == OwnershipState.PROTECTED) {
                dataPlane.admitted();
            }
            GatewayChecks.look(world.checks(), site, group());
            if (world.has(Plant.OLDER_COPY_PASSES) && state() == OwnershipState.SOLO && doubts()) {
                passes();
            }
        }
    }

    private void carryOut(List<SiteOrder> orders) {
        int whole = orders.size();
        boolean takesOver = orders.stream()
                .anyMatch(
                        order -> order instanceof SiteOrder.Announce announce && announce.role() == RouteRole.PROMOTED);
        if (takesOver && state() == OwnershipState.PROMOTING && isNoMember()) {
            world.checks().takesOverWithoutTheVm(site);
        }
        if (diesAfterPercent > 0 && whole > 1) {
            edge.carryOut(orders.subList(0, whole * diesAfterPercent / 100));
            world.trace(
                    "gateway " + site + " dies after " + whole * diesAfterPercent / 100 + " of " + whole + " orders");
            crash();
        } else if (world.has(Plant.ORDERS_HALF_CARRIED_OUT) && dice.nextInt(HALF_CARRIED_OUT) == 0 && whole > 1) {
            edge.carryOut(orders.subList(0, whole / 2));
        } else {
            passUnasked(orders);
            edge.carryOut(orders);
        }
    }

    private void tick() {
        later(TICK_NANOS, this::tick);
        take(new SiteEvent.Tick(Map.of()));
    }

    private void planeTurns() {
        later(PLANE_TURN_NANOS, this::planeTurns);
        dataPlane.turn();
    }

    // ---- planted faults ------------------------------------------------------------------------------------------

    /** What a record that arrives means to the checks. */
    private void note(SiteEvent event) {
        if (event instanceof SiteEvent.RecordTold told) {
            world.checks().told(site, told.record());
        }
        // A record that is passed on need not be in force. If it is no lie, nothing may leave that it forbids.
        if (event instanceof FromPeer(SiteId _, PeerSaid(PeerMessage.RecordNews(OwnershipRecord record)))
                && world.checks().wasGranted(record)
                && group().ownership().record().isPresent()) {
            world.checks().told(site, record);
        }
        if (event instanceof SiteEvent.RecordRead read) {
            world.checks().told(site, read.record());
        }
    }

    /** Whether a planted fault takes the event out of the core's hands. */
    private boolean planted(SiteEvent event) {
        if (event instanceof FromPeer(SiteId _, SiteEvent.EpochAcknowledged(VmId vm, EpochId epoch))
                && world.has(Plant.RELEASE_BEFORE_FIRST_IMAGE)
                && VmInGroup.isHeldToJoin(group())) {
            dataPlane.commit(vm, epoch);
        }
        return switch (event) {
            case SiteEvent.RecordTold told -> forgetsFence(told.record());
            case SiteEvent.RecordRead read -> forgetsFence(read.record());
            case FromPeer(SiteId _, PeerSaid(PeerMessage.RecordNews(OwnershipRecord record))) ->
                group().ownership().record().isPresent() && forgetsFence(record);
            case FromPeer(SiteId _, PeerSaid(PeerMessage.Members said)) -> saysOnlyThatItTakes(said);
            case FromPeer(SiteId _, SiteEvent.EpochFromPeer received) -> acknowledgesAfterAsking(received.epoch());
            default -> false;
        };
    }

    private boolean saysOnlyThatItTakes(PeerMessage.Members said) {
        boolean joins = state() == OwnershipState.STANDBY
                && isNoMember()
                && said.members().contains(World.VM);
        if (!joins || !world.has(Plant.MEMBERS_DIFFER_AT_TAKEOVER)) {
            return false;
        }
        peerLink.send(new PeerMessage.MembersTaken(said.group(), said.generation(), said.generation(), List.of()));
        return true;
    }

    private boolean forgetsFence(OwnershipRecord record) {
        OwnershipState state = state();
        boolean acts = state == OwnershipState.PROTECTED
                || state == OwnershipState.HANDING_OVER
                || state == OwnershipState.SOLO;
        return world.has(Plant.FENCE_FORGOTTEN) && acts && !record.owner().equals(site);
    }

    private boolean acknowledgesAfterAsking(Epoch epoch) {
        if (state() != OwnershipState.PROMOTING || !world.has(Plant.ACK_AFTER_ASKING)) {
            return false;
        }
        VmContent.of(epoch).keptAt(world.checks());
        peerLink.acknowledge(epoch.header().vm(), epoch.header().epoch());
        epoch.close();
        return true;
    }

    private SiteEvent distorted(SiteEvent event) {
        if (event instanceof FromPeer(SiteId _, PeerSaid(PeerMessage.RecordNews(OwnershipRecord record)))
                && world.has(Plant.BELIEVED_GOSSIP)
                && group().ownership().record().isPresent()) {
            return new SiteEvent.RecordTold(record);
        }
        if (event instanceof FromPeer(SiteId peer, SiteEvent.EpochAcknowledged(VmId vm, EpochId epoch))
                && world.has(Plant.STALE_COMMIT_ACCEPTED)) {
            EpochId sealed = group().everyone().getFirst().source().lastSealed();
            if (epoch.term() < sealed.term()) {
                return new FromPeer(
                        peer, new SiteEvent.EpochAcknowledged(vm, new EpochId(sealed.term(), epoch.number())));
            }
        }
        return event;
    }

    private void passUnasked(List<SiteOrder> orders) {
        if (world.has(Plant.SOLO_WITHOUT_RECORD)
                && state() == OwnershipState.PROTECTED
                && orders.stream()
                        .anyMatch(order -> order instanceof SiteOrder.Towards(SiteId _, SiteOrder.AbandonTunnel _))) {
            dataPlane.pass(World.VM, group().ownership().term());
        }
    }

    /** The first epoch that is sent after output began to be held counts as held by the standby. */
    void markEarly(VmId vm, EpochId epoch) {
        conductor(life(), () -> {
            boolean syncing = state() == OwnershipState.SYNCING;
            if (syncing && dataPlane.holds() && markedTerm < group().ownership().term()) {
                markedTerm = group().ownership().term();
                take(new FromPeer(World.other(site), new SiteEvent.EpochAcknowledged(vm, epoch)));
            }
        });
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    private Surroundings.WitnessLink witness() {
        return new AskingLink(world, site, this::state, task -> conductor(life(), task));
    }

    /** An answer arrives; one that is late, or comes twice, still tells a record. */
    void answered(int askersLife, CompletableFuture<Answer> open, Answer answer) {
        conductor(askersLife, () -> {
            world.checks().told(site, answer.current());
            if (!forgetsFence(answer.current()) && !open.complete(answer)) {
                take(new SiteEvent.RecordTold(answer.current()));
            }
        });
    }

    void unanswered(CompletableFuture<?> open, String reason) {
        conductor(life(), () -> open.completeExceptionally(new IllegalStateException(reason)));
    }

    /** The witness tells a record with a higher term than before; on the conductor. */
    void recordLearnt(OwnershipRecord record) {
        take(new SiteEvent.RecordTold(record));
    }

    /** The witness tells something that is no record; on the conductor. */
    void told(SiteEvent.OfWitness event) {
        take(event);
    }

    /** The witness tells any record, known or not; on the conductor. */
    void recordToldAgain(OwnershipRecord record) {
        boolean old = record.term() == group().ownership().term();
        if (old && world.has(Plant.UNGATE_BY_READ) && state() == OwnershipState.SYNCING) {
            dataPlane.pass(World.VM, record.term());
        }
    }

    // ---- what it does -------------------------------------------------------------------------------------------

    private void heardBeside() {
        world.tunnel().heardBeside(site);
        heard();
    }

    void heard() {
        core.peers().iterator().next().watch().heard(now());
    }

    /** A frame of the VM is on the inside interface. */
    void fromVm(int lineage, long state) {
        if (world.tickBox().isFree(site)) {
            leaves(lineage, state, SafetyChecks.Way.FREE);
        } else {
            arrive(() -> dataPlane.fromVm(lineage, state));
        }
    }

    private void heartbeat() {
        SimulatedGateway peer = world.gateway(World.other(site));
        world.network().datagram(world.way(site, peer.site), 1, 15, () -> peer.arrive(peer::heardBeside));
        later(tunnelSettings.heartbeatMs() * MILLI, this::heartbeat);
    }

    private void tellWitness() {
        world.witness().heartbeat(site);
        later(WITNESS_HEARTBEAT_NANOS, this::tellWitness);
    }

    private void leaves(int lineage, long state, SafetyChecks.Way way) {
        boolean here = way != SafetyChecks.Way.FREE && up();
        MemberPhase phase = here ? phase() : MemberPhase.WAITING;
        boolean elsewhere = world.wouldActivate(World.other(site));
        world.checks().released(site, lineage, state, way, new SafetyChecks.Standing(phase, elsewhere));
        world.mark(lineage, state);
    }
}
