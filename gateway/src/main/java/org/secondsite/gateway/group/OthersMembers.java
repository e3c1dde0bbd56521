package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * The members of a group by the word of the other site, while that owns the group: what a takeover here would activate. See {@link
 * Membership}.
 */
final class OthersMembers {
    private final GroupId group;
    private final SiteId self;
    private final String peerName;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final BooleanSupplier speaks;
    private final LongSupplier burnedTerm;
    private final SiteFacts facts;
    private final Map<VmId, Copy> copies = new HashMap<>();
    private long ownedTerm;
    private Optional<PeerMessage.Members> said = Optional.empty();
    private long taken;

    /** What a VM that is here may be, beside what the other site runs. */
    enum Copy {
        /** The other site does not have it. */
        ONLY,
        /** The other site has gone on from it, or would have. */
        OLDER,
        /** Either, and the other site knows. */
        DOUBTFUL
    }

    /**
     * Nothing was said yet.
     *
     * @param speaks whether the other gateway speaks of members
     */
    OthersMembers(
            GatewayConfig config,
            GroupId group,
            Ownership ownership,
            GroupVms vms,
            Orders orders,
            BooleanSupplier speaks,
            LongSupplier burnedTerm,
            SiteFacts facts) {
        this.facts = facts;
        this.group = group;
        this.self = config.site();
        this.peerName = "site " + config.peerSite();
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        this.speaks = speaks;
        this.burnedTerm = burnedTerm;
    }

    /** The owner says its set. */
    void heard(PeerMessage.Members message) {
        boolean late = said.filter(known -> message.term() < known.term()
                        || (message.term() == known.term() && message.generation() < known.generation()))
                .isPresent();
        if (!late) {
            said = Optional.of(message);
            consider();
        }
    }

    /** Takes the owner's set as soon as that is possible. */
    void consider() {
        if (said.isEmpty()) {
            return;
        }
        switch (ownership.state()) {
            case FENCED -> {
                if (isOfTheOwner()) {
                    settleOn(said.get());
                }
            }
            case STANDBY -> {
                PeerMessage.Members set = said.get();
                boolean inForce = set.term() > burnedTerm.getAsLong() && set.term() <= ownership.keptTerm();
                if (inForce
                        && taken != set.generation()
                        && set.members().stream().allMatch(vm -> vms.holdsImage(vm) && facts.isFit(vm))) {
                    take(set);
                }
                if (isOfTheOwner()) {
                    stopThose(set);
                }
            }
            default -> {}
        }
    }

    /** Whether what was said is by the owner that the record names, in its term or a later one. */
    boolean isOfTheOwner() {
        return said.filter(set -> set.term() >= ownership.term() && ownedThere())
                .isPresent();
    }

    boolean ownedThere() {
        return ownership.record().filter(record -> !record.owner().equals(self)).isPresent();
    }

    private void take(PeerMessage.Members set) {
        taken = set.generation();
        for (VmAtSite vm : vms.all()) {
            boolean member = set.members().contains(vm.id());
            if (member && !vms.isMember(vm.id())) {
                orders.give(new SiteOrder.Fence(vm.id(), ownership.term()));
            } else if (!member && !set.joining().contains(vm.id())) {
                vm.replica().forget();
            }
        }
        settleOn(set);
        orders.note(group.name(), "members", "a takeover would activate " + set.members());
        vms.reportImage();
        say();
    }

    private void say() {
        orders.give(new SiteOrder.Say(answer()));
    }

    /** What became of the set that the owner said last. */
    PeerMessage.MembersTaken answer() {
        return new PeerMessage.MembersTaken(
                group, said.map(PeerMessage.Members::generation).orElse(0L), taken, lacks());
    }

    /** This site owns the group no more, and this is what it has of a VM. */
    void ceasesToOwn(VmId vm, Copy copy) {
        copies.put(vm, copy);
    }

    /** Whether it is known that the other site has never gone on from the VM as it is here. */
    boolean hasNotGoneOnFrom(VmId vm) {
        return switch (copies.getOrDefault(vm, Copy.DOUBTFUL)) {
            case ONLY -> true;
            case OLDER -> false;
            case DOUBTFUL ->
                said.filter(set -> set.takeover().term() > ownedTerm
                                && !set.takeover().activated().contains(vm))
                        .isPresent();
        };
    }

    /** A VM is ticked, or there is none here, or an operator vouches for it: nobody has gone on from it. */
    void begins(VmId vm) {
        copies.put(vm, Copy.ONLY);
    }

    /** This site owns the group now. Of whom the other one may have gone on until then, nobody will say more. */
    void forget() {
        for (VmAtSite vm : vms.all()) {
            boolean newest = vms.isMember(vm.id()) || hasNotGoneOnFrom(vm.id());
            copies.put(vm.id(), newest ? Copy.ONLY : Copy.OLDER);
        }
        ownedTerm = ownership.term();
        said = Optional.empty();
        taken = 0;
    }

    /** Whether the owner has said that a VM is a member. */
    boolean isMember(VmId vm) {
        return isOfTheOwner() && said.orElseThrow().members().contains(vm);
    }

    private void settleOn(PeerMessage.Members set) {
        for (VmAtSite vm : vms.all()) {
            if (set.members().contains(vm.id())) {
                vms.seat(vm.id());
            } else {
                vms.unseat(vm.id());
            }
        }
        stopThose(set);
        vms.agentsChanged();
    }

    /** The other site runs these. */
    private void stopThose(PeerMessage.Members set) {
        if (!ownership.keepsVms()) {
            vms.all().stream()
                    .filter(vm -> vm.running() && set.members().contains(vm.id()))
                    .forEach(vm -> vm.stop("it is a member at " + peerName + ", which owns the group"));
        }
    }

    /** What each VM that the owner speaks of lacks here. */
    private List<PeerMessage.Lack> lacks() {
        List<PeerMessage.Lack> lacks = new ArrayList<>();
        said.ifPresent(set -> {
            set.members().forEach(vm -> lackOf(vm).ifPresent(lacks::add));
            set.joining().forEach(vm -> lackOf(vm).ifPresent(lacks::add));
        });
        return lacks;
    }

    private Optional<PeerMessage.Lack> lackOf(VmId id) {
        String words = lack(id);
        return words.isEmpty() ? Optional.empty() : Optional.of(new PeerMessage.Lack(id, words));
    }

    /** What a VM lacks here, in words; empty if an image of it can be kept, and be gone on from. */
    String lack(VmId id) {
        VmAtSite vm = vms.get(id);
        if (vm == null) {
            String identity = facts.views().identity(id);
            return identity.isEmpty() ? facts.ticks().whyUnticked(id) : identity;
        }
        return vm.obstacle().isEmpty() ? facts.lack(id) : vm.obstacle();
    }

    /** Why this site cannot keep an image of every member, empty if it can. */
    String obstacle() {
        if (speaks.getAsBoolean() && said.isPresent()) {
            return said.get().members().stream()
                    .flatMap(vm -> lackOf(vm).stream())
                    .map(lack -> lack.vm() + ": " + lack.words())
                    .findFirst()
                    .orElse("");
        }
        return vms.obstacle();
    }

    /** Whether the other site has said which VMs it runs under this term. */
    boolean knowsMembersOf(long term) {
        return !speaks.getAsBoolean() || said.filter(set -> set.term() >= term).isPresent();
    }
}
