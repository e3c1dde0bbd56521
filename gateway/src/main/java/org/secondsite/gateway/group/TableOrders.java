package org.secondsite.gateway.group;

import java.util.List;
import java.util.TreeSet;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipAction;

/** Turns what the ownership table of a group wants done into orders. It decides nothing. */
final class TableOrders {
    private final GroupId id;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Membership membership;
    private final Talks talks;
    private final GroupCounters counters;
    private final Orders orders;

    /** Whom the group talks with: the other gateway, the witness of what is doubted, and an operator. */
    record Talks(PeerTalk peer, FreshEvidence evidence, Hearsay hearsay, OrderedSwitchover switchover) {}

    TableOrders(
            GroupId id,
            Ownership ownership,
            GroupVms vms,
            Membership membership,
            Talks talks,
            GroupCounters counters,
            Orders orders) {
        this.id = id;
        this.ownership = ownership;
        this.vms = vms;
        this.membership = membership;
        this.talks = talks;
        this.counters = counters;
        this.orders = orders;
    }

    private void note(String kind, String text) {
        orders.note(id.name(), kind, text);
    }

    /** Gives the orders that an action means. */
    void translate(OwnershipAction action) {
        switch (action) {
            case OwnershipAction.Transition t -> {
                counters.transition(t.from(), t.to());
                note("transition", t.from() + " -> " + t.to() + ": " + t.reason());
            }
            case OwnershipAction.Hold hold -> vms.each(vm -> vm.source().gate(hold.term()));
            case OwnershipAction.Pass pass -> {
                membership.older().pass(pass.term());
                talks.evidence().found(); // a site that stands alone by the record cannot have been replaced
            }
            case OwnershipAction.FlushAtOnce atOnce -> vms.flushAtOnce();
            case OwnershipAction.SyncDisks sync -> vms.syncDisks();
            case OwnershipAction.Fence fence -> {
                counters.fence();
                vms.each(vm -> orders.give(new SiteOrder.Fence(vm.id(), fence.term())));
                membership.uncertain().forEach(vm -> orders.give(new SiteOrder.Fence(vm, fence.term())));
                talks.evidence().found(); // nothing is left to hold back
            }
            case OwnershipAction.Doubt doubt -> {
                if (talks.hearsay().heard(doubt.term())) {
                    note("hearsay", "the peer speaks of term " + doubt.term() + "; the witness is asked");
                }
            }
            case OwnershipAction.StartCheckpoints start -> {
                vms.chainsBegin();
                membership.chainsBegin();
                talks.peer().chainBegins();
                vms.each(vm -> vm.source().start(vm.session(), start.term()));
            }
            case OwnershipAction.Retitle retitle ->
                checkpointed().forEach(vm -> vm.source().retitle(vm.session(), retitle.term()));
            case OwnershipAction.StopCheckpoints _ -> checkpointed().forEach(this::stopCheckpoints);
            case OwnershipAction.RefuseEpochs refuse -> {
                talks.peer().burn(refuse.term());
                vms.all().forEach(vm -> vm.replica().stopAcknowledging());
            }
            case OwnershipAction.Ask ask -> ask(ask);
            case OwnershipAction.Activate activate -> {
                membership.takesOver(activate.term());
                vms.each(VmAtSite::activate);
            }
            case OwnershipAction.StopVms stop ->
                vms.each(vm -> {
                    if (membership.isTheirs(vm.id())) {
                        vm.stop(stop.reason());
                    }
                });
            case OwnershipAction.PauseVms pause -> vms.each(VmAtSite::pause);
            case OwnershipAction.ResumeVms resume -> vms.each(VmAtSite::resume);
            case OwnershipAction.SwitchoverEnded end -> talks.switchover().ended(end);
            case OwnershipAction.Announce announce -> orders.give(new SiteOrder.Announce(id, announce.role()));
            case OwnershipAction.TakeSwitches take -> orders.give(new SiteOrder.Program(id, take.term(), take.role()));
            case OwnershipAction.Alarm alarm -> {
                counters.alarm();
                note("alarm", alarm.text());
            }
        }
    }

    private void stopCheckpoints(VmAtSite vm) {
        boolean joins = !vms.isMember(vm.id()) && !membership.uncertain().contains(vm.id());
        boolean held = vm.source().gated();
        vm.source().stop(vm.session());
        if (joins && held) {
            // No takeover can contain it.
            orders.give(new SiteOrder.Pass(vm.id(), ownership.term()));
        }
    }

    /** The members, and whoever else is being checkpointed. */
    private List<VmAtSite> checkpointed() {
        return vms.all().stream()
                .filter(vm -> vms.isMember(vm.id()) || vm.source().running())
                .toList();
    }

    private void ask(OwnershipAction.Ask ask) {
        note(
                "ask",
                "witness: owner " + ask.owner() + " in sync " + new TreeSet<>(ask.inSync()) + " after term "
                        + ask.expectedTerm() + " (" + ask.reason() + ")");
        orders.give(new SiteOrder.Ask(id, ask.attempt(), ask.expectedTerm(), ask.owner(), ask.inSync(), ask.reason()));
    }
}
