package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * The protected VMs of a group, and those of them summed up that are members: the group is as far as the member that is least far. What becomes true or false of all of
 * them is told once.
 */
final class GroupVms {
    /** How long an owner waits for an agent to come back before it gives the VM up. */
    private static final long AGENT_GRACE_NANOS = 1_500_000_000L;
    /** How long after a failed activation the next one is tried. */
    private static final long ACTIVATION_RETRY_NANOS = 500_000_000L;

    /** How long after disks were to be synced that is ordered again. */
    private static final long SYNC_RETRY_NANOS = 2_000_000_000L;

    private final GroupId group;
    private final Orders orders;
    private final Consumer<OwnershipEvent> tell;
    private PairConfig config;
    /** Every ticked VM. */
    private final Map<VmId, VmAtSite> known = new LinkedHashMap<>();
    /** A copy of them; null when they have changed since. */
    private List<VmAtSite> all;
    /** Those that a takeover activates, which make up the group's state. */
    private final Map<VmId, VmAtSite> vms = new LinkedHashMap<>();
    /** How far the epochs of VMs are numbered that have left: none is numbered like one of these again. */
    private final Map<VmId, EpochId> numbered = new HashMap<>();

    private boolean atOnce;

    /** Whether the table waits until every flush is on the disk, and when that was ordered last. */
    private boolean syncing;

    private long syncOrderedNanos;
    private boolean disksReported;
    private boolean imageReported;
    private boolean imageAcknowledgedReported;
    private boolean caughtUpReported;
    private boolean sourceReported;
    private long sourceGoneNanos;
    private String activationFailure;
    private long activationFailedNanos;
    /** Counts the images that this standby lost; the owner restarts its chain when the number changes. */
    private long imageGeneration;

    GroupVms(PairConfig config, GatewayConfig.Group settings, Orders orders, Consumer<OwnershipEvent> tell) {
        this.group = settings.id();
        this.config = config;
        this.orders = orders;
        this.tell = tell;
        this.imageGeneration = orders.nowNanos();
        for (GatewayConfig.Vm vm : settings.vms()) {
            if (vm.isProtected()) {
                add(vm);
                seat(vm.id());
            }
        }
    }

    // ---- who is ticked, and who is a member ---------------------------------------------------------------------

    /** Checkpoints are taken and kept by other settings from now on, those of VMs that come later included. */
    void alterCheckpoints(PairConfig after) {
        config = after;
        all().forEach(vm -> vm.alterCheckpoints(after));
    }

    static boolean ticked(GatewayConfig.Group settings, VmId id) {
        return settings.vms().stream()
                .anyMatch(vm -> vm.isProtected() && vm.id().equals(id));
    }

    /** Adds one that is no member yet. */
    void add(GatewayConfig.Vm vm) {
        VmAtSite added = new VmAtSite(vm, config, orders);
        Optional.ofNullable(numbered.remove(vm.id())).ifPresent(added.source()::numberFrom);
        known.put(vm.id(), added);
        all = null;
    }

    void remove(VmId vm) {
        vms.remove(vm);
        numbered.put(vm, known.remove(vm).source().next());
        all = null;
    }

    /** Makes one a member. */
    void seat(VmId vm) {
        vms.put(vm, known.get(vm));
    }

    /** Makes one no member any more. */
    void unseat(VmId vm) {
        vms.remove(vm);
    }

    boolean isMember(VmId vm) {
        return vms.containsKey(vm);
    }

    boolean isEmpty() {
        return vms.isEmpty();
    }

    /** Null if it is not ticked. */
    VmAtSite get(VmId vm) {
        return known.get(vm);
    }

    /** Every ticked VM, as of now: what comes and goes later does not change the list. */
    List<VmAtSite> all() {
        if (all == null) {
            all = List.copyOf(known.values());
        }
        return all;
    }

    /** Whether no ticked VM is anything but a member. */
    boolean allAreMembers() {
        return vms.size() == known.size();
    }

    /** Those of the ticked VMs. */
    List<VmId> ids(Predicate<VmId> which) {
        return known.keySet().stream().filter(which).toList();
    }

    boolean holdsImage(VmId id) {
        VmAtSite vm = known.get(id);
        return vm != null && vm.canKeepReplica() && vm.replica().holdsImage();
    }

    /** Why this site cannot keep an image of every member, empty if it can. */
    String obstacle() {
        return vms.values().stream()
                .map(VmAtSite::obstacle)
                .filter(what -> !what.isEmpty())
                .findFirst()
                .orElse("");
    }

    // ---- the members --------------------------------------------------------------------------------------------

    void each(Consumer<VmAtSite> what) {
        List.copyOf(vms.values()).forEach(what);
    }

    boolean all(Predicate<VmAtSite> predicate) {
        return vms.values().stream().allMatch(predicate);
    }

    /** The VM whose output has waited for a commit for longest; null if there is none. */
    VmAtSite slowest() {
        VmAtSite slowest = null;
        long most = Long.MIN_VALUE;
        for (VmAtSite vm : vms.values()) {
            long lag = vm.source().lagNanos(orders.nowNanos());
            if (lag > most) {
                most = lag;
                slowest = vm;
            }
        }
        return slowest;
    }

    boolean anyCheckpointing() {
        return vms.values().stream().anyMatch(vm -> vm.source().running());
    }

    long imageGeneration() {
        return imageGeneration;
    }

    // ---- the VMs here -------------------------------------------------------------------------------------------

    private void nobodyIsMember(boolean owned) {
        if (owned && !sourceReported) {
            sourceReported = true;
            tell.accept(new OwnershipEvent.SourceReady());
        } else if (!owned) {
            sourceReported = false;
            tell.accept(new OwnershipEvent.VmsStopped());
        }
    }

    /** Time passes for a group without a member: everything is true of it that is true when it is so of all. */
    void reportOfNobody(Ownership ownership, SiteId self, boolean taken) {
        boolean owned =
                ownership.record().filter(record -> record.owner().equals(self)).isPresent();
        if (ownership.record().isPresent()) {
            nobodyIsMember(owned);
        }
        reportProgress(taken);
        reportImage();
        if (owned && ownership.state() == OwnershipState.PROMOTING) {
            reportActive();
        }
    }

    /** An agent came or went, or who is a member. */
    void agentsChanged() {
        if (!disksReported && vms.values().stream().anyMatch(VmAtSite::carriesDisks)) {
            disksReported = true;
            tell.accept(new OwnershipEvent.DisksCarried());
        }
        reportSynced();
        if (isEmpty()) {
            sourceGoneNanos = 0;
            return;
        }
        boolean ready = all(VmAtSite::checkpointable);
        if (ready) {
            sourceGoneNanos = 0;
            if (!sourceReported) {
                sourceReported = true;
                tell.accept(new OwnershipEvent.SourceReady());
            }
        } else if (sourceReported && sourceGoneNanos == 0) {
            sourceGoneNanos = orders.nowNanos();
        }
        reportStopped();
    }

    /** A VM runs here, from its replica. */
    void activated(VmAtSite vm) {
        vm.noteActive();
        vm.replica().forget();
        reportActive();
    }

    private void reportActive() {
        if (all(VmAtSite::active)) {
            lostImage("activated");
            sourceReported = true;
            tell.accept(new OwnershipEvent.Activated());
        }
    }

    /** A VM could not be started here; that is told when it is time to try again. */
    void activationFailed(VmAtSite vm, String reason) {
        vm.noteActivationFailed();
        activationFailure = vm.id() + ": " + reason;
        activationFailedNanos = orders.nowNanos();
    }

    /** A VM died here. */
    void died(VmAtSite vm, String reason) {
        vm.noteGone();
        if (!isMember(vm.id())) {
            return;
        }
        sourceReported = false;
        tell.accept(new OwnershipEvent.SourceLost(vm.id() + ": " + reason));
        reportStopped();
    }

    /** A VM was stopped here. */
    void stopped(VmAtSite vm) {
        vm.noteGone();
        reportStopped();
    }

    private void reportStopped() {
        if (all(VmAtSite::canKeepReplica)) {
            sourceReported = false;
            tell.accept(new OwnershipEvent.VmsStopped());
        }
    }

    // ---- their disks --------------------------------------------------------------------------------------------

    /** Has flushes answered at once. */
    void flushAtOnce() {
        syncing = false;
        atOnce = true;
        each(VmAtSite::flushAtOnce);
    }

    /** A VM that has joined is like the others. */
    void flushAtOnceLikeTheOthers(VmAtSite vm) {
        if (atOnce) {
            vm.flushAtOnce();
        }
    }

    /** Has every flush that was ever answered on the disk; that is told when it is so. */
    void syncDisks() {
        syncing = true;
        atOnce = false;
        syncOrderedNanos = orders.nowNanos();
        each(VmAtSite::syncDisks);
        reportSynced();
    }

    /** Every flush of a VM is on the disk, an agent says. */
    void synced(VmAtSite vm, AgentSession by) {
        if (vm.is(by)) {
            vm.noteSynced();
            reportSynced();
        }
    }

    private void reportSynced() {
        if (syncing && all(vm -> !vm.flushesAtOnce())) {
            syncing = false;
            tell.accept(new OwnershipEvent.DisksSynced());
        }
    }

    /** Time passes: a disk that refused is asked again. */
    void syncAgain() {
        if (syncing && orders.nowNanos() - syncOrderedNanos > SYNC_RETRY_NANOS) {
            syncOrderedNanos = orders.nowNanos();
            each(VmAtSite::syncDisks);
        }
    }

    // ---- images -------------------------------------------------------------------------------------------------

    /** An epoch came to be kept. */
    void reportImage() {
        if (!imageReported && all(vm -> vm.replica().holdsImage())) {
            imageReported = true;
            orders.note(group.name(), "image", "a complete image of every VM is held");
            tell.accept(new OwnershipEvent.ImageHeld());
        }
    }

    /** The replica of a VM is lost, and with it that of the group if it is a member. */
    void lostImage(VmAtSite vm, String reason) {
        if (isMember(vm.id())) {
            lostImage(reason);
        }
    }

    private void lostImage(String reason) {
        imageGeneration++;
        if (imageReported) {
            imageReported = false;
            orders.note(group.name(), "image", "lost: " + reason);
            tell.accept(new OwnershipEvent.ImageLost(reason));
        }
    }

    /** A chain of epochs begins: nothing of it is acknowledged. */
    void chainsBegin() {
        imageAcknowledgedReported = false;
        caughtUpReported = false;
    }

    /**
     * The standby has acknowledged something.
     *
     * @param taken whether a takeover would activate these VMs, and no others
     */
    void reportProgress(boolean taken) {
        if (!imageAcknowledgedReported && all(vm -> vm.source().imageAcknowledged())) {
            imageAcknowledgedReported = true;
            tell.accept(new OwnershipEvent.ImageAcknowledged());
        }
        if (taken && !caughtUpReported && all(vm -> vm.source().caughtUp())) {
            caughtUpReported = true;
            tell.accept(new OwnershipEvent.CaughtUp());
        }
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    /** Time passes: what was waited for long enough is told. */
    void retryActivation() {
        if (activationFailure != null && orders.nowNanos() - activationFailedNanos > ACTIVATION_RETRY_NANOS) {
            String failure = activationFailure;
            activationFailure = null;
            tell.accept(new OwnershipEvent.ActivationFailed(failure));
        }
    }

    /** Time passes: an agent that stays away is given up, and its VM with it. */
    void giveUpAgents() {
        if (sourceGoneNanos != 0 && orders.nowNanos() - sourceGoneNanos > AGENT_GRACE_NANOS) {
            sourceGoneNanos = 0;
            sourceReported = false;
            tell.accept(new OwnershipEvent.SourceLost("its agent is gone"));
        }
    }
}
