package org.secondsite.gateway.group;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipAction;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One protection group at this gateway: feeds its {@link Ownership} with what happens, and has what that wants done turned into
 * orders ({@link TableOrders}).
 *
 * <p>The ownership table decides; this class only translates. What becomes of single VMs is summed up by {@link GroupVms}.
 */
public final class ProtectionGroup {
    private static final Logger LOG = LoggerFactory.getLogger(ProtectionGroup.class);

    private final GroupId id;
    private final SiteId self;
    private final Orders orders;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Membership membership;
    private final GroupLacks lacks;
    private final PeerTalk talk;
    private final EpochRule rule;
    private final DiskTalks diskTalks;
    private final AgentNews agents;
    private final FreshEvidence evidence;
    private final Hearsay hearsay;
    private final OverloadWatch overload;
    private final GroupCounters counters = new GroupCounters();
    private final OrderedSwitchover switchover;
    private final TableOrders carriedOut;

    /** A group whose role is not known yet. */
    ProtectionGroup(PairConfig config, GatewayConfig.Group settings, Orders orders, SiteFacts facts) {
        this.id = settings.id();
        this.self = config.site();
        this.orders = orders;
        ownership = new Ownership(config.site(), config.peerSite(), orders.nowNanos());
        vms = new GroupVms(config, settings, orders, this::tell);
        evidence = new FreshEvidence(id, vms, orders, () -> ownership.state() == OwnershipState.SOLO);
        hearsay = new Hearsay(id, ownership, vms, orders);
        membership = new Membership(
                config, id, ownership, vms, orders, this::tell, this::isDoubted, this::burnedTerm, facts);
        lacks = new GroupLacks(config, id, vms, membership, facts, orders);
        talk = new PeerTalk(id, ownership, vms, membership, lacks, orders, hearsay::isDisplaced);
        rule = new EpochRule(ownership, talk, hearsay);
        diskTalks = new DiskTalks(id, ownership, vms, orders);
        agents = new AgentNews(ownership, vms, membership, talk, diskTalks, orders, this::reportLast);
        switchover = new OrderedSwitchover(id, orders, counters);
        carriedOut = new TableOrders(
                id,
                ownership,
                vms,
                membership,
                new TableOrders.Talks(talk, evidence, hearsay, switchover),
                counters,
                orders);
        overload = new OverloadWatch(
                config.checkpoint().overload(), config.checkpoint().overloadAfterMs());
    }

    /** The same without its VMs. */
    static ProtectionGroup withoutVms(PairConfig config, GatewayConfig.Group settings, Orders orders, SiteFacts facts) {
        return new ProtectionGroup(config, GroupEnd.withoutVms(settings.id()), orders, facts);
    }

    /** Checkpoints are taken and kept by other settings from now on. */
    void alterCheckpoints(PairConfig after) {
        overload.set(after.checkpoint().overload(), after.checkpoint().overloadAfterMs());
        vms.alterCheckpoints(after);
    }

    /** The group. */
    public GroupId id() {
        return id;
    }

    /** Who owns it, as far as this gateway knows. */
    public Ownership ownership() {
        return ownership;
    }

    /** Its ticked VMs, members or not. */
    public List<VmAtSite> everyone() {
        return vms.all();
    }

    /** How far a VM is from being a member. */
    public MemberPhase phase(VmAtSite vm) {
        return membership.phase(vm);
    }

    /** What a VM that is no member waits for, in words. */
    public String waitsFor(VmAtSite vm) {
        return lacks.waitsFor(vm);
    }

    /** What a VM lacks at either site, each with the site: as long as there is anything, the VM is not protected. */
    public List<String> lacks(VmAtSite vm) {
        return lacks.of(vm);
    }

    /** The other gateway speaks this. */
    void speaks(Dialect dialect) {
        diskTalks.speaks(dialect);
        membership.speaks(dialect);
    }

    Membership membership() {
        return membership;
    }

    /** Why the group cannot have these VMs now, or, without settings, cannot be removed; empty if nothing stands against it. */
    Optional<String> objection(Optional<GatewayConfig.Group> settings) {
        return GroupEnd.objection(id, ownership, membership.leaving(), settings);
    }

    /** Its VMs have left, and the group with them. */
    void end() {
        membership.alter(GroupEnd.withoutVms(id));
        note("group", "removed");
    }

    private boolean isDoubted() {
        return evidence.wanted() || hearsay.evidence().wanted();
    }

    private void note(String kind, String text) {
        orders.note(id.name(), kind, text);
    }

    private void note(VmAtSite vm, String kind, String text) {
        orders.note(vm.id().name(), kind, text);
    }

    // ---- the operator -------------------------------------------------------------------------------------------

    void switchOver(String reason, Consumer<SwitchoverResult> ended) {
        if (membership.isChanging()) {
            orders.give(new SiteOrder.Report(
                    ended, new SwitchoverResult(false, "the group's members are changing: try again in a moment")));
        } else if (switchover.begins(reason, ended)) {
            carryOutSwitchover();
        }
    }

    private void carryOutSwitchover() {
        switchover.due(ownership.standbyMustLearn()).ifPresent(this::tell);
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    void recordTold(OwnershipRecord record) {
        tell(new OwnershipEvent.RecordLearnt(record));
    }

    /** The process stood still, and its data plane waits to be told that this site owns the group still. */
    void stoodStill(long standstill) {
        evidence.want(new Doubt(Doubt.Cause.STANDSTILL, standstill));
    }

    void recordRead(SiteOrder.Read question, OwnershipRecord record) {
        FreshEvidence sought = evidenceFor(question);
        boolean current = sought.answered(question);
        tell(new OwnershipEvent.RecordLearnt(record));
        if (current && ownership.record().filter(record::equals).isPresent()) {
            switch (question.doubt().cause()) {
                case STANDSTILL -> evidence.found();
                case HEARSAY -> hearsay.found();
            }
        }
    }

    /** What makes it wait for the witness's word. */
    Hearsay hearsay() {
        return hearsay;
    }

    void recordUnread(SiteOrder.Read question) {
        evidenceFor(question).answered(question);
    }

    private FreshEvidence evidenceFor(SiteOrder.Read question) {
        return switch (question.doubt().cause()) {
            case STANDSTILL -> evidence;
            case HEARSAY -> hearsay.evidence();
        };
    }

    void answered(SiteOrder.Ask request, Answer answer) {
        switch (answer) {
            case Answer.Granted granted -> {
                counters.request(GroupCounters.Answered.GRANTED);
                note("grant", granted.record().toString());
                tell(new OwnershipEvent.Granted(request.attempt(), granted.record()));
            }
            case Answer.Refused refused -> {
                counters.request(GroupCounters.Answered.REFUSED);
                note("refusal", refused.reason() + "; " + refused.current());
                tell(new OwnershipEvent.Refused(request.attempt(), refused.current(), refused.reason()));
            }
        }
    }

    void unanswered(SiteOrder.Ask request, String reason) {
        counters.request(GroupCounters.Answered.UNANSWERED);
        tell(new OwnershipEvent.Unanswered(request.attempt(), reason));
    }

    // ---- the peer -----------------------------------------------------------------------------------------------

    void peerLost(String reason) {
        talk.peerLost();
        tell(new OwnershipEvent.PeerLost(reason));
    }

    void peerBack() {
        tell(new OwnershipEvent.PeerBack());
    }

    void tellPeer() {
        talk.tellAll();
    }

    void peerSaid(PeerMessage message) {
        switch (message) {
            case PeerMessage.RecordNews news -> passedOn(news.ownership());
            case PeerMessage.VmsActive active -> {
                // It is said again and again; before, a VM here could be stopped that is none of those.
                if (membership.knowsMembersOf(active.term())) {
                    tell(new OwnershipEvent.PeerActive(active.term()));
                }
            }
            case PeerMessage.StandbyState state -> offered(state);
            case PeerMessage.OfDisks said -> diskTalks.there(said.vm(), said.talk());
            case PeerMessage.Members said -> membership.heard(said);
            case PeerMessage.OwnerLacks said -> lacks.heard(said);
            case PeerMessage.TicksMade said -> lacks.heard(said);
            case PeerMessage.OfViews said -> throw new IllegalArgumentException(said + " is of no group");
            case PeerMessage.MembersTaken said -> {
                membership.heard(said);
                vms.reportProgress(membership.isTaken());
            }
        }
    }

    private void passedOn(OwnershipRecord record) {
        if (hearsay.isAbsurd(record)) {
            if (hearsay.absurd() == 1) {
                note("hearsay", "refused: the peer speaks of term " + record.term() + ", which cannot be");
            }
        } else {
            tell(new OwnershipEvent.RecordPassedOn(record));
        }
    }

    private void offered(PeerMessage.StandbyState state) {
        talk.heard(state);
        // While the witness is asked who owns the group, the peer may own it, and no standby is what it says then. It
        // is said again.
        boolean doubted = hearsay.evidence().wanted();
        if (!doubted && (!state.ready() || talk.chainBroken())) {
            tell(new OwnershipEvent.StandbyBroken(state.ready() ? "it lost its image" : state.reason()));
        }
        standbyReady();
    }

    private void standbyReady() {
        if (talk.standbyReady() && !membership.isChanging() && !overload.forbidsSync(orders.nowNanos())) {
            tell(new OwnershipEvent.StandbyReady());
        }
    }

    /** A whole epoch came through the tunnel. It is closed here, or handed on. */
    void epochFromPeer(Epoch epoch) {
        EpochId epochId = epoch.header().epoch();
        VmAtSite vm = vms.get(epoch.header().vm());
        Optional<EpochRule.Refusal> refusal = rule.refusal(vm, epoch);
        if (refusal.isEmpty()) {
            refusal = Optional.ofNullable(vm.replica().keep(vm.session().orElseThrow(), epoch))
                    .map(gap -> new EpochRule.Refusal(EpochRefusal.GAP, gap));
        } else if (refusal.get().reason() == EpochRefusal.DISKS
                && vm.foreignDisks().isEmpty()) {
            String words = refusal.get().words();
            vm.noteForeignDisks(words);
            vm.noteFailure("disks: " + words);
            note(vm, "disks", words);
            talk.offer();
        }
        refusal.ifPresent(why -> {
            epoch.close();
            counters.refused(why.reason());
            LOG.warn("{} epoch {} refused: {}", vm.id(), epochId, why.words());
            orders.give(new SiteOrder.Refuse(vm.id(), epochId, why.words()));
        });
        membership.consider();
        vms.reportImage();
    }

    /** The standby holds an epoch. */
    void acknowledged(VmId vm, EpochId epoch) {
        evidence.acknowledged(vm, epoch);
        hearsay.acknowledged(vm, epoch);
        VmAtSite known = vms.get(vm);
        known.source().acknowledged(known.session(), epoch);
        membership.progress();
        vms.reportProgress(membership.isTaken());
        reportLast();
    }

    /** The standby will not hold an epoch. */
    void refused(VmId id, EpochId epoch, String reason) {
        VmAtSite vm = vms.get(id);
        if (!vms.isMember(id) || !vm.source().running()) {
            membership.joining().giveUp(vm, "it refused epoch " + epoch + ": " + reason);
            return;
        }
        tell(new OwnershipEvent.StandbyBroken("it refused epoch " + epoch + ": " + reason));
        standbyReady();
    }

    void pressure(VmId vm, Pressure pressure) {
        VmAtSite known = vms.get(vm);
        known.source().pressure(pressure, known.session());
    }

    // ---- the agents ---------------------------------------------------------------------------------------------

    void agentSaid(SiteEvent.OfAgent event) {
        agents.said(event);
    }

    private void reportLast() {
        if (ownership.state() == OwnershipState.HANDING_OVER && vms.all(VmAtSite::lastCommitted)) {
            tell(new OwnershipEvent.LastCommitted());
        }
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    void tick(long roundTripNanos) {
        vms.retryActivation();
        vms.syncAgain();
        talk.tellAgain();
        vms.giveUpAgents();
        everyone().forEach(vm -> vm.source().tick(roundTripNanos));
        if (vms.isEmpty()) {
            vms.reportOfNobody(ownership, self, membership.isTaken());
            reportLast();
        }
        membership.progress();
        evidence.seek();
        hearsay.evidence().seek();
        watchOverload();
        carryOutSwitchover();
        tell(new OwnershipEvent.Tick());
    }

    private void watchOverload() {
        long now = orders.nowNanos();
        VmAtSite slowest = vms.slowest();
        if (slowest == null) {
            return;
        }
        long lagNanos = slowest.source().lagNanos(now);
        OverloadWatch.Verdict verdict = overload.look(lagNanos, now);
        if (verdict == OverloadWatch.Verdict.NONE) {
            return;
        }
        counters.overload();
        String waits = "the output of " + slowest.id() + " has waited " + lagNanos / 1_000_000 + " ms for a commit";
        if (verdict == OverloadWatch.Verdict.NOTE) {
            note("overload", waits);
        } else {
            note("overload", waits + "; no more protection for some time");
            tell(new OwnershipEvent.StandbyBroken("overload: " + waits));
        }
    }

    // ---- what the table wants done ------------------------------------------------------------------------------

    void tell(OwnershipEvent event) {
        long termBefore = ownership.term();
        OwnershipState stateBefore = ownership.state();
        boolean knewNone = ownership.record().isEmpty();
        List<OwnershipAction> actions = ownership.on(event, orders.nowNanos());
        boolean isFirst = knewNone && ownership.record().isPresent();
        if (isFirst) {
            membership.startsWith(ownership.record().orElseThrow());
        }
        actions.forEach(carriedOut::translate);
        if (ownership.term() != termBefore) {
            hearsay.compare();
            talk.tellRecord();
        }
        if (ownership.state() != stateBefore) {
            membership.stateChanged(stateBefore);
        }
        if (ownership.state() != stateBefore || ownership.term() != termBefore) {
            talk.offer();
        }
        if (isFirst) {
            vms.agentsChanged();
        }
    }

    // ---- status -------------------------------------------------------------------------------------------------

    /** What happened to it here since the start. */
    public GroupCounters counters() {
        return counters;
    }

    /** The highest term in which this site asked for promotion. */
    public long burnedTerm() {
        return talk.burnedTerm();
    }
}
