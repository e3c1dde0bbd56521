package org.secondsite.gateway.group;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Epoch;

/**
 * A gateway without its surroundings: every decision for all of its groups. Events and a time go in, orders come out; there is no
 * socket, thread or clock inside. The daemon and the simulator drive this very class.
 *
 * <p>Fed by one thread. What status and metrics read is read by that thread, too.
 */
public final class SiteCore {
    private static final String PLANE = "data-plane";

    /** The states in which a newer term can be asked for: first where it costs nothing, last where an image begins anew. */
    private static final List<OwnershipState> RENEWED_FIRST =
            List.of(OwnershipState.SOLO, OwnershipState.PROTECTED, OwnershipState.SYNCING);

    private GatewayConfig config;
    private final Watches watches;
    private final Orders orders;
    private final Map<SiteId, SitePeer> peers = new LinkedHashMap<>();
    private final Map<GroupId, ProtectionGroup> groups = new LinkedHashMap<>();
    private final Map<VmId, ProtectionGroup> groupsByVm = new LinkedHashMap<>();
    private final Set<String> portsDown = new TreeSet<>();
    private final ContestedSwitches contested = new ContestedSwitches();
    private final ActedTerms actedTerms;
    private final MemberMemory memory;
    private boolean witnessUp;
    private String displaced = "";
    private long refusals;

    /**
     * A gateway that knows nothing but its configuration.
     *
     * @param watches judge whether each other gateway is there
     * @param nowNanos a monotonic time; only differences count
     */
    public SiteCore(GatewayConfig config, Watches watches, long nowNanos) {
        this(config, new Recollection.None(), watches, nowNanos);
    }

    /**
     * A gateway that starts again, or for the first time.
     *
     * @param found what it remembers of its groups' members
     * @param watches judge whether each other gateway is there
     * @param nowNanos a monotonic time; only differences count
     */
    public SiteCore(GatewayConfig config, Recollection found, Watches watches, long nowNanos) {
        this.config = config;
        this.watches = watches;
        orders = new Orders(nowNanos);
        memory = new MemberMemory(found, orders);
        actedTerms = new ActedTerms(orders);
        for (PairConfig pair : config.pairs()) {
            begin(pair).start();
        }
        index();
        memory.keepOnly(groups.keySet());
    }

    private SitePeer begin(PairConfig pair) {
        PeerWatch watch = watches.of(pair.peerSite(), pair.tunnel(), orders.nowNanos());
        SitePeer peer = new SitePeer(pair, watch, orders.towards(pair.peerSite()), memory);
        peer.displaced(displaced);
        peers.put(peer.site(), peer);
        return peer;
    }

    /** All groups, in the order of the file. */
    private void index() {
        groups.clear();
        groupsByVm.clear();
        for (GatewayConfig.Group settings : config.groups()) {
            ProtectionGroup group = peers.get(settings.standby().orElseThrow()).group(settings.id());
            groups.put(group.id(), group);
            group.everyone().forEach(vm -> groupsByVm.put(vm.id(), group));
        }
    }

    /** What judges whether another gateway is there. */
    @FunctionalInterface
    public interface Watches {
        /** Makes one, for a site that was not heard yet. */
        PeerWatch of(SiteId site, GatewayConfig.Tunnel settings, long nowNanos);
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
            case SiteEvent.FromPeer(SiteId site, SiteEvent.OfTunnel news) -> news(site, news);
            case SiteEvent.OfAgent agent -> groupOf(agent.session().vm()).ifPresent(group -> group.agentSaid(agent));
            case SiteEvent.ActedUnder(VmId vm, long term) ->
                groupOf(vm).ifPresent(group -> actedTerms.said(group, vm, term));
            case SiteEvent.OfPlane plane -> ofPlane(plane);
            case SiteEvent.OfWitness witness -> {
                ofWitness(witness);
                each(actedTerms::look);
            }
            case SiteEvent.CheckpointsAltered(GatewayConfig after) ->
                after.pairs().forEach(pair -> peers.get(pair.peerSite()).alterCheckpoints(pair));
            case SiteEvent.DetectionAltered(GatewayConfig after) ->
                after.pairs().forEach(pair -> peers.get(pair.peerSite()).watch().set(pair.tunnel()));
            case SiteEvent.PeersCome(GatewayConfig after) -> come(after);
            case SiteEvent.PeersGo(Set<SiteId> stay) ->
                peers.values()
                        .removeIf(peer ->
                                !stay.contains(peer.site()) && peer.groups().isEmpty());
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
                peers.values().forEach(peer -> peer.facts().ticks().done(vm, obstacle));
            case SiteEvent.PortsMissing(SwitchId sw, Set<String> names) ->
                peers.values().forEach(peer -> peer.facts().ports().told(sw, names));
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

    /** What was on the way from a site that is no peer any more is of no use. */
    private void news(SiteId site, SiteEvent.OfTunnel news) {
        SitePeer peer = peers.get(site);
        if (peer != null) {
            peer.news(news);
        } else if (news instanceof SiteEvent.EpochFromPeer(Epoch epoch)) {
            epoch.close();
        }
    }

    private void come(GatewayConfig after) {
        after.pairs().stream()
                .filter(pair -> !peers.containsKey(pair.peerSite()))
                .map(PairConfig::withoutGroups)
                .forEach(this::begin);
    }

    /** All groups, or none. */
    private void alterMembers(SiteEvent.MembersAltered altered) {
        GatewayConfig after = altered.after();
        Map<GroupId, GatewayConfig.Group> wanted = new LinkedHashMap<>();
        after.groups().forEach(settings -> wanted.put(settings.id(), settings));
        Optional<String> objection = Stream.concat(
                        ofSites(after), peers.values().stream().flatMap(peer -> peer.objections(wanted)))
                .findFirst();
        if (objection.isEmpty()) {
            config = after;
            peers.values().forEach(peer -> peer.alter(pair(after, peer)));
            index();
            actedTerms.keep(groupsByVm.keySet());
            memory.keepOnly(groups.keySet());
        }
        orders.give(new SiteOrder.Answer(altered.done(), objection));
    }

    /** Each group's other site is a peer, and each peer is known here. */
    private Stream<String> ofSites(GatewayConfig after) {
        Set<SiteId> sites = after.peers().stream().map(GatewayConfig.Peer::site).collect(Collectors.toSet());
        return Stream.concat(
                sites.stream().filter(site -> !peers.containsKey(site)).map(site -> "nothing is known of site " + site),
                after.groups().stream()
                        .filter(group -> !sites.contains(group.standby().orElseThrow()))
                        .map(group -> "group " + group.id() + " has site "
                                + group.standby().orElseThrow() + " as its other site, which is to be no peer"));
    }

    /** A site that is to be no peer any more has no groups first. */
    private static PairConfig pair(GatewayConfig after, SitePeer peer) {
        return after.pairs().stream()
                .filter(pair -> pair.peerSite().equals(peer.site()))
                .findFirst()
                .orElseGet(() -> peer.config().withoutGroups());
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

    // ---- time ---------------------------------------------------------------------------------------------------

    private void tick(SiteEvent.Tick tick) {
        peers.values().forEach(peer -> peer.tick(tick.roundTripNanos().getOrDefault(peer.site(), 0L)));
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
                peers.values().forEach(peer -> peer.displaced(""));
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
        peers.values().forEach(peer -> peer.displaced(reason));
        each(group -> group.hearsay().displaced());
    }

    // ---- what is shown ------------------------------------------------------------------------------------------

    /** The other sites, in the order of the configuration; those that came later last. */
    public Collection<SitePeer> peers() {
        return peers.values();
    }

    /** One of them. */
    public Optional<SitePeer> peer(SiteId site) {
        return Optional.ofNullable(peers.get(site));
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
