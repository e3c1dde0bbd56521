package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.replicator.tunnel.PeerMessage;

/** What the VMs of a group lack at either site, told at both: a VM that lacks anything is not protected. */
final class GroupLacks {
    private final GroupId group;
    private final String here;
    private final String there;
    private final GroupVms vms;
    private final Membership membership;
    private final SiteFacts facts;
    private final Orders orders;
    private List<PeerMessage.Lack> ofOwner = List.of();

    GroupLacks(PairConfig config, GroupId group, GroupVms vms, Membership membership, SiteFacts facts, Orders orders) {
        this.group = group;
        here = "site " + config.site() + ": ";
        there = "site " + config.peerSite() + ": ";
        this.vms = vms;
        this.membership = membership;
        this.facts = facts;
        this.orders = orders;
    }

    /** Says as the owner what VMs lack here, and what was ticked and unticked. */
    void say() {
        if (membership.owns()) {
            List<PeerMessage.Lack> lacks = vms.all().stream()
                    .filter(vm -> !asOwner(vm).isEmpty())
                    .map(vm -> new PeerMessage.Lack(vm.id(), asOwner(vm)))
                    .toList();
            orders.give(new SiteOrder.Say(new PeerMessage.OwnerLacks(group, lacks)));
            facts.ticks().made(group).ifPresent(made -> orders.give(new SiteOrder.Say(made)));
        }
    }

    /** The owner says what VMs lack there. */
    void heard(PeerMessage.OwnerLacks message) {
        ofOwner = message.lacks();
        facts.ticks()
                .ownerSays(group, ofOwner.stream().map(PeerMessage.Lack::vm).collect(Collectors.toSet()));
    }

    /** The owner says what was ticked and unticked there. */
    void heard(PeerMessage.TicksMade message) {
        facts.ticks().ownerMade(message);
    }

    private String asOwner(VmAtSite vm) {
        if (vm.session().isEmpty()) {
            return "no agent beside its hypervisor";
        }
        return vm.running() ? facts.ports().lack(vm.id()) : "it does not run there";
    }

    /** What a VM lacks, each with the site. */
    List<String> of(VmAtSite vm) {
        List<String> lacks = new ArrayList<>();
        boolean owns = membership.owns();
        String own = owns ? asOwner(vm) : membership.lack(vm.id());
        if (!own.isEmpty()) {
            lacks.add(here + own);
        }
        wordsFor(vm.id(), owns ? membership.lacksThere() : ofOwner).ifPresent(words -> lacks.add(there + words));
        return lacks;
    }

    private static Optional<String> wordsFor(VmId vm, List<PeerMessage.Lack> lacks) {
        return lacks.stream()
                .filter(lack -> lack.vm().equals(vm))
                .map(PeerMessage.Lack::words)
                .findFirst();
    }

    /** What a VM that is no member waits for, in words. */
    String waitsFor(VmAtSite vm) {
        if (!membership.phase(vm).isOutside()) {
            return "";
        }
        if (membership.owns()) {
            return membership.waitsForInWords(vm);
        }
        List<String> lacks = of(vm);
        return lacks.isEmpty()
                ? there + "it owns the group, and has not said that the VM is a member"
                : String.join("; ", lacks);
    }
}
