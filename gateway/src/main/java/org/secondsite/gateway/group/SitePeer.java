package org.secondsite.gateway.group;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * One other site, as this gateway sees it: whether its gateway is there, what its file says, and the groups of these two sites. What comes
 * from there can concern no other group: a site says nothing of, and keeps nothing for, a group that is not its own.
 */
public final class SitePeer {
    private static final String TUNNEL = "tunnel";

    private final SiteId site;
    private final PeerWatch watch;
    private final Orders orders;
    private final SiteFacts facts;
    private final Newcomers newcomers;
    private final Map<GroupId, ProtectionGroup> groups = new LinkedHashMap<>();
    private final Map<VmId, ProtectionGroup> groupsByVm = new HashMap<>();
    private PairConfig config;
    private String lastRejection = "";

    /** One without groups. */
    SitePeer(PairConfig config, PeerWatch watch, Orders orders, MemberMemory memory) {
        this.config = config;
        site = config.peerSite();
        this.watch = watch;
        this.orders = orders;
        facts = new SiteFacts(config, orders, this::isOwnedThere, memory);
        newcomers = new Newcomers(watch, orders);
    }

    private boolean isOwnedThere(GroupId id) {
        return Optional.ofNullable(groups.get(id))
                .flatMap(group -> group.ownership().record())
                .filter(record -> record.owner().equals(site))
                .isPresent();
    }

    // ---- its groups ---------------------------------------------------------------------------------------------

    /** Begins the groups that the gateway is started with. */
    void start() {
        config.groups().forEach(settings -> put(new ProtectionGroup(config, settings, orders, facts)));
    }

    private void put(ProtectionGroup group) {
        groups.put(group.id(), group);
        group.everyone().forEach(vm -> groupsByVm.put(vm.id(), group));
    }

    /** What stands against these groups, of all sites. */
    Stream<String> objections(Map<GroupId, GatewayConfig.Group> wanted) {
        return groups.values().stream()
                .map(group -> {
                    Optional<GatewayConfig.Group> settings = Optional.ofNullable(wanted.get(group.id()));
                    return settings.flatMap(GatewayConfig.Group::standby)
                            .filter(standby -> !standby.equals(site))
                            .map(standby -> "group " + group.id() + " is of site " + site
                                    + ": its other site cannot become " + standby + " while it runs")
                            .or(() -> group.objection(settings));
                })
                .flatMap(Optional::stream);
    }

    /** These are its groups from now on. */
    void alter(PairConfig after) {
        config = after;
        facts.alter(after);
        Map<GroupId, ProtectionGroup> before = new LinkedHashMap<>(groups);
        groups.clear();
        groupsByVm.clear();
        for (GatewayConfig.Group settings : after.groups()) {
            ProtectionGroup group = before.remove(settings.id());
            if (group == null) {
                put(newcomers.begin(after, settings, facts));
            } else {
                group.membership().alter(settings);
                put(group);
            }
        }
        before.values().forEach(ProtectionGroup::end);
    }

    /** Checkpoints are taken and kept by other settings from now on. */
    void alterCheckpoints(PairConfig after) {
        each(group -> group.alterCheckpoints(after));
    }

    PairConfig config() {
        return config;
    }

    ProtectionGroup group(GroupId id) {
        return groups.get(id);
    }

    private Optional<ProtectionGroup> groupOf(VmId vm) {
        return Optional.ofNullable(groupsByVm.get(vm));
    }

    private void each(Consumer<ProtectionGroup> what) {
        groups.values().forEach(what);
    }

    // ---- time, and its silence ----------------------------------------------------------------------------------

    void tick(long roundTripNanos) {
        switch (watch.look(orders.nowNanos())) {
            case NONE -> {}
            case LOST -> lost();
            case BACK -> {
                orders.note(site.name(), "peer", "heard, and the tunnel is up");
                each(ProtectionGroup::peerBack);
                each(ProtectionGroup::tellPeer);
            }
        }
        facts.tick();
        newcomers.tick(groups.values());
        each(group -> group.tick(roundTripNanos));
    }

    private void lost() {
        String reason = watch.tunnelUp()
                ? "nothing heard for " + TimeUnit.NANOSECONDS.toMillis(watch.silenceNanos()) + " ms"
                : "the tunnel is down";
        if (watch.lastHeardNanos() != 0) {
            orders.give(
                    new SiteOrder.NoteAt(watch.lastHeardNanos(), site.name(), "last-heard", "the last sign of life"));
        }
        orders.note(site.name(), "suspicion", reason);
        orders.give(new SiteOrder.AbandonTunnel(reason));
        each(group -> group.peerLost(reason));
    }

    // ---- its tunnel ---------------------------------------------------------------------------------------------

    void news(SiteEvent.OfTunnel event) {
        switch (event) {
            case SiteEvent.PeerSpeaks(Dialect dialect) -> {
                facts.views().speaks(dialect);
                newcomers.speaks(dialect);
                each(group -> group.speaks(dialect));
            }
            case SiteEvent.TunnelUp _ -> {
                each(group -> group.membership().connected());
                watch.tunnel(PeerWatch.Tunnel.UP, orders.nowNanos());
                orders.note(TUNNEL, "tunnel-up", "connected with site " + site);
                lastRejection = "";
                facts.connected();
                newcomers.connected();
                each(ProtectionGroup::tellPeer);
            }
            case SiteEvent.TunnelDown down -> {
                watch.tunnel(down.how(), orders.nowNanos());
                orders.note(TUNNEL, "tunnel-down", "to site " + site + ": " + down.reason());
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
            case SiteEvent.PeerSaid said ->
                Optional.ofNullable(groups.get(groupOf(said.message())))
                        .ifPresent(group -> group.peerSaid(said.message()));
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

    // ---- what else it is told -----------------------------------------------------------------------------------

    /** Why the witness takes another process for this site's gateway; empty: it does not. */
    void displaced(String reason) {
        newcomers.displaced(reason);
    }

    SiteFacts facts() {
        return facts;
    }

    // ---- what is shown ------------------------------------------------------------------------------------------

    /** Which site. */
    public SiteId site() {
        return site;
    }

    /** Whether its gateway is there. */
    public PeerWatch watch() {
        return watch;
    }

    /** What its file says, compared with the one here. */
    public PeerViews views() {
        return facts.views();
    }

    /** The groups of this site and that one, in the order of the configuration. */
    public Collection<ProtectionGroup> groups() {
        return groups.values();
    }
}
