package org.secondsite.replicator.agent;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * What an agent decides for one VM: when it is paused, what is shipped and applied, and when it runs.
 *
 * <p>Either the VM is here, and its checkpoints can be taken, or it is not ({@code ABSENT}), and a replica of it may be kept and
 * activated. HELLO states which; when that changes unasked (the VM appears), the connection is closed and the next HELLO tells.
 *
 * <p>The VM never depends on the gateway: without a connection it runs, and no checkpoint is taken until START is said anew.
 *
 * <p>PAUSE_VM takes two checkpoints: one that leaves the VM paused, and one of the VM that stands still. The packets that it had
 * sent last may have been on their way to the gateway when the first was sealed; the second one covers them.
 *
 * <p>Pure: events and a time in, effects out; the time is in nanoseconds of any monotonic clock. Not thread-safe.
 */
public final class VmAgent {
    private static final long NEVER = Long.MAX_VALUE;

    private final VmId vm;
    private final long ramBytes;
    private final AgentTiming timing;
    private final CheckpointSchedule schedule = new CheckpointSchedule();
    private final HaltRecovery recovery = new HaltRecovery();
    private final Deque<CheckpointMessage> waiting = new ArrayDeque<>();
    private final AgentOutbox out;
    private final StandbyDuty standby;
    private final StartOrder startOrder;
    private final DiskDuty disks;
    private long now;
    private AgentPhase phase = AgentPhase.ABSENT;
    private String reason = "not looked for yet";
    private final Sighting sighting;
    private VmCheckpoint checkpoint;
    /** The epoch that the next delta builds on, NONE if the next checkpoint is a full image. */
    private EpochId image = EpochId.NONE;

    private boolean pauseOrdered;
    /** Why the last checkpoint was given up that was. */
    private String dropped = "";

    private final LatePauses latePauses = new LatePauses();

    /**
     * An agent that knows nothing yet; it looks for the VM with its first tick.
     *
     * @param capabilities what it can, beyond what the version asks for
     */
    public VmAgent(VmId vm, long ramBytes, AgentTiming timing, Set<Capability> capabilities, long nowNanos) {
        this.vm = vm;
        this.ramBytes = ramBytes;
        this.timing = timing;
        this.out = new AgentOutbox(capabilities);
        this.disks = new DiskDuty(out, capabilities.contains(Capability.DISKS));
        this.standby = new StandbyDuty(out, disks);
        this.startOrder = new StartOrder(out, disks);
        this.sighting = new Sighting(out, MILLISECONDS.toNanos(timing.attachPollMs()), nowNanos);
    }

    /** What is to be done because of an event, in order. */
    public List<AgentEffect> on(AgentEvent event, long nowNanos) {
        now = nowNanos;
        switch (event) {
            case AgentEvent.Tick tick -> due();
            case AgentEvent.Opened opened -> opened();
            case AgentEvent.Closed closed -> closed(closed.reason());
            case AgentEvent.Received received -> received(received.message());
            case AgentEvent.EpochArrived arrived -> standby.arrived(arrived.header(), isHere());
            case AgentEvent.Shipped shipped -> schedule.shipped();
            case AgentEvent.DisksFill fill -> disks.fill(fill.level(), schedule, now);
            case AgentEvent.News news -> news(news.news());
            case AgentEvent.End end -> end();
            case AgentEvent.Answer answer -> answered(answer);
        }
        while (phase != AgentPhase.CHECKPOINT && !waiting.isEmpty()) {
            obey(waiting.removeFirst());
        }
        if (schedule.hasEnded() && isHere()) {
            out.want(new AgentEffect.Unguard());
        }
        return out.drain();
    }

    /** What this agent has made of the VM. */
    public AgentPhase phase() {
        return phase;
    }

    /** Why it is in this phase. */
    public String reason() {
        return reason;
    }

    /** The epoch that the replica is at, NONE if there is none. */
    public EpochId replica() {
        return standby.applied();
    }

    private void to(AgentPhase next, String why) {
        phase = next;
        reason = why;
    }

    private boolean isHere() {
        return phase != AgentPhase.ABSENT;
    }

    /** How long until a tick is worth while, in nanoseconds, if no other event comes before. */
    public long dueIn(long nowNanos) {
        long look = startOrder.dueIn(nowNanos);
        return switch (phase) {
            case ABSENT -> sighting.dueIn(nowNanos);
            case CHECKPOINT -> Math.max(0, checkpoint.deadlineNanos - nowNanos);
            case LEFT_ALONE -> Math.min(look, Math.min(checkpointIn(nowNanos), starvesIn(nowNanos)));
            case STANDS -> checkpointIn(nowNanos);
            case WAITS_FOR_ROOM -> schedule.starvesIn(nowNanos).isEmpty() ? 0 : NEVER;
            case HALTED -> Math.min(look, recovery.dueIn(nowNanos).orElse(NEVER));
            case KEPT, PAUSE_LATE -> NEVER;
        };
    }

    private long checkpointIn(long nowNanos) {
        return out.isConnected() ? schedule.dueIn(nowNanos).orElse(NEVER) : NEVER;
    }

    private long starvesIn(long nowNanos) {
        return Math.min(schedule.starvesIn(nowNanos).orElse(NEVER), disks.givesUpIn(nowNanos));
    }

    private void due() {
        disks.passed(now);
        if (dueIn(now) > 0) {
            return;
        }
        if ((phase == AgentPhase.LEFT_ALONE || phase == AgentPhase.HALTED) && startOrder.dueIn(now) == 0) {
            startOrder.look(now);
            return;
        }
        switch (phase) {
            case ABSENT -> {
                sighting.later(now);
                out.want(new AgentEffect.Attach());
            }
            case CHECKPOINT -> drop("the gateway did not seal within " + timing.maxPauseMs() + " ms");
            case LEFT_ALONE -> {
                if (checkpointIn(now) == 0) {
                    begin();
                } else if (disks.givesUpIn(now) == 0) {
                    disks.giveUp(now);
                } else {
                    to(AgentPhase.WAITS_FOR_ROOM, "the window is full");
                    out.want(new AgentEffect.PauseForRoom());
                }
            }
            case STANDS -> begin();
            case WAITS_FOR_ROOM -> leaveAlone("there is room");
            case HALTED -> {
                recovery.attempted(now);
                out.want(new AgentEffect.Retry());
            }
            case KEPT, PAUSE_LATE -> {}
        }
    }

    private void opened() {
        out.connected(true);
        String words = isHere() ? sighting.description() + startOrder.trouble(recovery) : sighting.trouble();
        out.hello(vm, ramBytes, isHere(), isHere() ? image : standby.applied(), words);
    }

    private void closed(String why) {
        out.want(new AgentEffect.Trouble("connection to the gateway is gone: " + why));
        out.connected(false);
        startOrder.takenBack();
        waiting.clear();
        if (phase == AgentPhase.CHECKPOINT) {
            drop("the gateway is gone: " + why);
        }
        schedule.disconnected();
        if (phase == AgentPhase.WAITS_FOR_ROOM) {
            leaveAlone("the gateway is gone");
        }
        resumeVm("the gateway is gone");
        disks.gatewayGone(now);
    }

    private void received(CheckpointMessage message) {
        switch (message) {
            case CheckpointMessage.Sealed sealed -> {
                // That of a seal which was given up means nothing any more.
                if (phase == AgentPhase.CHECKPOINT && sealed.epoch().equals(checkpoint.id) && checkpoint.sealed()) {
                    out.want(new AgentEffect.Verify());
                }
            }
            case CheckpointMessage.StopVm stop -> stopVm(stop.reason());
            case CheckpointMessage.Refused refused -> out.answered(refused);
            default -> waiting.addLast(message);
        }
    }

    private void obey(CheckpointMessage message) {
        switch (message) {
            case CheckpointMessage.Welcome welcome -> {
                out.answered(welcome);
                startOrder.welcomed(welcome);
                schedule.window(welcome.window(), welcome.windowBytes(), welcome.stalls());
            }
            case CheckpointMessage.Start start -> start(start);
            case CheckpointMessage.Window window -> schedule.window(window);
            case CheckpointMessage.Interval interval -> schedule.interval(MILLISECONDS.toNanos(interval.intervalMs()));
            case CheckpointMessage.CheckpointNow atOnce -> schedule.now(now);
            case CheckpointMessage.Retitle retitle -> {
                schedule.retitle(retitle.next());
                startOrder.retitle(retitle.next());
            }
            case CheckpointMessage.Credit credit -> {
                schedule.credit(credit.committed());
                disks.acknowledged(credit.committed());
            }
            case CheckpointMessage.Stop stop -> {
                out.note("no more checkpoints");
                startOrder.takenBack();
                schedule.stop();
                disks.stopped(now);
            }
            case CheckpointMessage.PauseVm again when pauseOrdered -> {}
            case CheckpointMessage.PauseVm pauseVm -> {
                pauseOrdered = true;
                schedule.now(now);
            }
            case CheckpointMessage.ResumeVm resumeVm -> resumeVm("the gateway says so");
            case CheckpointMessage.Activate activate -> standby.activate(activate.expected(), isHere());
            case CheckpointMessage.Release release -> standby.release(isHere());
            case CheckpointMessage.DiskOrder order -> disks.obey(order);
            case CheckpointMessage.OfDisks said -> {
                startOrder.heard(said.talk(), isHere(), now).ifPresent(this::begin);
                disks.heard(said.talk(), standby.applied());
            }
            default -> out.note("unexpected " + message.getClass().getSimpleName());
        }
    }

    private void found(String words, Optional<String> against) {
        adopt(words, "found");
        startOrder.refused(against);
        out.note("the VM is here: " + words + startOrder.trouble(recovery));
        standby.handOver();
        if (out.isConnected()) {
            out.want(new AgentEffect.CloseConnection("the VM is here now"));
        }
    }

    private void adopt(String words, String why) {
        sighting.found(words);
        startOrder.forget();
        image = EpochId.NONE;
        to(AgentPhase.LEFT_ALONE, why);
    }

    private void start(CheckpointMessage.Start start) {
        if (!isHere()) {
            out.failed(FailureKind.VM, EpochId.NONE, "the VM is not here");
            return;
        }
        startOrder.given(start, now);
    }

    private void begin(CheckpointMessage.Start start) {
        boolean anew = start.full() || disks.serves();
        image = anew ? EpochId.NONE : image;
        out.note("checkpoints from " + start.first() + " every " + start.intervalMs() + " ms, on " + image);
        out.want(new AgentEffect.BeginImage(anew));
        schedule.start(start.first(), MILLISECONDS.toNanos(start.intervalMs()), now);
    }

    private void begin() {
        EpochId id = schedule.begin(now);
        long deadline = now + MILLISECONDS.toNanos(timing.maxPauseMs());
        checkpoint = new VmCheckpoint(id, image, pauseOrdered, phase, deadline);
        to(AgentPhase.CHECKPOINT, "epoch " + id);
        out.want(new AgentEffect.PauseForCheckpoint(image.equals(EpochId.NONE)));
    }

    private void paused() {
        if (phase == AgentPhase.CHECKPOINT) {
            out.say(new CheckpointMessage.Seal(checkpoint.id));
            out.want(new AgentEffect.Collect());
        } else {
            out.note("the VM waits until the standby has caught up");
        }
    }

    private void verified() {
        if (checkpoint.staysPaused) {
            resumed();
        } else {
            out.want(new AgentEffect.Resume());
        }
    }

    private void resumed() {
        if (phase == AgentPhase.CHECKPOINT) {
            out.want(new AgentEffect.Ship(checkpoint.id, checkpoint.base));
        }
    }

    private void taken(AgentEvent.Taken taken) {
        EpochId id = checkpoint.id;
        schedule.taken(id, taken.plainBytes());
        disks.taken(taken, now);
        image = id;
        if (!checkpoint.staysPaused) {
            rest(AgentPhase.LEFT_ALONE, "epoch " + id + " is taken");
        } else if (checkpoint.from == AgentPhase.STANDS) {
            to(AgentPhase.KEPT, "epoch " + id + " is all of it");
            out.note("the VM is paused, " + reason);
            out.sayAfterEpochs(new CheckpointMessage.VmPaused(id));
        } else {
            to(AgentPhase.STANDS, "epoch " + id + " has left it paused");
            schedule.now(now);
        }
        checkpoint = null;
    }

    /** Gives up the checkpoint under way; the VM is as it was before. */
    private void drop(String why) {
        out.want(new AgentEffect.Abandon());
        undo(why);
    }

    private void undo(String why) {
        EpochId id = checkpoint.id;
        schedule.dropped(id, now);
        dropped = why;
        rest(checkpoint.from, "epoch " + id + " is dropped");
        checkpoint = null;
        out.failed(FailureKind.CHECKPOINT, id, why);
    }

    private void rest(AgentPhase before, String why) {
        AgentPhase alone = recovery.isHalted() ? AgentPhase.HALTED : AgentPhase.LEFT_ALONE;
        to(before == AgentPhase.STANDS ? AgentPhase.STANDS : alone, why);
    }

    private void leaveAlone(String why) {
        rest(AgentPhase.LEFT_ALONE, why);
        out.want(new AgentEffect.ResumeKept());
    }

    /** What PAUSE_VM has stopped goes on, and so do checkpoints. */
    private void resumeVm(String why) {
        pauseOrdered = false;
        latePauses.leadsNowhere();
        if (phase == AgentPhase.STANDS || phase == AgentPhase.KEPT) {
            leaveAlone(why);
            schedule.now(now);
        }
    }

    /** The VM will be paused sooner or later, and is to be made to run then. */
    private void pauseLate(String why) {
        String words = latePauses.begins(why, phase == AgentPhase.CHECKPOINT ? checkpoint : null, schedule, now);
        checkpoint = phase == AgentPhase.CHECKPOINT ? null : checkpoint;
        to(AgentPhase.PAUSE_LATE, why);
        out.failed(FailureKind.CHECKPOINT, EpochId.NONE, words);
    }

    private void news(VmNews news) {
        switch (news) {
            case VmNews.Gone gone -> lost(gone.reason());
            case VmNews.Halted halted -> halted(halted.reason());
            case VmNews.Resumed resumed -> {
                if (recovery.isHalted()) {
                    out.note("the VM runs again, which was halted");
                    recovery.resumed(now);
                    if (phase == AgentPhase.HALTED) {
                        rest(AgentPhase.LEFT_ALONE, "it runs again");
                    }
                }
            }
            case VmNews.CopyEnded ended -> startOrder.lookSoon(now);
            case VmNews.Refused refused -> out.failed(FailureKind.CHECKPOINT, EpochId.NONE, refused.what());
            case VmNews.Unfit unfit -> startOrder.unfit(unfit.reason(), dropped);
            case VmNews.PausedLate late -> {
                if (phase == AgentPhase.PAUSE_LATE) {
                    rest(latePauses.leadsTo(), "the late pause is over");
                    if (phase != AgentPhase.STANDS) {
                        out.want(new AgentEffect.ResumeKept());
                    }
                }
            }
        }
    }

    private void halted(String why) {
        boolean news = recovery.halted(why, now);
        if (phase == AgentPhase.CHECKPOINT) {
            drop(why);
        } else if (news) {
            out.failed(FailureKind.CHECKPOINT, EpochId.NONE, why);
        }
        if (phase == AgentPhase.LEFT_ALONE) {
            rest(AgentPhase.LEFT_ALONE, why);
        }
    }

    /** The VM is gone, or not in a known state. */
    private void lost(String why) {
        if (isHere()) {
            detach(why);
            out.failed(FailureKind.VM, EpochId.NONE, why);
        }
    }

    private void detach(String why) {
        pauseOrdered = false;
        startOrder.forget();
        checkpoint = null;
        image = EpochId.NONE;
        recovery.forget();
        schedule.disconnected();
        sighting.later(now);
        to(AgentPhase.ABSENT, why);
        out.want(new AgentEffect.Detach());
    }

    private void stopVm(String why) {
        out.want(new AgentEffect.Trouble("the VM is killed: " + why));
        // Whatever else waits was ordered for the VM that is killed now, but a replica's orders come after it.
        detach(why);
        out.want(new AgentEffect.Kill(why));
    }

    private void activated(String words) {
        adopt(words, "activated from epoch " + standby.inHand());
        standby.handOver();
        out.say(new CheckpointMessage.Activated(standby.inHand()));
    }

    private void answered(AgentEvent.Answer answer) {
        switch (answer) {
            case AgentEvent.Found found -> found(found.description(), found.refusal());
            case AgentEvent.NotFound not -> sighting.notFound(not.trouble());
            case AgentEvent.Looked looked ->
                startOrder.looked(looked, schedule, now).ifPresent(this::begin);
            case AgentEvent.Compared compared -> startOrder.say(compared.answer());
            case AgentEvent.Unprepared unprepared -> undo(unprepared.reason());
            case AgentEvent.Paused paused -> paused();
            case AgentEvent.PauseFailed failed when phase == AgentPhase.CHECKPOINT -> drop(failed.reason());
            case AgentEvent.PauseFailed failed -> lost(failed.reason());
            case AgentEvent.PauseLate late -> pauseLate(late.reason());
            case AgentEvent.Collected collected -> {
                if (checkpoint.collected()) {
                    out.want(new AgentEffect.Verify());
                }
            }
            case AgentEvent.CollectFailed failed -> drop(failed.reason());
            case AgentEvent.Verified verified -> verified();
            case AgentEvent.Spoiled spoiled -> drop(spoiled.reason());
            case AgentEvent.Resumed resumed -> resumed();
            case AgentEvent.Lost lost -> lost(lost.reason());
            case AgentEvent.Taken taken -> taken(taken);
            case AgentEvent.Applied applied -> standby.applyDone();
            case AgentEvent.ApplyFailed failed -> standby.refuse(failed.reason());
            case AgentEvent.Activated activated -> activated(activated.description());
            case AgentEvent.ActivationFailed failed -> standby.notActivated(failed.reason());
            case AgentEvent.ReplicaSpent spent -> standby.spent(spent.reason());
            case AgentEvent.OfDisks ofDisks -> disks.answered(ofDisks);
            case AgentEvent.Killed killed -> out.sayAfterEpochs(new CheckpointMessage.VmStopped());
            case AgentEvent.NotKilled not -> out.failed(FailureKind.STOP_VM, EpochId.NONE, not.reason());
        }
    }

    /** The agent ends; the VM runs on. */
    private void end() {
        out.connected(false);
        waiting.clear();
        switch (phase) {
            case CHECKPOINT -> out.want(new AgentEffect.Abandon());
            case WAITS_FOR_ROOM, STANDS, KEPT, PAUSE_LATE -> out.want(new AgentEffect.ResumeKept());
            case ABSENT, LEFT_ALONE, HALTED -> {}
        }
        disks.agentEnds();
        detach("the agent ends");
    }
}
