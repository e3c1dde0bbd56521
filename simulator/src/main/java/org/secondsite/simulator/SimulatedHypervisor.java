package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentEffect;
import org.secondsite.replicator.agent.AgentEvent;
import org.secondsite.replicator.agent.AgentPhase;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayConduct;
import org.secondsite.replicator.agent.VmAgent;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * A hypervisor with its agent: a VM whose whole state is a counter, which it shows in every packet it sends, and the product's
 * {@link VmAgent}, which decides what is done with it.
 *
 * <p>The counter travels in the device state of real {@link Epoch}s, beside the lineage that {@link SafetyChecks} knows it by. What
 * is simulated is what an agent's edge has to do with: the VM that stands still and runs, the memory of a replica, how long that
 * takes, and the line to the gateway. As there, one thing is done after the other, and what comes of it is told first.
 */
final class SimulatedHypervisor extends SimulatedProcess {
    private static final long RAM_BYTES = 1 << 20;
    private static final int WINDOW = 16;
    private static final long LOCAL_NANOS = MILLI / 2;
    private static final long NEVER = Long.MAX_VALUE;
    /** By how much an epoch is late that others overtake (a planted fault). */
    private static final long OVERTAKEN_NANOS = 60 * MILLI;
    /** One of so many checkpoints is dropped, where that must be found to lose something (a planted fault). */
    private static final int DROPPED = 64;

    /** Something that waits for the agent: of a connection, or of none; with what an epoch says, or without. */
    private record Mail(SimulatedAgentSession by, AgentEvent event, VmContent content) {}

    private final SiteId site;
    private final SplittableRandom dice;
    private final SimulatedVmDisk disk;

    // The VM.
    private boolean vmRuns;
    private boolean vmPaused;
    private int lineage;
    private long state;
    private VmContent replica = VmContent.NONE;

    // The agent's process.
    private VmAgent agent;
    private final Deque<Mail> inbox = new ArrayDeque<>();
    private final Deque<AgentEvent> answers = new ArrayDeque<>();
    private final Deque<AgentEffect> effects = new ArrayDeque<>();
    private VmContent arrived = VmContent.NONE;
    private EpochHeader arrivedHeader;
    private VmContent collected = VmContent.NONE;
    /** Whether the checkpoint under way has paused the VM. */
    private boolean pausedHere;
    /** Whether STOP_VM has come and is not obeyed yet. */
    private boolean stopDemanded;
    /** Whether the agent is doing something that takes its time. */
    private boolean busy;

    private int sleeps;
    private int slowDiskMs;
    private SimulatedAgentSession session;
    private GatewayConduct gatewayConduct = new GatewayConduct();
    private long shippedNanos;

    SimulatedHypervisor(World world, SiteId site, SplittableRandom dice) {
        super(world);
        this.site = site;
        this.dice = dice;
        this.disk = new SimulatedVmDisk(world, site);
        beginLife();
    }

    private void beginLife() {
        begin();
        agent = new VmAgent(World.VM, RAM_BYTES, AgentTiming.USUAL, disk.capabilities(), now());
        vmSends();
        later(0, this::work);
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
        return life() > 0 && !runs() && replicaEpoch().equals(EpochId.NONE);
    }

    EpochId replicaEpoch() {
        return agent.replica();
    }

    World world() {
        return world;
    }

    private long now() {
        return world.time().nowNanos();
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    void crash() {
        vmRuns = false;
        loseAgent("hypervisor crashed");
    }

    /** An operator ends the VM. */
    void vmEnds() {
        vmRuns = false;
        vmPaused = false;
        disk.startsAnew();
        post(new Mail(null, new AgentEvent.News(new VmNews.Gone("an operator has ended it")), null));
    }

    /** The agent's process dies and another one takes its place, which lets a VM run on that was paused for a checkpoint. */
    void agentDies() {
        loseAgent("the agent died");
        start();
    }

    private void loseAgent(String why) {
        end();
        vmPaused = false;
        disk.startsAnew();
        agent = new VmAgent(World.VM, RAM_BYTES, AgentTiming.USUAL, disk.capabilities(), now());
        inbox.clear();
        answers.clear();
        effects.clear();
        busy = false;
        stopDemanded = false;
        disconnect(why);
    }

    void start() {
        beginLife();
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
        if (session != null) {
            session.detached();
            session = null;
            post(new Mail(null, new AgentEvent.Closed("the gateway is dead"), null));
        }
    }

    // ---- the line to the gateway --------------------------------------------------------------------------------

    private void attachSoon() {
        later(dice.nextLong(5 * MILLI, 120 * MILLI), () -> {
            if (session == null && world.gateway(site).up() && world.tickBox().isTicked(site)) {
                session = new SimulatedAgentSession(this, gatewayConduct);
                post(new Mail(null, new AgentEvent.Opened(), null));
            }
        });
    }

    private void disconnect(String reason) {
        if (session != null) {
            SimulatedAgentSession gone = session;
            session = null;
            gone.detached();
            tellGateway(gateway -> gateway.detached(gone, reason));
        }
    }

    /** What the agent says goes to the gateway that it is attached to, or nowhere. */
    private void tellGateway(Consumer<CheckpointListener> what) {
        CheckpointListener gateway = world.gateway(site).agents();
        world.time().after(LOCAL_NANOS, () -> what.accept(gateway));
    }

    /** A message of the gateway takes a moment, and dies with its connection. */
    void fromGateway(SimulatedAgentSession by, CheckpointMessage message) {
        later(LOCAL_NANOS, () -> {
            if (!by.isTaken(session, message) || message instanceof CheckpointMessage.Term) {
                return;
            }
            if (message instanceof CheckpointMessage.ResumeVm || message instanceof CheckpointMessage.StopVm) {
                by.kept(false);
            }
            if (message instanceof CheckpointMessage.StopVm) {
                // It counts whatever becomes of the connection.
                stopDemanded = true;
                post(new Mail(null, new AgentEvent.Received(message), null));
            } else if (message instanceof CheckpointMessage.Activate && world.has(Plant.OLDER_IMAGE_ACTIVATED)) {
                inbox.addFirst(new Mail(by, new AgentEvent.Received(message), null));
                work();
            } else {
                post(new Mail(by, new AgentEvent.Received(message), null));
            }
        });
    }

    /** The gateway holds the epoch from here on, and hands it to the image: it is kept. */
    void keeps(Epoch epoch) {
        VmContent content = VmContent.of(epoch);
        content.keptAt(world.checks());
        world.trace(site + " keeps " + epoch.header().epoch() + ", state " + content.state());
    }

    /** An epoch for the image is on its way, and is read out at once. */
    void epochFromGateway(SimulatedAgentSession by, Epoch epoch) {
        VmContent content = VmContent.of(epoch);
        EpochHeader header = epoch.header();
        epoch.close();
        boolean overtaken = world.has(Plant.EPOCHS_OVERTAKE) && dice.nextInt(64) == 0;
        later(overtaken ? OVERTAKEN_NANOS : LOCAL_NANOS, () -> {
            if (by.isTaken(session, new CheckpointMessage.Begin(header, 0, 0))) {
                post(new Mail(by, new AgentEvent.EpochArrived(header), content));
            }
        });
    }

    /** The agent ends the connection, and makes another one soon. */
    void hangUp(String reason) {
        disconnect(reason);
        inbox.addFirst(new Mail(null, new AgentEvent.Closed(reason), null));
        attachSoon();
    }

    /** Its agents' disk is lost, and they start anew; the VM runs on. */
    void forgetTerms() {
        gatewayConduct = new GatewayConduct();
        agentDies();
    }

    /** The highest term that its agents were ever told of, as it stands on their disk. */
    long rememberedTerm() {
        return gatewayConduct.highestTerm();
    }

    void say(CheckpointMessage message) {
        SimulatedAgentSession by = session;
        if (by == null || !by.takes(message)) {
            return;
        }
        if (message instanceof CheckpointMessage.Failed failed
                && failed.kind() == FailureKind.APPLY
                && !vmRuns
                && VmContent.isLost(failed.reason(), arrivedHeader, replicaEpoch())) {
            throw new Violation(Rule.IMAGE_STAYS, site + " loses its image: " + failed.reason());
        }
        if (message instanceof CheckpointMessage.VmPaused paused) {
            world.trace(site + ": the VM is paused at state " + state + " of " + paused.last());
        }
        tellGateway(gateway -> by.said(message, gateway));
        if (message instanceof CheckpointMessage.Hello) {
            fromGateway(by, new CheckpointMessage.Welcome(by.dialect(), WINDOW, NEVER, false));
        }
    }

    private void afterEpochs(Runnable what) {
        SimulatedAgentSession by = session;
        later(Math.max(0, shippedNanos - now()), () -> {
            if (by == session) {
                what.run();
            }
        });
    }

    // ---- the VM -------------------------------------------------------------------------------------------------

    private void vmSends() {
        later(dice.nextLong(4 * MILLI, 16 * MILLI), () -> {
            if (vmRuns && !vmPaused) {
                world.checks().executes(site, session != null && session.isKept());
                state++;
                disk.written(lineage, state);
                world.gateway(site).fromVm(lineage, state);
            }
            vmSends();
        });
    }

    // ---- the agent ----------------------------------------------------------------------------------------------

    private void post(Mail mail) {
        inbox.addLast(mail);
        work();
    }

    private void work() {
        while (!busy) {
            if (!effects.isEmpty()) {
                carryOut(effects.removeFirst());
            } else if (!answers.isEmpty()) {
                decide(answers.removeFirst());
            } else if (!inbox.isEmpty()) {
                open(inbox.removeFirst());
            } else if (agent.dueIn(now()) == 0) {
                decide(new AgentEvent.Tick());
            } else {
                sleep();
                return;
            }
        }
    }

    private void sleep() {
        int mine = ++sleeps;
        if (session != null && agent.phase() == AgentPhase.KEPT) {
            session.kept(true);
        }
        long due = agent.dueIn(now());
        if (due < NEVER) {
            later(due, () -> {
                if (mine == sleeps) {
                    work();
                }
            });
        }
    }

    private void open(Mail mail) {
        if (mail.by() == null || mail.by() == session) {
            if (mail.event() instanceof AgentEvent.EpochArrived epoch) {
                arrived = mail.content();
                arrivedHeader = epoch.header();
            }
            decide(distorted(mail.event()));
        }
    }

    private AgentEvent distorted(AgentEvent event) {
        boolean activates = event instanceof AgentEvent.Received received
                && received.message() instanceof CheckpointMessage.Activate;
        return activates && world.has(Plant.OLDER_IMAGE_ACTIVATED)
                ? new AgentEvent.Received(new CheckpointMessage.Activate(replicaEpoch()))
                : event;
    }

    private void decide(AgentEvent event) {
        effects.addAll(agent.on(event, now()));
    }

    private void carryOut(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.Note note -> {}
            case AgentEffect.Trouble trouble -> world.trace(site + " agent: " + trouble.text());
            case AgentEffect.Send send -> say(send.message());
            case AgentEffect.SendAfterEpochs send -> afterEpochs(() -> say(send.message()));
            case AgentEffect.CloseConnection close -> hangUp(close.reason());
            case AgentEffect.Attach attach ->
                answers.add(vmRuns ? new AgentEvent.Found("simulated", Optional.empty()) : new AgentEvent.NotFound(""));
            case AgentEffect.Look look -> answers.add(new AgentEvent.Looked(Optional.empty()));
            case AgentEffect.Detach detach -> {}
            case AgentEffect.Unguard unguard -> {}
            case AgentEffect.BeginImage begin -> disk.chainBegins();
            case AgentEffect.OfDisks toDisk -> toDisk(toDisk);
            case AgentEffect.HandOverReplica handOver -> {}
            case AgentEffect.ReleaseReplica release -> {}
            default -> onTheVm(effect);
        }
    }

    private void onTheVm(AgentEffect effect) {
        switch (effect) {
            case AgentEffect.PauseForCheckpoint pause -> {
                pausedHere = !vmPaused;
                vmPaused |= !world.has(Plant.SEAL_AFTER_RESUME);
                answers.add(new AgentEvent.Paused());
            }
            case AgentEffect.Collect collect -> {
                disk.cut();
                collected = new VmContent(lineage, state, 0, disk.image());
                answers.add(new AgentEvent.Collected());
            }
            case AgentEffect.Verify verify -> {
                if (world.has(Plant.RESUMED_THOUGH_KEPT) && !pausedHere) {
                    vmPaused = false;
                }
                boolean spoiled = world.has(Plant.DROPPED_CHECKPOINT_LOSES_BLOCKS) && dice.nextInt(DROPPED) == 0;
                answers.add(spoiled ? new AgentEvent.Spoiled("dropped, for once") : new AgentEvent.Verified());
            }
            case AgentEffect.Resume resume -> {
                resume(pausedHere);
                answers.add(new AgentEvent.Resumed());
            }
            case AgentEffect.Abandon abandon -> {
                disk.restore();
                resume(pausedHere);
            }
            case AgentEffect.ResumeKept kept -> resume(true);
            case AgentEffect.Ship ship -> ship(ship.epoch(), ship.base());
            case AgentEffect.Kill kill -> {
                vmRuns = false;
                vmPaused = false;
                stopDemanded = false;
                disk.startsAnew();
                answers.add(new AgentEvent.Killed());
            }
            case AgentEffect.Apply apply -> {
                VmContent content = arrived;
                EpochHeader header = arrivedHeader;
                takeTime(dice.nextLong(MILLI), () -> {
                    replica = content;
                    Optional<String> refused = disk.apply(header, content);
                    answers.add(refused.<AgentEvent.Answer>map(AgentEvent.ApplyFailed::new)
                            .orElseGet(AgentEvent.Applied::new));
                });
            }
            case AgentEffect.Activate activate -> takeTime(dice.nextLong(20 * MILLI, 120 * MILLI), this::activate);
            default -> throw new IllegalStateException("nobody carries out " + effect);
        }
    }

    private void toDisk(AgentEffect.OfDisks effect) {
        if (effect instanceof AgentEffect.SyncDisks) {
            takeTime(dice.nextLong(20 * MILLI), () -> {
                disk.sync();
                answers.add(new AgentEvent.DisksSynced());
            });
        } else {
            disk.obey(effect, vmRuns).ifPresent(answers::add);
        }
    }

    /** The disks that its agent tells of. */
    CarriedDisks disks() {
        return disk.carried();
    }

    private void resume(boolean wasPausedHere) {
        vmPaused &= !wasPausedHere || stopDemanded;
    }

    private void takeTime(long nanos, Runnable then) {
        busy = true;
        later(nanos + slowDiskMs * MILLI, () -> {
            busy = false;
            then.run();
            work();
        });
    }

    private void activate() {
        if (!disk.isWhole()) {
            answers.add(new AgentEvent.ActivationFailed("the disks are no whole epoch"));
            return;
        }
        world.trace(site + " activates state " + replica.state() + " of " + replicaEpoch());
        lineage = world.checks().activated(site, replica.lineage(), replica.state());
        state = replica.state();
        disk.activated();
        vmRuns = true;
        vmPaused = false;
        answers.add(new AgentEvent.Activated("simulated"));
    }

    private void ship(EpochId id, EpochId base) {
        SimulatedAgentSession by = session;
        VmContent content = collected.changing(disk.take(id));
        EpochHeader header = new EpochHeader(World.VM, id, base, RAM_BYTES, disk.taken());
        Epoch epoch = new Epoch(header, PageSet.empty(), disk.changes(), content.bytes());
        shippedNanos = Math.max(shippedNanos, now()) + dice.nextLong(MILLI, 8 * MILLI);
        later(shippedNanos - now(), () -> {
            if (by == session && by != null) {
                by.requireOrder(new CheckpointMessage.Begin(epoch.header(), 0, 0, epoch.deviceState().length));
                by.conduct().received(id);
                tellGateway(gateway -> gateway.epochReceived(by, epoch, 1));
                post(new Mail(by, new AgentEvent.Shipped(), null));
            }
        });
        answers.add(new AgentEvent.Taken(epoch.plainBytes()));
    }
}
