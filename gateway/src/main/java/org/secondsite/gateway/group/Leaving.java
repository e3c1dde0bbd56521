package org.secondsite.gateway.group;

import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;

/**
 * VMs that an operator wants to leave their group, one such change at a time. They are held from before the standby is told to drop them
 * until the change is carried out. See {@link Membership}.
 */
final class Leaving {
    /** How long the standby may take to drop a VM. */
    private static final long PATIENCE_NANOS = 5_000_000_000L;
    /** How long a change may take to be kept on disk and carried out, once the standby has dropped what leaves. */
    private static final long KEPT_NANOS = 30_000_000_000L;

    private static final Set<OwnershipState> IN_BETWEEN =
            EnumSet.of(OwnershipState.UNKNOWN, OwnershipState.PROMOTING, OwnershipState.HANDING_OVER);

    private final Membership membership;
    private final GroupId group;
    private final String peerName;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final Consumer<OwnershipEvent> tell;
    private Optional<Asked> now = Optional.empty();
    /** Members that are not said any more. */
    private final Set<VmId> dropped = new LinkedHashSet<>();

    /** {@code ready}: they may go, and are held until they do. */
    private record Asked(Set<VmId> which, Consumer<Optional<String>> done, boolean ready, long untilNanos) {}

    Leaving(
            Membership membership,
            PairConfig config,
            GroupId group,
            Ownership ownership,
            GroupVms vms,
            Orders orders,
            Consumer<OwnershipEvent> tell) {
        this.membership = membership;
        this.group = group;
        this.peerName = "site " + config.peerSite();
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        this.tell = tell;
    }

    /** Whether any VM is to leave. */
    boolean isUnderWay() {
        return now.isPresent();
    }

    /** Whether this VM is to leave. */
    boolean has(VmId vm) {
        return now.filter(asked -> asked.which().contains(vm)).isPresent();
    }

    /** Whether this is a member that is not said any more. */
    boolean isDropped(VmId vm) {
        return dropped.contains(vm);
    }

    /** Nothing that was said counts any more: the group has another owner, or one that stands alone. */
    void forgetWhatWasSaid() {
        dropped.clear();
    }

    /** They have left. */
    void carriedOut() {
        now = Optional.empty();
        dropped.clear();
    }

    /**
     * VMs are to leave; they are held until the change is carried out or abandoned.
     *
     * @param done is told once: that they may go, or why not
     */
    void ask(Set<VmId> which, Consumer<Optional<String>> done) {
        Set<VmId> here = new LinkedHashSet<>(which);
        here.removeIf(vm -> vms.get(vm) == null);
        Optional<String> obstacle = here.isEmpty() ? Optional.empty() : obstacleToAsked(here);
        if (here.isEmpty() || obstacle.isPresent()) {
            report(done, obstacle);
            return;
        }
        now = Optional.of(new Asked(here, done, false, orders.nowNanos() + PATIENCE_NANOS));
        here.forEach(vm -> vms.get(vm).syncDisks());
        if (membership.owns() && !membership.isProtected()) {
            // No sync begins before the change is carried out; one that is under way ends.
            tell.accept(new OwnershipEvent.StandbyBroken("VMs are to leave: " + here));
        }
        look();
    }

    private Optional<String> obstacleToAsked(Set<VmId> which) {
        if (now.isPresent()) {
            return Optional.of("another change of group " + group + " is under way");
        }
        if (IN_BETWEEN.contains(ownership.state())) {
            return Optional.of("group " + group + " is " + ownership.state() + ": try again when its owner is settled");
        }
        if (membership.isProtected() && ownership.hasAsked()) {
            // A hand-over of unknown outcome: the other site would own the group, and had dropped its VMs.
            return Optional.of(GroupEnd.hasAsked(group));
        }
        if (membership.owns() && membership.isPeerOld()) {
            return Optional.of(
                    "the gateway of " + peerName
                            + " is of a release that drops no VM while it runs: upgrade it, or change both files and restart both");
        }
        if (membership.owns() && !membership.runAtOneSite(which)) {
            return Optional.of(peerName + " may run an older copy of " + which + ", and has not said that it does not");
        }
        if (membership.owns() && !mayGoOn(which)) {
            return which.stream()
                    .filter(vm -> !mayGoOn(Set.of(vm)))
                    .map(membership.older()::doubt)
                    .findFirst();
        }
        return which.stream()
                .map(this::obstacleElsewhere)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<String> obstacleElsewhere(VmId vm) {
        if (membership.isNotTheirs(vm)) {
            return Optional.empty();
        }
        String owned = peerName + " owns group " + group + ", and ";
        if (membership.isTheirs(vm)) {
            return Optional.of(owned + vm + " is a member there: unprotect it there first");
        }
        return Optional.of(
                membership.isTold()
                        ? membership.older().doubt(vm)
                        : owned + "has not said whether " + vm + " is a member: unprotect it there first");
    }

    private boolean mayGoOn(Set<VmId> which) {
        return which.stream().allMatch(vm -> membership.older().mayGoOn(vms.get(vm)));
    }

    private void drop(Set<VmId> which) {
        boolean other = false;
        for (VmId id : which) {
            VmAtSite vm = vms.get(id);
            vm.source().stop(vm.session());
            if (vms.isMember(id)) {
                dropped.add(id);
                other = true;
            }
            other |= membership.joining().isAddedNoMore(id);
        }
        if (other) {
            membership.setChanged();
        }
    }

    void look() {
        if (now.isEmpty()) {
            return;
        }
        Asked asked = now.get();
        if (!asked.ready() && membership.isProtected() && !isDropped(asked)) {
            drop(asked.which());
        }
        if (asked.ready()) {
            if (orders.nowNanos() - asked.untilNanos() >= 0) {
                abandon("it was not carried out");
            }
        } else if (mayGo(asked)) {
            now = Optional.of(new Asked(asked.which(), asked.done(), true, orders.nowNanos() + KEPT_NANOS));
            report(asked.done(), Optional.empty());
        } else if (orders.nowNanos() - asked.untilNanos() >= 0) {
            report(asked.done(), Optional.of(peerName + " has not dropped " + asked.which() + " in time"));
            abandon(peerName + " has not dropped them in time");
        } else if (IN_BETWEEN.contains(ownership.state())) {
            report(asked.done(), Optional.of("group " + group + " is " + ownership.state() + " now"));
            abandon("the owner changes");
        }
    }

    private boolean mayGo(Asked asked) {
        boolean synced = asked.which().stream().noneMatch(vm -> vms.get(vm).flushesAtOnce());
        return switch (ownership.state()) {
            case SOLO -> synced && mayGoOn(asked.which()) && membership.runAtOneSite(asked.which());
            case PROTECTED ->
                synced && mayGoOn(asked.which()) && isDropped(asked) && membership.isTaken() && !membership.isDoubted();
            case STANDBY, FENCED ->
                synced
                        && asked.which().stream()
                                .allMatch(vm -> obstacleElsewhere(vm).isEmpty());
            default -> false;
        };
    }

    /** Whether the set that is said has none of them. */
    private boolean isDropped(Asked asked) {
        return asked.which().stream()
                .allMatch(vm -> dropped.contains(vm)
                        || !(vms.isMember(vm) || membership.uncertain().contains(vm)));
    }

    /** What was to leave stays. Its checkpoints are ended by then, so the group begins anew. */
    void abandon(String reason) {
        if (now.isPresent()) {
            orders.note(group.name(), "membership", now.get().which() + " stay: " + reason);
            boolean wasDropped =
                    membership.isProtected() && now.get().which().stream().anyMatch(vms::isMember);
            now = Optional.empty();
            dropped.clear();
            if (wasDropped) {
                tell.accept(new OwnershipEvent.StandbyBroken("VMs that were to leave stay"));
            }
        }
    }

    private void report(Consumer<Optional<String>> who, Optional<String> obstacle) {
        orders.give(new SiteOrder.Answer(who, obstacle));
    }

    /** Why the group cannot have these VMs now, or empty. */
    Optional<String> objection(GatewayConfig.Group settings) {
        List<VmId> gone = vms.ids(vm -> !GroupVms.ticked(settings, vm));
        boolean more = settings.vms().stream().anyMatch(vm -> vm.isProtected() && vms.get(vm.id()) == null);
        if (gone.isEmpty() && !more) {
            return Optional.empty();
        }
        if (IN_BETWEEN.contains(ownership.state())) {
            return Optional.of("group " + group + " is " + ownership.state() + ": try again when its owner is settled");
        }
        boolean ready = now.filter(asked -> asked.ready() && asked.which().containsAll(gone))
                .filter(this::mayGo)
                .isPresent();
        return gone.isEmpty() || ready ? Optional.empty() : Optional.of(gone + " may not leave group " + group);
    }
}
