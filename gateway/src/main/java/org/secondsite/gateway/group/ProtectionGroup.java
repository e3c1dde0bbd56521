package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipAction;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One protection group at this gateway: feeds its {@link Ownership} with what happens and carries out what it orders.
 *
 * <p>The ownership table decides; this class only translates. Facts about single VMs are summed up for the group here: the
 * group is as far as the VM that is least far.
 *
 * <p>Conductor thread only.
 */
public final class ProtectionGroup {
    private static final Logger LOG = LoggerFactory.getLogger(ProtectionGroup.class);
    /** How long a protected owner waits for an agent to come back before it gives the VM up. */
    private static final long AGENT_GRACE_NANOS = 1_500_000_000L;
    /** How long after a failed activation the next one is tried. */
    private static final long ACTIVATION_RETRY_NANOS = 500_000_000L;

    private static final Set<OwnershipState> RUNS_THE_VMS =
            EnumSet.of(OwnershipState.SOLO, OwnershipState.SYNCING, OwnershipState.PROTECTED);
    /** How often the peer is told what it was told before: a message may have been lost with a connection. */
    private static final long REPEAT_NANOS = 250_000_000L;

    private final GroupId id;
    private final Ownership ownership;
    private final Surroundings surroundings;
    private final Consumer<Runnable> conductor;
    private final LongSupplier clock;
    private final Map<VmId, VmAtSite> vms = new LinkedHashMap<>();
    private final GroupCounters counters = new GroupCounters();

    private boolean imageReported;
    private boolean imageAcknowledgedReported;
    private boolean caughtUpReported;
    private boolean sourceReported;
    private long sourceGoneNanos;
    private String activationFailure;
    private long activationFailedNanos;
    private long toldPeerNanos;
    /** Counts the images that this standby lost; the owner restarts its chain when the number changes. */
    private long imageGeneration;

    private long burnedTerm;
    private final OverloadWatch overload;
    private PeerMessage.StandbyState lastOffer;
    private Consumer<SwitchoverResult> switchover;
    private long peerGenerationAtStart;
    private Optional<Reassurance> reassurance = Optional.empty();

    /**
     * A group whose role is not known yet.
     *
     * @param conductor runs a task on the conductor's thread, later
     * @param clock a monotonic time in nanoseconds
     */
    public ProtectionGroup(
            GatewayConfig config,
            GatewayConfig.Group settings,
            Surroundings surroundings,
            Consumer<Runnable> conductor,
            LongSupplier clock) {
        this.id = settings.id();
        this.surroundings = surroundings;
        this.conductor = conductor;
        this.clock = clock;
        this.imageGeneration = clock.getAsLong();
        this.toldPeerNanos = imageGeneration;
        this.overload = new OverloadWatch(
                config.checkpoint().overload(), config.checkpoint().overloadAfterMs());
        this.ownership = new Ownership(config.site(), config.peerSite());
        for (GatewayConfig.Vm vm : settings.vms()) {
            if (vm.isProtected()) {
                vms.put(vm.id(), new VmAtSite(vm, surroundings, config));
            }
        }
    }

    /** The group. */
    public GroupId id() {
        return id;
    }

    /** Who owns it, as far as this gateway knows. */
    public Ownership ownership() {
        return ownership;
    }

    /** Its protected VMs. */
    public Iterable<VmAtSite> vms() {
        return vms.values();
    }

    // ---- the operator -------------------------------------------------------------------------------------------

    /**
     * What came of an order.
     *
     * @param done whether the other site runs the VMs
     * @param reason how it ended, or why it was refused, in words
     */
    public record SwitchoverResult(boolean done, String reason) {}

    /**
     * An operator wants the standby to become the owner.
     *
     * @param ended is told once, when the other site runs the VMs, or they are to stay here
     */
    public void switchOver(String reason, Consumer<SwitchoverResult> ended) {
        if (switchover != null) {
            ended.accept(new SwitchoverResult(false, "one is under way"));
            return;
        }
        switchover = ended;
        surroundings.timeline().note(id.name(), "switchover", "ordered: " + reason);
        tell(new OwnershipEvent.SwitchoverOrdered(reason));
    }

    private void switchoverEnded(OwnershipAction.SwitchoverEnded end) {
        counters.switchover(end.done());
        surroundings.timeline().note(id.name(), "switchover", (end.done() ? "done: " : "not done: ") + end.reason());
        if (switchover != null) {
            switchover.accept(new SwitchoverResult(end.done(), end.reason()));
            switchover = null;
        }
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    /** The witness told a record. */
    public void recordLearnt(OwnershipRecord record) {
        tell(new OwnershipEvent.RecordLearnt(record));
    }

    /** The peer passed on a record. */
    public void recordPassedOn(OwnershipRecord record) {
        tell(new OwnershipEvent.RecordPassedOn(record));
    }

    /**
     * This process stood still, and its data plane waits to be told that this site owns the group still. Whoever owns it
     * alone cannot have been replaced. Otherwise the witness is asked; and because nothing changes while only the witness is
     * lost, the peer's acknowledgement of an epoch that was sent afterwards is as good: a standby gives none after it has
     * asked to take over.
     */
    public void stoodStill(long standstill) {
        Map<VmId, EpochId> sent = new LinkedHashMap<>();
        each(vm -> sent.put(vm.id(), vm.source().lastSent()));
        long now = clock.getAsLong();
        reassurance = Optional.of(new Reassurance(standstill, sent, now));
        reassure(now);
    }

    private void reassure(long now) {
        if (reassurance.isEmpty() || !reassurance.get().due(now)) {
            return;
        }
        if (ownership.state() == OwnershipState.SOLO) {
            goOn();
            return;
        }
        Reassurance asking = reassurance.get();
        var _ = surroundings
                .witness()
                .read(id)
                .whenComplete((record, failure) -> conductor.accept(() -> {
                    asking.answered();
                    if (failure == null) {
                        tell(new OwnershipEvent.RecordLearnt(record));
                        boolean current = reassurance.filter(asking::equals).isPresent();
                        if (current && ownership.record().equals(Optional.of(record))) {
                            goOn();
                        }
                    }
                }));
    }

    private void goOn() {
        reassurance.ifPresent(r -> each(vm -> surroundings.dataPlane().goOn(vm.id(), r.standstill())));
        reassurance = Optional.empty();
    }

    private void ask(OwnershipAction.Ask ask) {
        surroundings
                .timeline()
                .note(
                        id.name(),
                        "ask",
                        "witness: owner " + ask.owner() + " in sync " + new TreeSet<>(ask.inSync()) + " after term "
                                + ask.expectedTerm() + " (" + ask.reason() + ")");
        var _ = surroundings
                .witness()
                .ask(id, ask.expectedTerm(), ask.owner(), ask.inSync(), ask.reason())
                .whenComplete((answer, failure) -> conductor.accept(() -> answered(ask, answer, failure)));
    }

    private void answered(OwnershipAction.Ask ask, Answer answer, Throwable failure) {
        switch (answer) {
            case null -> {
                counters.request(GroupCounters.Answered.UNANSWERED);
                tell(new OwnershipEvent.Unanswered(ask.attempt(), String.valueOf(failure.getMessage())));
            }
            case Answer.Granted granted -> {
                counters.request(GroupCounters.Answered.GRANTED);
                surroundings
                        .timeline()
                        .note(id.name(), "grant", granted.record().toString());
                tell(new OwnershipEvent.Granted(ask.attempt(), granted.record()));
            }
            case Answer.Refused refused -> {
                counters.request(GroupCounters.Answered.REFUSED);
                surroundings.timeline().note(id.name(), "refusal", refused.reason() + "; " + refused.current());
                tell(new OwnershipEvent.Refused(ask.attempt(), refused.current(), refused.reason()));
            }
        }
    }

    // ---- the peer -----------------------------------------------------------------------------------------------

    /** The other gateway is suspected. */
    public void peerLost(String reason) {
        lastOffer = null;
        tell(new OwnershipEvent.PeerLost(reason));
    }

    /** The other gateway is heard again, and the tunnel is up. */
    public void peerBack() {
        tell(new OwnershipEvent.PeerBack());
    }

    /** What each side must know first on a tunnel that came up: the record, and what the standby has to offer. */
    public void tellPeer() {
        toldPeerNanos = clock.getAsLong();
        ownership.record().ifPresent(r -> surroundings.peer().send(new PeerMessage.RecordNews(r)));
        offer();
    }

    /** The other site runs the VMs, under a term of its own. */
    public void peerActive(long term) {
        tell(new OwnershipEvent.PeerActive(term));
    }

    /** What the other gateway says of itself as a standby. */
    public void offered(PeerMessage.StandbyState state) {
        lastOffer = state;
        boolean chainBroken = state.imageGeneration() != peerGenerationAtStart && anyCheckpointing();
        if (!state.ready() || chainBroken) {
            tell(new OwnershipEvent.StandbyBroken(state.ready() ? "it lost its image" : state.reason()));
        }
        standbyReady();
    }

    private void standbyReady() {
        if (lastOffer != null && lastOffer.ready() && !overload.forbidsSync(clock.getAsLong())) {
            tell(new OwnershipEvent.StandbyReady());
        }
    }

    /** Tells the peer what this site has to offer as a standby. */
    private void offer() {
        if (RUNS_THE_VMS.contains(ownership.state()) && all(VmAtSite::running)) {
            surroundings.peer().send(new PeerMessage.VmsActive(id, ownership.term()));
        }
        boolean standby = ownership.state() == OwnershipState.STANDBY;
        boolean agents = all(VmAtSite::canKeepReplica);
        String reason = standby ? (agents ? "ready" : "no agent beside its hypervisor") : "it is " + ownership.state();
        surroundings
                .peer()
                .send(new PeerMessage.StandbyState(id, standby && agents, imageGeneration, burnedTerm, reason));
    }

    /** A whole epoch came through the tunnel. It is closed here, or handed on. */
    public void epochFromPeer(Epoch epoch) {
        EpochId epochId = epoch.header().epoch();
        VmAtSite vm = vms.get(epoch.header().vm());
        Refusal refusal = refusal(vm, epochId);
        if (refusal == null) {
            String gap = vm.replica().keep(vm.session().orElseThrow(), epoch);
            refusal = gap == null ? null : new Refusal(EpochRefusal.GAP, gap);
        }
        if (refusal != null) {
            epoch.close();
            counters.refused(refusal.reason());
            LOG.warn("{} epoch {} refused: {}", vm.id(), epochId, refusal.words());
            surroundings.peer().refuse(vm.id(), epochId, refusal.words());
        }
        reportImage();
    }

    private record Refusal(EpochRefusal reason, String words) {}

    private Refusal refusal(VmAtSite vm, EpochId epoch) {
        if (!ownership.acceptsEpochs()) {
            return new Refusal(
                    epoch.term() < ownership.term() ? EpochRefusal.STALE_TERM : EpochRefusal.NOT_STANDBY,
                    "this site is " + ownership.state() + " in term " + ownership.term());
        }
        if (epoch.term() > ownership.term()) {
            return new Refusal(EpochRefusal.UNKNOWN_TERM, "its term is not known here, only " + ownership.term());
        }
        if (epoch.term() <= burnedTerm) {
            return new Refusal(EpochRefusal.STALE_TERM, "this site has asked to take over in term " + burnedTerm);
        }
        return vm.canKeepReplica() ? null : new Refusal(EpochRefusal.NO_AGENT, "no agent beside its hypervisor");
    }

    /** The standby holds an epoch. */
    public void committedByPeer(VmId vm, EpochId epoch) {
        VmAtSite known = vms.get(vm);
        if (reassurance.filter(r -> r.provedBy(vm, epoch)).isPresent()) {
            goOn();
        }
        known.source().committed(known.session(), epoch, clock.getAsLong());
        reportProgress();
        reportLast();
    }

    /** The standby will not hold an epoch. */
    public void refusedByPeer(EpochId epoch, String reason) {
        tell(new OwnershipEvent.StandbyBroken("it refused epoch " + epoch + ": " + reason));
        standbyReady();
    }

    /** A VM's buffer fills or empties. */
    public void pressure(VmId vm, Pressure pressure) {
        VmAtSite known = vms.get(vm);
        known.source().pressure(pressure, known.session());
    }

    // ---- the agents ---------------------------------------------------------------------------------------------

    /** An agent is there. */
    public void attached(AgentSession session) {
        VmAtSite vm = vms.get(session.vm());
        vm.attach(session);
        vm.replica().forget();
        surroundings
                .timeline()
                .note(
                        vm.id().name(),
                        "agent",
                        "attached, VM " + (vm.running() ? "runs" : "does not run") + ": " + session.description());
        if (vm.running() && vm.source().running()) {
            vm.source().restart(session);
        }
        lostImage("the agent of " + vm.id() + " started anew");
        boolean notHere = ownership.state() == OwnershipState.STANDBY || ownership.state() == OwnershipState.FENCED;
        if (vm.running() && notHere && !ownership.keepsVms()) {
            stopVm(vm, "this site is " + ownership.state() + " in term " + ownership.term());
        }
        reportSource();
        offer();
    }

    /** An agent is gone. */
    public void detached(AgentSession session, String reason) {
        VmAtSite vm = vms.get(session.vm());
        if (!vm.is(session)) {
            return;
        }
        vm.detach();
        vm.replica().forget();
        surroundings.timeline().note(vm.id().name(), "agent", "detached: " + reason);
        lostImage("the agent of " + vm.id() + " is gone");
        reportSource();
        offer();
    }

    /** A VM is paused and waits for its packets to be sealed. */
    public void sealRequested(AgentSession session, EpochId epoch) {
        vms.get(session.vm()).source().sealRequested(session, epoch, clock.getAsLong());
    }

    /** A whole epoch came from the hypervisor. It is closed here, or handed on. */
    public void epochFromAgent(Epoch epoch, long pauseNanos) {
        VmAtSite vm = vms.get(epoch.header().vm());
        vm.noteEpoch();
        vm.source().received(epoch, pauseNanos, clock.getAsLong());
    }

    /** The replica of a VM is at an epoch. */
    public void applied(AgentSession session, EpochId epoch) {
        VmAtSite vm = vms.get(session.vm());
        if (vm.is(session)) {
            vm.replica().applied(epoch);
        }
    }

    /** A VM runs here, from an epoch. */
    public void activated(AgentSession session, EpochId epoch) {
        VmAtSite vm = vms.get(session.vm());
        vm.noteActive(true);
        vm.replica().forget();
        surroundings.timeline().note(vm.id().name(), "vm-active", "from epoch " + epoch);
        if (all(VmAtSite::active)) {
            lostImage("activated");
            sourceReported = true;
            tell(new OwnershipEvent.Activated());
        }
    }

    /** An agent could not do something. */
    public void failed(AgentSession session, String what, String reason) {
        VmAtSite vm = vms.get(session.vm());
        vm.noteFailure(what + ": " + reason);
        surroundings.timeline().note(vm.id().name(), "agent-failure", what + ": " + reason);
        switch (what) {
            case "activation" -> {
                vm.noteActivating(false);
                activationFailure = vm.id() + ": " + reason;
                activationFailedNanos = clock.getAsLong();
            }
            case "vm" -> {
                vm.noteRunning(false);
                sourceReported = false;
                tell(new OwnershipEvent.SourceLost(vm.id() + ": " + reason));
                reportStopped();
            }
            case "apply" -> {
                vm.replica().forget();
                lostImage(vm.id() + ": " + reason);
                offer();
            }
            default -> LOG.warn("{}: {} failed at the agent: {}", vm.id(), what, reason);
        }
    }

    /** A VM is paused, and this epoch is all of it. */
    public void vmPaused(AgentSession session, EpochId last) {
        VmAtSite vm = vms.get(session.vm());
        if (vm.is(session)) {
            vm.notePaused(last);
            surroundings.timeline().note(vm.id().name(), "vm-paused", "epoch " + last + " is all of it");
            reportLast();
        }
    }

    /** A VM is verified to be gone. */
    public void vmStopped(AgentSession session) {
        VmAtSite vm = vms.get(session.vm());
        vm.noteRunning(false);
        surroundings.timeline().note(vm.id().name(), "vm-stopped", "by order of this gateway");
        reportStopped();
        offer();
    }

    // ---- sums over the VMs --------------------------------------------------------------------------------------

    private void reportSource() {
        boolean ready = all(VmAtSite::checkpointable);
        if (ready) {
            sourceGoneNanos = 0;
            if (!sourceReported) {
                sourceReported = true;
                tell(new OwnershipEvent.SourceReady());
            }
        } else if (sourceReported && sourceGoneNanos == 0) {
            sourceGoneNanos = clock.getAsLong();
        }
        reportStopped();
    }

    private void reportStopped() {
        if (all(VmAtSite::canKeepReplica)) {
            sourceReported = false;
            tell(new OwnershipEvent.VmsStopped());
        }
    }

    private void reportImage() {
        boolean held = all(vm -> vm.replica().holdsImage());
        if (held && !imageReported) {
            imageReported = true;
            surroundings.timeline().note(id.name(), "image", "a complete image of every VM is held");
            tell(new OwnershipEvent.ImageHeld());
        }
    }

    private void lostImage(String reason) {
        imageGeneration++;
        if (imageReported) {
            imageReported = false;
            surroundings.timeline().note(id.name(), "image", "lost: " + reason);
            tell(new OwnershipEvent.ImageLost(reason));
        }
    }

    private void reportProgress() {
        if (!imageAcknowledgedReported && all(vm -> vm.source().imageAcknowledged())) {
            imageAcknowledgedReported = true;
            tell(new OwnershipEvent.ImageAcknowledged());
        }
        if (!caughtUpReported && all(vm -> vm.source().caughtUp())) {
            caughtUpReported = true;
            tell(new OwnershipEvent.CaughtUp());
        }
    }

    private void reportLast() {
        if (ownership.state() == OwnershipState.HANDING_OVER && all(VmAtSite::lastCommitted)) {
            tell(new OwnershipEvent.LastCommitted());
        }
    }

    private boolean anyCheckpointing() {
        return vms.values().stream().anyMatch(vm -> vm.source().running());
    }

    private boolean all(Predicate<VmAtSite> predicate) {
        return vms.values().stream().allMatch(predicate);
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    /** Time passes. */
    public void tick() {
        long now = clock.getAsLong();
        if (activationFailure != null && now - activationFailedNanos > ACTIVATION_RETRY_NANOS) {
            String failure = activationFailure;
            activationFailure = null;
            tell(new OwnershipEvent.ActivationFailed(failure));
        }
        if (now - toldPeerNanos > REPEAT_NANOS) {
            tellPeer();
        }
        if (sourceGoneNanos != 0 && now - sourceGoneNanos > AGENT_GRACE_NANOS) {
            sourceGoneNanos = 0;
            sourceReported = false;
            tell(new OwnershipEvent.SourceLost("its agent is gone"));
        }
        each(vm -> vm.source().tick(now));
        reassure(now);
        watchOverload(now);
        tell(new OwnershipEvent.Tick());
    }

    private void watchOverload(long now) {
        VmAtSite slowest = vms.values().stream()
                .max(Comparator.comparingLong(vm -> vm.source().lagNanos(now)))
                .orElse(null);
        if (slowest == null) {
            return;
        }
        String waits = "the output of " + slowest.id() + " has waited "
                + slowest.source().lagNanos(now) / 1_000_000 + " ms for a commit";
        switch (overload.look(slowest.source().lagNanos(now), now)) {
            case NONE -> {}
            case NOTE -> {
                counters.overload();
                surroundings.timeline().note(id.name(), "overload", waits);
            }
            case GIVE_UP -> {
                counters.overload();
                surroundings.timeline().note(id.name(), "overload", waits + "; no more protection for some time");
                tell(new OwnershipEvent.StandbyBroken("overload: " + waits));
            }
        }
    }

    // ---- orders -------------------------------------------------------------------------------------------------

    private void tell(OwnershipEvent event) {
        long termBefore = ownership.term();
        OwnershipState stateBefore = ownership.state();
        List<OwnershipAction> actions = new ArrayList<>(ownership.on(event, clock.getAsLong()));
        for (OwnershipAction action : actions) {
            carryOut(action);
        }
        if (ownership.term() != termBefore) {
            surroundings
                    .peer()
                    .send(new PeerMessage.RecordNews(ownership.record().orElseThrow()));
        }
        if (ownership.state() != stateBefore || ownership.term() != termBefore) {
            offer();
        }
    }

    private void carryOut(OwnershipAction action) {
        switch (action) {
            case OwnershipAction.Transition t -> {
                counters.transition(t.from(), t.to());
                surroundings.timeline().note(id.name(), "transition", t.from() + " -> " + t.to() + ": " + t.reason());
            }
            case OwnershipAction.Hold hold -> each(vm -> vm.source().gate(hold.term()));
            case OwnershipAction.Pass pass -> {
                each(vm -> surroundings.dataPlane().pass(vm.id(), pass.term()));
                goOn(); // a site that stands alone by the record cannot have been replaced
            }
            case OwnershipAction.Fence fence -> {
                counters.fence();
                each(vm -> surroundings.dataPlane().fence(vm.id(), fence.term()));
                goOn(); // nothing is left to hold back
            }
            case OwnershipAction.StartCheckpoints start -> startCheckpoints(start.term());
            case OwnershipAction.Retitle retitle -> each(vm -> vm.source().retitle(vm.session(), retitle.term()));
            case OwnershipAction.StopCheckpoints stop -> each(vm -> vm.source().stop(vm.session()));
            case OwnershipAction.RefuseEpochs refuse -> {
                burnedTerm = Math.max(burnedTerm, refuse.term());
                each(vm -> vm.replica().stopAcknowledging());
            }
            case OwnershipAction.Ask ask -> ask(ask);
            case OwnershipAction.Activate activate -> each(this::activate);
            case OwnershipAction.StopVms stop -> each(vm -> stopVm(vm, stop.reason()));
            case OwnershipAction.PauseVms pause -> each(VmAtSite::pause);
            case OwnershipAction.ResumeVms resume -> each(VmAtSite::resume);
            case OwnershipAction.SwitchoverEnded end -> switchoverEnded(end);
            case OwnershipAction.Announce announce -> surroundings.routes().publish(id, announce.role());
            case OwnershipAction.TakeSwitches take -> surroundings.switches().publish(id, take.term(), take.owner());
            case OwnershipAction.Alarm alarm -> {
                counters.alarm();
                surroundings.timeline().note(id.name(), "alarm", alarm.text());
            }
        }
    }

    private void startCheckpoints(long term) {
        imageAcknowledgedReported = false;
        caughtUpReported = false;
        peerGenerationAtStart = lastOffer == null ? 0 : lastOffer.imageGeneration();
        each(vm -> vm.session().ifPresent(session -> vm.source().start(session, term)));
    }

    private void activate(VmAtSite vm) {
        Optional<AgentSession> session = vm.session();
        if (session.isPresent() && !vm.active()) {
            vm.noteActivating(true);
            session.get().activate(vm.replica().held());
        }
    }

    private void stopVm(VmAtSite vm, String reason) {
        if (vm.running() || vm.activating()) {
            vm.session().ifPresent(session -> session.stopVm(reason));
        }
    }

    private void each(Consumer<VmAtSite> what) {
        vms.values().forEach(what);
    }

    // ---- status -------------------------------------------------------------------------------------------------

    /** What happened to it here since the start. */
    public GroupCounters counters() {
        return counters;
    }

    /** The highest term in which this site asked for promotion. */
    public long burnedTerm() {
        return burnedTerm;
    }
}
