package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Recollection.Copy;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipState;
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
    private final Map<VmId, Copy> copies;
    /** VMs of which this gateway should remember something, and does not: no record has shown yet what that means. */
    private final Set<VmId> forgotten = new HashSet<>();
    /** VMs that are to be members as soon as the disk has them as outsiders no more. */
    private final Set<VmId> admitted = new HashSet<>();

    private long ownedTerm;
    private Optional<PeerMessage.Members> said = Optional.empty();
    private long taken;
    /** What was taken last when the disk had all that is known. */
    private long kept;

    /**
     * Nothing was said yet; of this site's own VMs is known what it remembers.
     *
     * @param speaks whether the other gateway speaks of members
     */
    OthersMembers(
            PairConfig config,
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
        Recollection.OfGroup found = facts.memory().found(group);
        copies = new HashMap<>(found.outside());
        ownedTerm = found.ownedTerm();
        if (facts.memory().lost().isPresent()) {
            vms.all().forEach(vm -> forgotten.add(vm.id()));
        }
    }

    // ---- what is remembered -------------------------------------------------------------------------------------

    /** The first record that is known since the start names this site: whoever was no member is none. */
    void startsAsOwner() {
        copies.keySet().stream().filter(vm -> vms.get(vm) != null).forEach(vms::unseat);
    }

    /** The group has never had another record than this one, so nobody can have gone on from anything. */
    void startsAsFirst() {
        forgotten.clear();
    }

    /** The other site owns the group, and will say what became of it. */
    void settlesElsewhere() {
        forgotten.forEach(vm -> copies.putIfAbsent(vm, Copy.DOUBTFUL));
        forgotten.clear();
    }

    /** Whether the VM here, if there is one, may be older than another one; before the other site has said what it knows. */
    boolean mayBeOlder(VmId vm) {
        return copies.getOrDefault(vm, Copy.ONLY) != Copy.ONLY;
    }

    /** Whether anything is forgotten that a record has not settled yet. */
    boolean hasForgotten() {
        return !forgotten.isEmpty();
    }

    /** This gateway does not know any more what the VM was, and that matters. */
    boolean isForgotten(VmId vm) {
        return forgotten.contains(vm);
    }

    /** Whether the VM may become a member; if not, it may when the disk has it as an outsider no more. */
    boolean mayBeMember(VmId vm) {
        if (admitted.add(vm)) {
            remember();
        }
        return !facts.memory().lists(group, vm);
    }

    /** Has the disk say what is known by now. */
    void remember() {
        Map<VmId, Copy> outside = new HashMap<>();
        Set<VmId> members = new HashSet<>();
        for (VmAtSite vm : vms.all()) {
            VmId id = vm.id();
            boolean isMember = vms.isMember(id) || admitted.contains(id);
            if (isMember) {
                members.add(id);
            }
            if (ownedHere() && !isMember) {
                outside.put(id, copies.getOrDefault(id, Copy.DOUBTFUL));
            } else if (!ownedHere() && copies.containsKey(id)) {
                outside.put(id, copies.get(id));
            }
        }
        facts.memory().keep(group, new Recollection.OfGroup(ownedTerm, outside, members));
    }

    private boolean ownedHere() {
        return ownership.record().filter(record -> record.owner().equals(self)).isPresent();
    }

    private void copy(VmId vm, Copy what) {
        forgotten.remove(vm);
        copies.put(vm, what);
    }

    // ---- what the other site says -------------------------------------------------------------------------------

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
            if (member) {
                // There is an image, and so none that runs: whatever will run here goes on from that.
                copies.remove(vm.id());
            }
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
        kept = facts.memory().isKept() ? taken : kept;
        return new PeerMessage.MembersTaken(
                group, said.map(PeerMessage.Members::generation).orElse(0L), kept, lacks());
    }

    /** The disk has more than before. */
    void written() {
        if (kept != taken && facts.memory().isKept() && ownership.state() == OwnershipState.STANDBY) {
            say();
        }
    }

    /** This site owns the group no more, and this is what it has of a VM. */
    void ceasesToOwn(VmId vm, Copy copy) {
        copy(vm, copy);
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
        copy(vm, Copy.ONLY);
        remember();
    }

    /** This site owns the group now. Of whom the other one may have gone on until then, nobody will say more. */
    void forget() {
        for (VmAtSite vm : vms.all()) {
            // One whose agent is away may run.
            boolean unknown = isForgotten(vm.id()) && !vm.canKeepReplica();
            if (unknown) {
                vms.unseat(vm.id());
            }
            boolean newest = !unknown && (vms.isMember(vm.id()) || hasNotGoneOnFrom(vm.id()));
            copies.put(vm.id(), newest ? Copy.ONLY : Copy.OLDER);
            if (!unknown) {
                forgotten.remove(vm.id());
            }
        }
        admitted.clear();
        ownedTerm = ownership.term();
        said = Optional.empty();
        taken = 0;
        kept = 0;
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
                copies.putIfAbsent(vm.id(), Copy.DOUBTFUL);
            }
        }
        remember();
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
            set.joining().forEach(vm -> lackOf(vm).or(() -> lackOfMemory(vm)).ifPresent(lacks::add));
        });
        return lacks;
    }

    private Optional<PeerMessage.Lack> lackOf(VmId id) {
        String words = lack(id);
        return words.isEmpty() ? Optional.empty() : Optional.of(new PeerMessage.Lack(id, words));
    }

    /** No VM joins where that could not be kept; whoever is a member stays one. */
    private Optional<PeerMessage.Lack> lackOfMemory(VmId id) {
        String trouble = facts.memory().trouble();
        return trouble.isEmpty() ? Optional.empty() : Optional.of(new PeerMessage.Lack(id, trouble));
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
