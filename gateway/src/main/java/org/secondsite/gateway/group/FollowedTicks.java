package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.gateway.view.SiteView;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * The operator ticks or unticks a VM at the site that owns its group, and the file here follows, if it has the VM with the same MAC and
 * addresses.
 *
 * <p>Changes are followed, and nothing else: where the files differ already nobody knows which of them is right, and an operator may have
 * unticked a VM here because it is the one that went on. What is changed while the other gateway is away, the owner remembers, and says until
 * both files agree; it forgets that when it starts anew. For the same reason a tick is followed only where the owner has the VM and runs it: the
 * one that runs here would be stopped for it.
 */
final class FollowedTicks {
    private static final long RETRY_NANOS = 5_000_000_000L;

    private final PeerViews views;
    private final Orders orders;
    private final Predicate<GroupId> ownedThere;
    private PairConfig config;
    /** What the file there said of each VM last. */
    private final Map<VmId, SiteOrder.Tick> seen = new HashMap<>();

    private final Map<VmId, Wanted> wanted = new HashMap<>();

    /** The VMs of a group that lack something at its owner, by the owner's own word; no entry: it has not said so on this connection. */
    private final Map<GroupId, Set<VmId>> lacking = new HashMap<>();

    /** What was changed here, where this site may own the group, and the other site's file does not say, as far as is known. */
    private final Map<VmId, SiteOrder.Tick> made = new HashMap<>();

    /** What was asked of the file here and is not answered yet. */
    private final Set<VmId> underWay = new HashSet<>();

    /** A change there that is to be made here, when that was asked for last, and what stood against it. */
    private record Wanted(SiteOrder.Tick tick, long askedNanos, String refusal) {}

    /**
     * Follows nothing yet.
     *
     * @param ownedThere whether by the record the other site owns a group
     */
    FollowedTicks(PairConfig config, PeerViews views, Orders orders, Predicate<GroupId> ownedThere) {
        this.config = config;
        this.views = views;
        this.orders = orders;
        this.ownedThere = ownedThere;
    }

    void alter(PairConfig after) {
        for (GatewayConfig.Group group : after.groups()) {
            for (GatewayConfig.Vm vm : group.vms()) {
                SiteOrder.Tick before = ticks(group.id()).get(vm.id());
                if (before != null && before != tick(vm.isProtected()) && !ownedThere.test(group.id())) {
                    made.put(vm.id(), tick(vm.isProtected()));
                }
            }
        }
        config = after;
    }

    /** What the file here says of each VM of a group. */
    private Map<VmId, SiteOrder.Tick> ticks(GroupId group) {
        Map<VmId, SiteOrder.Tick> ticks = new LinkedHashMap<>();
        config.groups().stream()
                .filter(settings -> settings.id().equals(group))
                .flatMap(settings -> settings.vms().stream())
                .forEach(vm -> ticks.put(vm.id(), tick(vm.isProtected())));
        return ticks;
    }

    /** What the other site is to be told as by the owner of a group; empty: nothing. */
    Optional<PeerMessage.TicksMade> made(GroupId group) {
        Map<VmId, SiteOrder.Tick> news = ticks(group);
        news.entrySet().removeIf(one -> made.get(one.getKey()) != one.getValue());
        if (news.isEmpty()) {
            return Optional.empty();
        }
        List<VmId> ticked = news.keySet().stream()
                .filter(vm -> news.get(vm) == SiteOrder.Tick.TICKED)
                .toList();
        List<VmId> unticked =
                news.keySet().stream().filter(vm -> !ticked.contains(vm)).toList();
        return Optional.of(new PeerMessage.TicksMade(group, ticked, unticked));
    }

    /** The owner says what was changed there. */
    void ownerMade(PeerMessage.TicksMade message) {
        if (ownedThere.test(message.group())) {
            Map<VmId, SiteOrder.Tick> here = ticks(message.group());
            message.ticked().forEach(vm -> want(here.get(vm), vm, SiteOrder.Tick.TICKED));
            message.unticked().forEach(vm -> want(here.get(vm), vm, SiteOrder.Tick.UNTICKED));
            look();
        }
    }

    private void want(SiteOrder.Tick here, VmId vm, SiteOrder.Tick there) {
        boolean known = Optional.ofNullable(wanted.get(vm))
                .filter(change -> change.tick() == there)
                .isPresent();
        if (here != null && here != there && !known) {
            wanted.put(vm, new Wanted(there, orders.nowNanos() - RETRY_NANOS, ""));
        }
    }

    private static SiteOrder.Tick tick(boolean isTicked) {
        return isTicked ? SiteOrder.Tick.TICKED : SiteOrder.Tick.UNTICKED;
    }

    /** Time passes: what stood in the way may do so no more. */
    void tick() {
        if (!made.isEmpty()) {
            forgetWhatIsSettled();
        }
        if (!wanted.isEmpty()) {
            look();
        }
    }

    /** Both files say the same, or the other site owns the group now, or the VM is gone. */
    private void forgetWhatIsSettled() {
        Set<VmId> open = new HashSet<>();
        for (GatewayConfig.Group group : config.groups()) {
            if (!ownedThere.test(group.id())) {
                ticks(group.id()).forEach((vm, tick) -> {
                    boolean agreed = views.theirs()
                            .flatMap(theirs -> theirs.isTicked(group.id(), vm))
                            .filter(ticked -> tick(ticked) == tick)
                            .isPresent();
                    if (!agreed) {
                        open.add(vm);
                    }
                });
            }
        }
        made.keySet().retainAll(open);
    }

    /** The other site's file is news. */
    void look() {
        views.theirs().ifPresent(theirs -> config.groups()
                .forEach(group -> group.vms().forEach(vm -> look(group.id(), vm, theirs))));
    }

    private void look(GroupId group, GatewayConfig.Vm vm, SiteView theirs) {
        VmId id = vm.id();
        SiteOrder.Tick there = tick(theirs.isTicked(group, id).orElse(false));
        SiteOrder.Tick before = seen.put(id, there);
        if (before != null && before != there) {
            wanted.put(id, new Wanted(there, orders.nowNanos() - RETRY_NANOS, ""));
        }
        Wanted change = wanted.get(id);
        if (change == null || underWay.contains(id)) {
            return;
        }
        if (change.tick() == tick(vm.isProtected()) || !ownedThere.test(group)) {
            wanted.remove(id);
        } else if (mayBe(change, group, id) && orders.nowNanos() - change.askedNanos() >= RETRY_NANOS) {
            wanted.put(id, new Wanted(change.tick(), orders.nowNanos(), change.refusal()));
            underWay.add(id);
            orders.give(new SiteOrder.FollowTick(group, id, change.tick(), config.peerSite()));
        }
    }

    /** Whether nothing stands against it that this gateway knows itself. */
    private boolean mayBe(Wanted change, GroupId group, VmId vm) {
        return views.identity(vm).isEmpty() && (change.tick() == SiteOrder.Tick.UNTICKED || runsThere(group, vm));
    }

    private boolean runsThere(GroupId group, VmId vm) {
        return lacking.containsKey(group) && !lacking.get(group).contains(vm);
    }

    /** The owner says which VMs of a group lack something there. */
    void ownerSays(GroupId group, Set<VmId> vms) {
        lacking.put(group, vms);
    }

    /** There is a new connection: nothing is said on it yet. */
    void connected() {
        lacking.clear();
    }

    /** What came of it at the file here. */
    void done(VmId vm, Optional<String> obstacle) {
        underWay.remove(vm);
        obstacle.ifPresent(
                why -> wanted.computeIfPresent(vm, (_, change) -> new Wanted(change.tick(), change.askedNanos(), why)));
    }

    /** Why a VM is not ticked here, in words, at this site. */
    String whyUnticked(VmId vm) {
        boolean listed = config.groups().stream()
                .flatMap(group -> group.vms().stream())
                .anyMatch(one -> one.id().equals(vm));
        if (!listed) {
            return "it is not in the file there";
        }
        String refusal =
                Optional.ofNullable(wanted.get(vm)).map(Wanted::refusal).orElse("");
        return refusal.isEmpty() ? "it is not ticked there" : "it cannot be ticked there: " + refusal;
    }
}
