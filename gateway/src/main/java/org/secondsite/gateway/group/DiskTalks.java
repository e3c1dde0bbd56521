package org.secondsite.gateway.group;

import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * Passes on what the agents of a VM tell each other of its disks. Which of them asks and which answers is the record's matter alone: a
 * question goes to a standby, an answer to an owner, whatever the disks are.
 */
final class DiskTalks {
    private final GroupId group;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;

    DiskTalks(GroupId group, Ownership ownership, GroupVms vms, Orders orders) {
        this.group = group;
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
    }

    /** The agent here says something. */
    void here(VmAtSite vm, SiteEvent.AgentOfDisks said) {
        if (vm.is(said.session()) && said.talk().isOwners() == vm.source().running()) {
            say(vm.id(), said.talk());
        }
    }

    /** The agent at the other site says something. */
    void there(VmId id, DiskTalk talk) {
        VmAtSite vm = vms.get(id);
        if (vm == null) {
            // The peer's configuration may be another one.
            return;
        }
        boolean understood = vm.session()
                .filter(session -> session.dialect().has(Capability.RESYNC))
                .isPresent();
        boolean wanted = talk.isOwners()
                ? ownership.acceptsEpochs() && vm.canKeepReplica()
                : vm.source().running();
        if (understood && wanted) {
            orders.give(new SiteOrder.TellOfDisks(vm.session().orElseThrow(), talk));
        } else if (talk.isOwners()) {
            say(id, new DiskTalk.Nobody(talk.chain()));
        }
    }

    private void say(VmId vm, DiskTalk talk) {
        orders.give(new SiteOrder.Say(new PeerMessage.OfDisks(group, vm, talk)));
    }
}
