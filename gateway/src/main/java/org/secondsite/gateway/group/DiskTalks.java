package org.secondsite.gateway.group;

import java.util.Optional;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * Passes on what the agents of a VM tell each other of its machine and its disks. Which of them asks and which answers is the record's matter alone: a
 * question goes to a standby, an answer to an owner, whatever the disks are.
 */
final class DiskTalks {
    private final GroupId group;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private Optional<Dialect> spoken = Optional.empty();

    DiskTalks(GroupId group, Ownership ownership, GroupVms vms, Orders orders) {
        this.group = group;
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
    }

    /** The other gateway speaks this. */
    void speaks(Dialect dialect) {
        spoken = Optional.of(dialect);
    }

    /** The agent here says something. */
    void here(VmAtSite vm, SiteEvent.AgentOfDisks said) {
        if (!vm.is(said.session()) || said.talk().isOwners() != vm.source().running()) {
            return;
        }
        boolean dropped =
                spoken.filter(dialect -> !dialect.has(said.talk().needs())).isPresent();
        if (dropped && said.talk() instanceof DiskTalk.Machine machine) {
            orders.give(new SiteOrder.TellOfDisks(said.session(), new DiskTalk.Compared(machine.chain(), "")));
        } else {
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
                .filter(session -> session.dialect().has(talk.needs()))
                .isPresent();
        boolean wanted = talk.isOwners()
                ? ownership.acceptsEpochs() && vm.canKeepReplica()
                : vm.source().running();
        if (understood && wanted) {
            orders.give(new SiteOrder.TellOfDisks(vm.session().orElseThrow(), talk));
        } else if (talk instanceof DiskTalk.Machine) {
            say(id, new DiskTalk.Compared(talk.chain(), ""));
        } else if (talk.isOwners()) {
            say(id, new DiskTalk.Nobody(talk.chain()));
        }
    }

    private void say(VmId vm, DiskTalk talk) {
        orders.give(new SiteOrder.Say(new PeerMessage.OfDisks(group, vm, talk)));
    }
}
