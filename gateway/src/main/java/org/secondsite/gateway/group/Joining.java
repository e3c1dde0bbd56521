package org.secondsite.gateway.group;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipEvent;

/**
 * VMs that come to a group at the site that owns it. While that stands alone they are members at once; while it is protected each gets an
 * image at the standby first, is held from then on, and is a member when the standby has taken a set with it. See {@link Membership}.
 */
final class Joining {
    private final Membership membership;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final Consumer<OwnershipEvent> tell;
    /** Said as members, and not known to be taken. */
    private final Set<VmId> adding = new LinkedHashSet<>();

    Joining(Membership membership, Ownership ownership, GroupVms vms, Orders orders, Consumer<OwnershipEvent> tell) {
        this.membership = membership;
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        this.tell = tell;
    }

    /** Whether a VM is said as a member, and not known to be taken as one. */
    boolean isAdding(VmId vm) {
        return adding.contains(vm);
    }

    /** Whether any VM is. */
    boolean isUnderWay() {
        return !adding.isEmpty();
    }

    /** Nothing that was said counts any more. */
    void forgetWhatWasSaid() {
        adding.clear();
    }

    /** Takes a VM out of the set that is said, if it was not known to be taken; tells whether it was so. */
    boolean isAddedNoMore(VmId vm) {
        return adding.remove(vm);
    }

    private List<VmAtSite> joiners() {
        if (vms.allAreMembers()) {
            return List.of();
        }
        return vms.all().stream()
                .filter(vm -> !vms.isMember(vm.id()) && !membership.leaving().has(vm.id()))
                .toList();
    }

    /** This site stands alone: whoever can be checkpointed is a member. */
    void atOnce() {
        boolean more = false;
        for (VmAtSite vm : joiners()) {
            if (membership.waitsFor(vm).isEmpty() && membership.mayBeMember(vm)) {
                vms.seat(vm.id());
                note(vm, "it is a member");
                more = true;
            }
        }
        if (more) {
            vms.agentsChanged();
            membership.setChanged();
        }
    }

    /** The group is protected: whoever can go a step does. */
    void stepwise() {
        boolean more = false;
        for (VmAtSite vm : joiners()) {
            if (adding.contains(vm.id())) {
                continue;
            }
            CheckpointStream source = vm.source();
            if (!source.running()
                    && membership.waitsFor(vm).isEmpty()
                    && vm.mayTryToJoin()
                    && membership.mayBeMember(vm)) {
                source.join(vm.session().orElseThrow(), ownership.term());
                note(vm, "its first image is on the way");
            } else if (source.running() && !source.gated() && source.imageAcknowledged()) {
                source.gate(ownership.term());
            } else if (source.caughtUp() && membership.mayBeMember(vm)) {
                adding.add(vm.id());
                more = true;
            } else if (source.running() && vm.session().isEmpty()) {
                giveUp(vm, "its agent is gone");
            }
        }
        if (more) {
            membership.setChanged();
        }
        if (!adding.isEmpty() && membership.isTaken() && !membership.isDoubted()) {
            adding.forEach(this::seat);
            adding.clear();
            vms.agentsChanged();
        }
    }

    private void seat(VmId id) {
        VmAtSite vm = vms.get(id);
        vms.seat(id);
        note(vm, "it is a member: a takeover would activate it");
        vms.flushAtOnceLikeTheOthers(vm);
        vm.source().joined();
    }

    private void note(VmAtSite vm, String text) {
        orders.note(vm.id().name(), "membership", text);
    }

    /** A VM that joins cannot go on: it begins anew, and passes meanwhile if no takeover can contain it. */
    void giveUp(VmAtSite vm, String reason) {
        if (adding.contains(vm.id())) {
            tell.accept(new OwnershipEvent.StandbyBroken(vm.id() + " was joining, and " + reason));
            return;
        }
        if (vm.source().running()) {
            vm.source().stop(vm.session());
            vm.noteJoinFailed(reason);
            note(vm, "not joined: " + reason);
            orders.give(new SiteOrder.Pass(vm.id(), ownership.term()));
        }
    }

    /** The standby cannot have what follows of a VM. */
    void standbyCannotGoOn(VmAtSite vm, String reason) {
        if (vms.isMember(vm.id())) {
            tell.accept(new OwnershipEvent.StandbyBroken(reason));
        } else {
            giveUp(vm, reason);
        }
    }
}
