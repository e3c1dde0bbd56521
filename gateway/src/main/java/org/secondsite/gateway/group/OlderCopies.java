package org.secondsite.gateway.group;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;

/**
 * VMs that run here and are no members, while the other site may have gone on from them: it owned the group, started them from their
 * images, and let them leave. What such a one says is older than what the world has heard, so it stays held, whoever owns the group since. It ends when
 * the VM does not run here any more, when the other site says that it has not gone on from it, or when an operator vouches for it. See
 * {@link Membership}.
 */
final class OlderCopies {
    private final Membership membership;
    private final OthersMembers others;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final String peerName;
    private final Optional<String> lost;
    /** What would pass here otherwise. */
    private final Set<VmId> withheld = new LinkedHashSet<>();

    OlderCopies(
            Membership membership,
            OthersMembers others,
            Ownership ownership,
            GroupVms vms,
            Orders orders,
            String peerName,
            Optional<String> lost) {
        this.membership = membership;
        this.others = others;
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        this.peerName = peerName;
        this.lost = lost;
    }

    /** Whether nobody is known to have gone on from a VM here: it is a member, there is none here, or the other site has said so. */
    boolean mayGoOn(VmAtSite vm) {
        boolean isMember = vms.isMember(vm.id()) && !others.isForgotten(vm.id());
        return isMember || vm.canKeepReplica() || others.hasNotGoneOnFrom(vm.id());
    }

    /** What stands against a VM that runs here, in words. */
    String doubt(VmId vm) {
        if (others.isForgotten(vm) && lost.isPresent()) {
            return "this gateway does not know whether " + vm + " is the newest there is, because " + lost.get()
                    + ": if it is, say so by 'vouch'";
        }
        return peerName + " may have gone on from " + vm
                + " before it left the group there: if this one is the newer of the two, say so by 'vouch'";
    }

    /** Whether a VM's output is held for nothing but this. */
    boolean withholds(VmAtSite vm) {
        return withheld.contains(vm.id()) && !mayGoOn(vm);
    }

    /** Output passes under this term. */
    void pass(long term) {
        for (VmAtSite vm : vms.all()) {
            if (mayGoOn(vm)) {
                withheld.remove(vm.id());
                orders.give(new SiteOrder.Pass(vm.id(), term));
            } else if (withheld.add(vm.id())) {
                note(vm.id(), "its output stays held: " + doubt(vm.id()));
            }
        }
    }

    /** Something is news: who was held for nothing but this passes, if this site owns the group. */
    void look() {
        if (!membership.owns()) {
            return;
        }
        for (VmAtSite vm : vms.all()) {
            if (!vms.isMember(vm.id()) && vm.canKeepReplica()) {
                others.begins(vm.id());
            }
            if (withheld.contains(vm.id()) && mayGoOn(vm)) {
                withheld.remove(vm.id());
                orders.give(new SiteOrder.Pass(vm.id(), ownership.term()));
            }
        }
    }

    /** A VM is ticked no more, or this site owns the group no more. */
    void forget(VmId vm) {
        withheld.remove(vm);
    }

    /**
     * An operator says of a VM that runs here that nobody has gone on from it.
     *
     * @return what stands against that; empty: nothing
     */
    Optional<String> vouch(VmId id, String reason) {
        VmAtSite vm = vms.get(id);
        if (!vm.running()) {
            return Optional.of(id + " does not run here");
        }
        if (others.ownedThere() && !membership.isTold()) {
            return Optional.of(
                    peerName + " owns the group of " + id + ", and has not said which VMs are members there");
        }
        if (others.ownedThere() && membership.isTheirs(id)) {
            return Optional.of(peerName + " owns the group, and " + id + " is a member there");
        }
        if (!mayGoOn(vm)) {
            others.begins(id);
            note(id, "an operator vouches that nobody has gone on from it: " + reason);
        }
        return Optional.empty();
    }

    private void note(VmId vm, String text) {
        orders.note(vm.name(), "membership", text);
    }
}
