package org.secondsite.gateway.group;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * A gateway without its surroundings: every decision for all of its groups. Events and a time go in, orders come out; there is no
 * socket, thread or clock inside. The daemon and the simulator drive this very class.
 *
 * <p>Fed by one thread. What status and metrics read is read by that thread, too.
 */
public final class SiteCore {
    private static final String PLANE = "data-plane";
    private static final String TUNNEL = "tunnel";

    /** The states in which a newer term can be asked for: first where it costs nothing, last where an image begins anew. */
    private static final List<OwnershipState> RENEWED_FIRST =
            List.of(OwnershipState.SOLO, OwnershipState.PROTECTED, OwnershipState.SYNCING);

    private GatewayConfig config;
    private final PeerWatch peer;
    private final Orders orders;
    private final Map<GroupId, ProtectionGroup> groups = new LinkedHashMap<>();
    private final Map<VmId, ProtectionGroup> groupsByVm = new LinkedHashMap<>();
    private final Set<String> portsDown = new TreeSet<>();
    private final SiteFacts facts;
    private final Newcomers newcomers;
    private final ContestedSwitches contested = new ContestedSwitches();
    private final ActedTerms actedTerms;
    private final MemberMemory memory;
    private boolean witnessUp;
    private String lastRejection = "";
    private String displaced = "";
    private long refusals;

    /**
     * A gateway that knows nothing but its configuration.
     *
     * @param peer judges whether the other gateway is there
     * @param nowNanos a monotonic time; only differences count
     */
    public SiteCore(GatewayConfig config, PeerWatch peer, long nowNanos) {
        this(config, new Recollection.None(), peer, nowNanos);
    }

    /**
     * A gateway that starts again, or for the first time.
     *
     * @param found what it remembers of its groups' members
     * @param peer judges whether the other gateway is there
     * @param nowNanos a monotonic time; only differences count
     */
    public SiteCore(GatewayConfig config, Recollection found, PeerWatch peer, long nowNanos) {
        this.config = config;
        this.peer = peer;
        orders = new Orders(nowNanos);
        memory = new MemberMemory(found, orders);
        facts = new SiteFacts(config, orders, this::isOwnedThere, memory);
        newcomers = new Newcomers(peer, orders);
        actedTerms = new ActedTerms(orders);
        for (GatewayConfig.Group settings : config.groups()) {
            ProtectionGroup group = new ProtectionGroup(config, settings, orders, facts);
            groups.put(group.id(), group);
            group.everyone().forEach(vm -> groupsByVm.put(vm.id(), group));
        }
        memory.keepOnly(groups.keySet());
    }

    /**
     * Takes one event.
     *
     * @param nowNanos a monotonic time, read once for all that follows from the event
     * @return what is to be done, in order; empty if nothing
     */
    public List<SiteOrder> on(SiteEvent event, long nowNanos) {
        orders.begin(nowNanos);
        switch (event) {
            case SiteEvent.Tick tick -> tick(tick);
            case SiteEvent.OfTunnel tunnel -> ofTunnel(tunnel);
            case SiteEvent.OfAgent agent -> groupOf(agent.session().vm()).ifPresent(group -> group.agentSaid(agent));
            case SiteEvent.ActedUnder(VmId vm, long term) ->
                groupOf(vm).ifPresent(group -> actedTerms.said(group, vm, term));
            case SiteEvent.OfPlane plane -> ofPlane(plane);
            case SiteEvent.OfWitness witness -> {
                ofWitness(witness);
                each(actedTerms::look);
            }
            case SiteEvent.CheckpointsAltered(GatewayConfig after) -> each(group -> group.alterCheckpoints(after));
            case SiteEvent.DetectionAltered(GatewayConfig.Tunnel settings) -> peer.set(settings);
            case SiteEvent.VmsLeave leave ->
                with(leave.group(), group -> group.membership().leaving().ask(leave.vms(), leave.done()));
            case SiteEvent.LeaveAbandoned(GroupId id) ->
                with(id, group -> group.membership().leaving().abandon("the change is given up"));
            case SiteEvent.MembersAltered altered -> alterMembers(altered);
            case SiteEvent.Vouched vouched -> orders.give(new SiteOrder.Answer(vouched.done(), vouch(vouched)));
            case SiteEvent.Written(long number) -> {
                memory.written(number);
                each(group -> group.membership().written());
            }
            case SiteEvent.Unwritten(String reason) -> memory.failed(reason);
            case SiteEvent.TickFollowed(VmId vm, Optional<String> obstacle) ->
                facts.ticks().done(vm, obstacle);
            case SiteEvent.PortsMissing(SwitchId sw, Set<String> names) ->
                facts.ports().told(sw, names);
            case SiteEvent.SwitchContested(SwitchId sw, long term) -> {
                contested.contested(sw, term, orders.nowNanos());
                renewContested();
            }
            case SiteEvent.SwitchOver order ->
                with(order.group(), group -> group.switchOver(order.reason(), order.ended()));
        }
        memory.give();
        return orders.end();
    }

    private Optional<String> vouch(SiteEvent.Vouched vouched) {
        return groupOf(vouched.vm())
                .map(group -> group.membership().vouch(vouched.vm(), vouched.reason()))
                .orElseGet(() -> Optional.of("no VM " + vouched.vm() + " is ticked here"));
    }

    /** All groups, or none. */
    private void alterMembers(SiteEvent.MembersAltered altered) {
        Map<GroupId, GatewayConfig.Group> wanted = new LinkedHashMap<>();
        altered.after().groups().forEach(settings -> wanted.put(settings.id(), settings));
        Optional<String> objection = groups.values().stream()
                .map(group -> group.objection(Optional.ofNullable(wanted.get(group.id()))))
                .flatMap(Optional::stream)
                .findFirst();
        if (objection.isEmpty()) {
            config = altered.after();
            facts.alter(config);
            Map<GroupId, ProtectionGroup> before = new LinkedHashMap<>(groups);
            groups.clear();
            groupsByVm.clear();
            wanted.forEach((id, settings) -> {
                ProtectionGroup group = before.remove(id);
                groups.put(id, group == null ? newcomers.begin(config, settings, facts) : group);
                if (group != null) {
                    group.membership().alter(settings);
                }
                groups.get(id).everyone().forEach(vm -> groupsByVm.put(vm.id(), groups.get(id)));
            });
            before.values().forEach(ProtectionGroup::end);
            actedTerms.keep(groupsByVm.keySet());
            memory.keepOnly(groups.keySet());
        }
        orders.give(new SiteOrder.Answer(altered.done(), objection));
    }

    private boolean isOwnedThere(GroupId id) {
        return group(id)
                .flatMap(group -> group.ownership().record())
                .filter(record -> record.owner().equals(config.peerSite()))
                .isPresent();
    }

    private Optional<ProtectionGroup> groupOf(VmId vm) {
        return Optional.ofNullable(groupsByVm.get(vm));
    }

    private void with(GroupId group, Consumer<ProtectionGroup> what) {
        Optional.ofNullable(groups.get(group)).ifPresent(what);
    }

    private void each(Consumer<ProtectionGroup> what) {
        groups.values().forEach(what);
    }

    // ---- time, and the peer's silence ---------------------------------------------------------------------------

    private void tick(SiteEvent.Tick tick) {
        switch (peer.look(orders.nowNanos())) {
            case NONE -> {}
            case LOST -> peerLost();
            case BACK -> {
                orders.note(config.peerSite().name(), "peer", "heard, and the tunnel is up");
                each(ProtectionGroup::peerBack);
                each(ProtectionGroup::tellPeer);
            }
        }
        facts.tick();
        newcomers.tick(groups.values());
        each(group -> group.tick(tick.roundTripNanos()));
        each(actedTerms::look);
        renewContested();
    }

    /** All terms come from one counter: of the groups with VMs on such a switch, a newer term of any is newer than all. */
    private void renewContested() {
        long newest = groups.values().stream()
                .mapToLong(group -> group.ownership().term())
                .max()
                .orElse(0);
        for (SwitchId sw : contested.due(newest, orders.nowNanos())) {
            RENEWED_FIRST.stream()
                    .flatMap(state -> config.groups().stream()
                            .filter(settings -> settings.switches().contains(sw))
                            .map(settings -> groups.get(settings.id()))
                            .filter(group -> group.ownership().state() == state))
                    .findFirst()
                    .ifPresent(group -> group.tell(new OwnershipEvent.TermContested(
                            "a newer term for switch " + sw + ", which obeys somebody else")));
        }
    }

    private void peerLost() {
        String reason = peer.tunnelUp()
                ? "nothing heard for " + TimeUnit.NANOSECONDS.toMillis(peer.silenceNanos()) + " ms"
                : "the tunnel is down";
        String name = config.peerSite().name();
        if (peer.lastHeardNanos() != 0) {
            orders.give(new SiteOrder.NoteAt(peer.lastHeardNanos(), name, "last-heard", "the last sign of life"));
        }
        orders.note(name, "suspicion", reason);
        orders.give(new SiteOrder.AbandonTunnel(reason));
        each(group -> group.peerLost(reason));
    }

    // ---- the tunnel ---------------------------------------------------------------------------------------------

    private void ofTunnel(SiteEvent.OfTunnel event) {
        switch (event) {
            case SiteEvent.PeerSpeaks(Dialect dialect) -> {
                facts.views().speaks(dialect);
                newcomers.speaks(dialect);
                each(group -> group.speaks(dialect));
            }
            case SiteEvent.TunnelUp _ -> {
                each(group -> group.membership().connected());
                peer.tunnel(PeerWatch.Tunnel.UP, orders.nowNanos());
                orders.note(TUNNEL, "tunnel-up", "connected");
                lastRejection = "";
                facts.connected();
                newcomers.connected();
                each(ProtectionGroup::tellPeer);
            }
            case SiteEvent.TunnelDown down -> {
                peer.tunnel(down.how(), orders.nowNanos());
                orders.note(TUNNEL, "tunnel-down", down.reason());
            }
            case SiteEvent.TunnelRejected rejected -> {
                // A peer that is wrong tries again and again: it is worth one line.
                if (!rejected.reason().equals(lastRejection)) {
                    lastRejection = rejected.reason();
                    orders.note(TUNNEL, "tunnel-rejected", lastRejection);
                }
            }
            case SiteEvent.PeerSaid(PeerMessage.OfViews said) -> {
                facts.views().heard(said);
                facts.ticks().look();
            }
            case SiteEvent.PeerSaid said -> with(groupOf(said.message()), group -> group.peerSaid(said.message()));
            case SiteEvent.EpochFromPeer received ->
                groupOf(received.epoch().header().vm())
                        .ifPresentOrElse(
                                group -> group.epochFromPeer(received.epoch()), () -> refuse(received.epoch()));
            case SiteEvent.EpochAcknowledged acknowledged ->
                groupOf(acknowledged.vm())
                        .ifPresent(group -> group.acknowledged(acknowledged.vm(), acknowledged.epoch()));
            case SiteEvent.EpochRefused refused ->
                groupOf(refused.vm())
                        .ifPresent(group -> group.refused(refused.vm(), refused.epoch(), refused.reason()));
        }
    }

    /** A gateway that knows of members would wait for an answer for ever; an older one would begin anew for ever. */
    private void refuse(Epoch epoch) {
        VmId vm = epoch.header().vm();
        if (newcomers.peerKnowsOfMembers()) {
            orders.give(new SiteOrder.Refuse(
                    vm, epoch.header().epoch(), facts.ticks().whyUnticked(vm)));
        }
        epoch.close();
    }

    private static GroupId groupOf(PeerMessage message) {
        return switch (message) {
            case PeerMessage.OfViews said -> throw new IllegalArgumentException(said + " is of no group");
            case PeerMessage.OwnerLacks said -> said.group();
            case PeerMessage.TicksMade said -> said.group();
            case PeerMessage.RecordNews news -> news.ownership().group();
            case PeerMessage.VmsActive active -> active.group();
            case PeerMessage.StandbyState state -> state.group();
            case PeerMessage.OfDisks said -> said.group();
            case PeerMessage.Members said -> said.group();
            case PeerMessage.MembersTaken said -> said.group();
        };
    }

    // ---- the data plane -----------------------------------------------------------------------------------------

    private void ofPlane(SiteEvent.OfPlane event) {
        switch (event) {
            case SiteEvent.PressureChanged changed -> {
                if (changed.pressure() == Pressure.HARD_LIMIT) {
                    orders.note(
                            changed.vm().name(),
                            "buffer-full",
                            "new packets are dropped; " + changed.heldBytes() + " bytes held, the oldest "
                                    + changed.oldestNanos() / 1_000_000 + " ms");
                }
                groupOf(changed.vm()).ifPresent(group -> group.pressure(changed.vm(), changed.pressure()));
            }
            case SiteEvent.StoodStill stood -> {
                orders.note(PLANE, "standstill", "this process stood still for " + stood.nanos() / 1_000_000 + " ms");
                each(group -> group.stoodStill(stood.standstill()));
            }
            case SiteEvent.PortDown down -> {
                portsDown.add(down.name());
                orders.note(PLANE, "port-down", down.name() + ": " + down.reason());
            }
            case SiteEvent.PortUp up -> {
                portsDown.remove(up.name());
                orders.note(PLANE, "port-up", up.name());
            }
            case SiteEvent.PlaneFailed failed -> orders.note(PLANE, "failure", failed.reason());
        }
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    private void ofWitness(SiteEvent.OfWitness event) {
        switch (event) {
            case SiteEvent.RecordTold told -> with(told.record().group(), group -> group.recordTold(told.record()));
            case SiteEvent.Answered answered ->
                with(answered.request().group(), group -> group.answered(answered.request(), answered.answer()));
            case SiteEvent.Unanswered unanswered ->
                with(
                        unanswered.request().group(),
                        group -> group.unanswered(unanswered.request(), unanswered.reason()));
            case SiteEvent.RecordRead read ->
                with(read.question().group(), group -> group.recordRead(read.question(), read.record()));
            case SiteEvent.RecordUnread unread ->
                with(unread.question().group(), group -> group.recordUnread(unread.question()));
            case SiteEvent.WitnessReachable reachable -> {
                if (reachable.up() != witnessUp) {
                    orders.note("witness", reachable.up() ? "reachable" : "unreachable", reachable.reason());
                }
                witnessUp = reachable.up();
            }
            case SiteEvent.WitnessDisplaced(String reason) -> displaced(reason);
            case SiteEvent.WitnessAdmitted _ -> {
                if (!displaced.isEmpty()) {
                    orders.note("witness", "admitted", "the witness takes this process for the gateway of this site");
                }
                displaced = "";
                newcomers.displaced("");
            }
        }
    }

    /** The other process may have been granted what this one owns. */
    private void displaced(String reason) {
        refusals++;
        if (!reason.equals(displaced)) {
            orders.note("witness", "displaced", reason);
        }
        displaced = reason;
        newcomers.displaced(reason);
        each(group -> group.hearsay().displaced());
    }

    // ---- what is shown ------------------------------------------------------------------------------------------

    /** Whether the other gateway is there. */
    public PeerWatch peer() {
        return peer;
    }

    /** What the other site's file says, compared with the one here. */
    public PeerViews views() {
        return facts.views();
    }

    /** The groups, in the order of the configuration. */
    public Collection<ProtectionGroup> groups() {
        return groups.values();
    }

    /** A group, if it is configured. */
    public Optional<ProtectionGroup> group(GroupId id) {
        return Optional.ofNullable(groups.get(id));
    }

    /** Whether a node of the witness is connected. */
    public boolean witnessUp() {
        return witnessUp;
    }

    /** Why the witness takes another process for this site's gateway; empty if it does not. */
    public String displaced() {
        return displaced;
    }

    /** How often the witness has refused this gateway because of another one. */
    public long refusals() {
        return refusals;
    }

    /** What is wrong with what this gateway remembers of its groups' members; empty if nothing. */
    public String memoryTrouble() {
        boolean forgotten =
                groups.values().stream().anyMatch(group -> group.membership().hasForgotten());
        return memory.trouble().isEmpty() && forgotten ? memory.lost().orElse("") : memory.trouble();
    }

    /** The data plane's ports that are down or gone. */
    public Set<String> portsDown() {
        return portsDown;
    }
}
