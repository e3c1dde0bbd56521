package org.secondsite.gateway.group;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Recollection.Copy;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * Which VMs a takeover of a group would activate, at its owner and at its standby, and how that changes while the group is protected.
 *
 * <p><b>MembershipBeforeOutput.</b> What a takeover activates is what the standby has <i>taken</i> last, of the sets that the owner
 * said. A VM of that set is held until its epochs are committed; one that the set may contain is held and not released; and one that it
 * cannot contain passes unheld. So a VM that leaves is held until the standby says that it has taken a set without it, and a VM that
 * joins is held from before the owner says a set with it, and not released before the standby says that it has taken that one. The
 * steps of one VM are {@link MemberPhase}s. A standby that has asked to take over takes no set of that term any more.
 *
 * <p>While the record says that the owner stands alone no takeover is possible, and members come and go as they like. A chain of
 * epochs begins with a set of its own, and the standby is admitted only when it has taken that.
 *
 * <p>A standby forgets its image of a VM that is neither member nor joins. A VM that runs at a site that does not own the group is stopped
 * only if it is a member by the owner's word: any other one may be the only one there is.
 */
final class Membership {
    private static final Set<OwnershipState> OWNER = EnumSet.of(
            OwnershipState.SOLO, OwnershipState.SYNCING, OwnershipState.PROTECTED, OwnershipState.HANDING_OVER);

    /** What the other gateway is known to speak. */
    private enum Peer {
        UNKNOWN,
        OLD,
        SPEAKS_OF_MEMBERS
    }

    private final GroupId group;
    private final SiteId self;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Orders orders;
    private final BooleanSupplier doubted;
    private Peer peer = Peer.UNKNOWN;
    private final String peerName;

    // As the owner.
    private long generation;
    /** These have left while this site stood alone: the other one may have them as members still, with an older image. */
    private final Set<VmId> untold = new LinkedHashSet<>();

    private Optional<PeerMessage.MembersTaken> answer = Optional.empty();
    /** The standby has said that these do not run there, since this site owns the group: none of them starts there without a takeover. */
    private final Set<VmId> absentThere = new HashSet<>();

    private PeerMessage.Takeover takeover = PeerMessage.Takeover.NONE;
    private final Joining joining;
    private final Leaving leaving;
    private final OthersMembers others;
    private final OlderCopies older;
    private final MemberMemory memory;

    Membership(
            PairConfig config,
            GroupId group,
            Ownership ownership,
            GroupVms vms,
            Orders orders,
            Consumer<OwnershipEvent> tell,
            BooleanSupplier doubted,
            LongSupplier burnedTerm,
            SiteFacts facts) {
        this.peerName = "site " + config.peerSite();
        this.group = group;
        this.self = config.site();
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        this.doubted = doubted;
        this.generation = orders.nowNanos();
        joining = new Joining(this, ownership, vms, orders, tell);
        leaving = new Leaving(this, config, group, ownership, vms, orders, tell);
        others = new OthersMembers(config, group, ownership, vms, orders, this::isPeerNew, burnedTerm, facts);
        memory = facts.memory();
        older = new OlderCopies(this, others, ownership, vms, orders, peerName, memory.lost());
    }

    // ---- what is remembered -------------------------------------------------------------------------------------

    /** This is the first record that is known since the start. */
    void startsWith(OwnershipRecord record) {
        if (record.previousTerm() == 0) {
            others.startsAsFirst();
        }
        if (record.owner().equals(self)) {
            others.startsAsOwner();
        }
    }

    /** Whether a VM may be made a member; if not, it waits for the disk. */
    boolean mayBeMember(VmAtSite vm) {
        return others.mayBeMember(vm.id());
    }

    /** Whether a VM is held, or will be, because this gateway does not remember what it was. */
    boolean hasForgotten() {
        return others.hasForgotten();
    }

    /** The disk has more of what is known than before. */
    void written() {
        others.written();
        progress();
    }

    boolean owns() {
        return OWNER.contains(ownership.state());
    }

    private boolean isSolo() {
        return ownership.state() == OwnershipState.SOLO;
    }

    boolean isProtected() {
        return ownership.state() == OwnershipState.PROTECTED;
    }

    // ---- what is said and heard ---------------------------------------------------------------------------------

    /** The other gateway speaks this. */
    void speaks(Dialect dialect) {
        peer = dialect.has(Capability.MEMBERS) ? Peer.SPEAKS_OF_MEMBERS : Peer.OLD;
        if (peer == Peer.OLD && !owns()) {
            vms.all().stream().filter(vm -> !others.mayBeOlder(vm.id())).forEach(vm -> vms.seat(vm.id()));
        }
    }

    /** The tunnel is up. */
    void connected() {
        peer = peer == Peer.UNKNOWN ? Peer.OLD : peer;
    }

    /** Says the set as the owner, or what became of it as the standby. */
    void say() {
        if (owns()) {
            say(new PeerMessage.Members(group, ownership.term(), generation, members(), toJoin(), takeover));
        } else if (ownership.state() == OwnershipState.STANDBY) {
            say(others.answer());
        }
    }

    private void say(PeerMessage message) {
        orders.give(new SiteOrder.Say(message));
    }

    /** The set that is said. */
    private List<VmId> members() {
        return vms.ids(vm -> (vms.isMember(vm) && !leaving.isDropped(vm)) || joining.isAdding(vm));
    }

    private List<VmId> toJoin() {
        return vms.ids(vm -> !vms.isMember(vm) && !joining.isAdding(vm) && !leaving.has(vm));
    }

    void setChanged() {
        generation++;
        answer = Optional.empty();
        say();
    }

    /** A chain of epochs begins, with a set of its own. */
    void chainsBegin() {
        setChanged();
    }

    /** The standby says what became of the set. */
    void heard(PeerMessage.MembersTaken message) {
        if (owns()) {
            answer = Optional.of(message);
            if (message.seen() == generation) {
                absentThere.addAll(members());
                absentThere.addAll(toJoin());
                message.lacks().forEach(lack -> absentThere.remove(lack.vm()));
            }
            if (message.taken() == generation) {
                untold.clear();
            }
            progress();
        }
    }

    /** Whether the standby has taken the set that is said now, or knows of none. */
    boolean isTaken() {
        return peer != Peer.SPEAKS_OF_MEMBERS
                || answer.filter(heard -> heard.taken() == generation).isPresent();
    }

    /** The owner says its set. */
    void heard(PeerMessage.Members message) {
        if (!owns()) {
            others.heard(message);
            progress();
        }
    }

    /** Something is news that a set of the owner may have waited for. */
    void consider() {
        others.consider();
    }

    /** Why this site cannot keep an image of every member, empty if it can. */
    String obstacle() {
        return others.obstacle();
    }

    /** What a VM lacks here, as that of a standby. */
    String lack(VmId vm) {
        return others.lack(vm);
    }

    /** What VMs lack at the standby's site, by what was heard last. */
    List<PeerMessage.Lack> lacksThere() {
        return answer.map(PeerMessage.MembersTaken::lacks).orElse(List.of());
    }

    /** Whether the other site has said which VMs it runs under this term. */
    boolean knowsMembersOf(long term) {
        return others.knowsMembersOf(term);
    }

    /** VMs that come. */
    Joining joining() {
        return joining;
    }

    /** VMs that run here and may be older than what the other site runs or has run. */
    OlderCopies older() {
        return older;
    }

    /** VMs that an operator wants to leave. */
    Leaving leaving() {
        return leaving;
    }

    boolean isPeerOld() {
        return peer == Peer.OLD;
    }

    private boolean isPeerNew() {
        return peer == Peer.SPEAKS_OF_MEMBERS;
    }

    /** Whether the owner at the other site has said which VMs are members. */
    boolean isTold() {
        return isPeerNew() && others.isOfTheOwner();
    }

    boolean isDoubted() {
        return doubted.getAsBoolean();
    }

    /** Whether no VM of these can run at both sites: the standby has said that it does not run there, or its agent that it does not here. */
    boolean runAtOneSite(Set<VmId> which) {
        return which.stream()
                .allMatch(vm -> absentThere.contains(vm) || vms.get(vm).canKeepReplica());
    }

    /** Whether no other site runs the VM, would, or has gone on from it. */
    boolean isNotTheirs(VmId vm) {
        return !others.ownedThere()
                || (isTold() && !isTheirs(vm) && (vms.get(vm).canKeepReplica() || others.hasNotGoneOnFrom(vm)));
    }

    /** The members are about to be activated here. */
    void takesOver(long term) {
        takesOver(term, vms::isMember);
    }

    private void takesOver(long term, Predicate<VmId> activated) {
        takeover = new PeerMessage.Takeover(term, vms.ids(activated));
    }

    /** Whoever runs here after a takeover has gone on here, also one that an operator started. */
    private void noteWhoRuns() {
        if (owns() && takeover.term() > 0) {
            List<VmId> activated = vms.ids(
                    vm -> takeover.activated().contains(vm) || vms.get(vm).running());
            if (!takeover.activated().containsAll(activated)) {
                Set<VmId> all = new LinkedHashSet<>(takeover.activated());
                all.addAll(activated);
                takeover = new PeerMessage.Takeover(takeover.term(), List.copyOf(all));
                say();
            }
        }
    }

    /**
     * An operator vouches for a VM that runs here.
     *
     * @return what stands against that; empty: nothing
     */
    Optional<String> vouch(VmId vm, String reason) {
        Optional<String> obstacle = older.vouch(vm, reason);
        progress();
        return obstacle;
    }

    /** Whether a VM that runs here is to be stopped when the other site runs the group's VMs. */
    boolean isTheirs(VmId vm) {
        if (!others.ownedThere()) {
            return vms.isMember(vm) && !joining.isAdding(vm) && !leaving.isDropped(vm);
        }
        return switch (peer) {
            case OLD -> true;
            case UNKNOWN -> false;
            case SPEAKS_OF_MEMBERS -> others.isMember(vm);
        };
    }

    // ---- the owner ----------------------------------------------------------------------------------------------

    /** Time passes, or something is news: whoever can go a step does. */
    void progress() {
        noteWhoRuns();
        older.look();
        if (isSolo()) {
            joining.atOnce();
        } else if (isProtected()) {
            joining.stepwise();
        } else if (!owns()) {
            others.consider();
        }
        leaving.look();
    }

    /** Why a VM cannot begin to join now, in words; empty if it can. */
    String waitsFor(VmAtSite vm) {
        if (!vm.checkpointable()) {
            return vm.session().isEmpty() ? "no agent beside its hypervisor" : "it does not run here";
        }
        if (!older.mayGoOn(vm)) {
            return older.doubt(vm.id());
        }
        return switch (peer) {
            case OLD -> isSolo() ? "" : "the gateway of " + peerName + " is of a release that knows of no changes";
            case UNKNOWN -> peerName + " has not been heard";
            case SPEAKS_OF_MEMBERS ->
                answer.filter(heard -> heard.seen() == generation)
                        .map(heard -> heard.lacks().stream()
                                .filter(lack -> lack.vm().equals(vm.id()))
                                .findFirst()
                                .map(lack -> peerName + ": " + lack.words())
                                .orElse(""))
                        .orElse(peerName + " has not answered");
        };
    }

    /** The same for people: also that the disk does not take what is known. */
    String waitsForInWords(VmAtSite vm) {
        String words = waitsFor(vm);
        return words.isEmpty() && memory.lists(group, vm.id()) ? memory.trouble() : words;
    }

    private void note(VmAtSite vm, String text) {
        orders.note(vm.id().name(), "membership", text);
    }

    /** VMs of which nobody knows whether a takeover would activate them. */
    List<VmId> uncertain() {
        return vms.ids(vm -> joining.isAdding(vm) || (untold.contains(vm) && !vms.isMember(vm)));
    }

    /** Whether a change is under way that must not meet a hand-over, or a sync. */
    boolean isChanging() {
        return leaving.isUnderWay() || joining.isUnderWay();
    }

    /** The group is in another state than this one. */
    void stateChanged(OwnershipState before) {
        if (isProtected() || ownership.state() == OwnershipState.HANDING_OVER) {
            return;
        }
        if (!owns()) {
            boolean owned = OWNER.contains(before) || before == OwnershipState.PROMOTING;
            if (owned) {
                takeover = PeerMessage.Takeover.NONE;
                vms.all().forEach(vm -> others.ceasesToOwn(vm.id(), standing(vm)));
                vms.all().forEach(vm -> older.forget(vm.id()));
            }
            if (ownership.state() != OwnershipState.UNKNOWN) {
                others.settlesElsewhere();
            }
            // What was on its way may have arrived: the owner's word will tell.
            uncertain().forEach(vms::seat);
            untold.clear();
            answer = Optional.empty();
            absentThere.clear();
        } else {
            others.forget();
            if (before == OwnershipState.PROMOTING && takeover.term() == 0) {
                takesOver(ownership.term(), vm -> false); // without an image
            }
        }
        joining.forgetWhatWasSaid();
        leaving.forgetWhatWasSaid();
        others.remember();
        progress();
    }

    private Copy standing(VmAtSite vm) {
        if (uncertain().contains(vm.id()) || leaving.isDropped(vm.id())) {
            return Copy.DOUBTFUL;
        }
        if (vms.isMember(vm.id())) {
            return Copy.OLDER;
        }
        return older.mayGoOn(vm) ? Copy.ONLY : Copy.OLDER;
    }

    // ---- another configuration ----------------------------------------------------------------------------------

    /** The group has these VMs from now on; nothing stands against it ({@link Leaving#objection}). */
    void alter(GatewayConfig.Group settings) {
        boolean other = false;
        for (VmId gone : vms.ids(vm -> !GroupVms.ticked(settings, vm))) {
            if (isSolo() && vms.isMember(gone)) {
                untold.add(gone);
            }
            orders.give(new SiteOrder.Pass(gone, ownership.term()));
            note(vms.get(gone), "it has left");
            older.forget(gone);
            vms.remove(gone);
            other = true;
        }
        leaving.carriedOut();
        for (GatewayConfig.Vm vm : settings.vms()) {
            if (vm.isProtected() && vms.get(vm.id()) == null) {
                vms.add(vm);
                others.begins(vm.id());
                note(vms.get(vm.id()), "it is to join");
                if (owns() || peer != Peer.OLD) {
                    orders.give(new SiteOrder.Pass(vm.id(), ownership.term()));
                } else {
                    vms.seat(vm.id());
                }
                other = true;
            }
        }
        if (other) {
            others.remember();
            vms.agentsChanged();
            setChanged();
            progress();
        }
    }

    // ---- what is shown ------------------------------------------------------------------------------------------

    /** How far a VM is, and what it waits for in words; empty if for nothing. */
    MemberPhase phase(VmAtSite vm) {
        if (leaving.has(vm.id())) {
            return MemberPhase.LEAVING;
        }
        if (!owns()) {
            return vms.isMember(vm.id()) ? MemberPhase.MEMBER : MemberPhase.WAITING;
        }
        if (vms.isMember(vm.id())) {
            return MemberPhase.MEMBER;
        }
        if (joining.isAdding(vm.id())) {
            return MemberPhase.ADDING;
        }
        if (!vm.source().running()) {
            return older.withholds(vm) ? MemberPhase.WITHHELD : MemberPhase.WAITING;
        }
        return vm.source().gated() ? MemberPhase.HELD : MemberPhase.COPYING;
    }
}
