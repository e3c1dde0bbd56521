package org.secondsite.gateway.group;

import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the agents of a group's VMs say, brought to whom it is about. */
final class AgentNews {
    private static final Logger LOG = LoggerFactory.getLogger(AgentNews.class);

    private final Ownership ownership;
    private final GroupVms vms;
    private final Membership membership;
    private final PeerTalk talk;
    private final DiskTalks diskTalks;
    private final Orders orders;
    private final Runnable reportLast;

    /**
     * For one group.
     *
     * @param reportLast looks whether every VM's last epoch is committed
     */
    AgentNews(
            Ownership ownership,
            GroupVms vms,
            Membership membership,
            PeerTalk talk,
            DiskTalks diskTalks,
            Orders orders,
            Runnable reportLast) {
        this.ownership = ownership;
        this.vms = vms;
        this.membership = membership;
        this.talk = talk;
        this.diskTalks = diskTalks;
        this.orders = orders;
        this.reportLast = reportLast;
    }

    private void note(VmAtSite vm, String kind, String text) {
        orders.note(vm.id().name(), kind, text);
    }

    void said(SiteEvent.OfAgent event) {
        VmAtSite vm = vms.get(event.session().vm());
        switch (event) {
            case SiteEvent.Attached attached -> attached(vm, attached);
            case SiteEvent.Detached detached -> detached(vm, detached);
            case SiteEvent.SealRequested seal -> vm.source().sealRequested(seal.session(), seal.epoch());
            case SiteEvent.EpochFromAgent epoch -> {
                vm.noteEpoch();
                vm.source()
                        .received(epoch.epoch(), epoch.pauseNanos())
                        .ifPresent(why -> membership.joining().standbyCannotGoOn(vm, why));
            }
            case SiteEvent.Applied applied -> vm.applied(applied);
            case SiteEvent.Activated activated -> {
                note(vm, "vm-active", "from epoch " + activated.epoch());
                vms.activated(vm);
            }
            case SiteEvent.VmPaused paused -> {
                if (vm.is(paused.session())) {
                    vm.notePaused(paused.last());
                    note(vm, "vm-paused", "epoch " + paused.last() + " is all of it");
                    reportLast.run();
                }
            }
            case SiteEvent.DisksSynced synced -> vms.synced(vm, synced.session());
            case SiteEvent.AgentOfDisks said -> diskTalks.here(vm, said);
            case SiteEvent.CopyAt at -> vm.copyAt(at);
            case SiteEvent.AgentFailed failed -> failed(vm, failed.what(), failed.reason());
            case SiteEvent.VmStopped stopped -> {
                note(vm, "vm-stopped", "by order of this gateway");
                vms.stopped(vm);
                talk.offer();
            }
        }
    }

    private void attached(VmAtSite vm, SiteEvent.Attached attached) {
        AgentSession session = attached.session();
        vm.attach(attached);
        vm.replica().forget();
        note(
                vm,
                "agent",
                "attached, VM " + (attached.vmRunning() ? "runs" : "does not run") + ": " + session.description());
        if (attached.vmRunning() && vm.source().running()) {
            vm.source().restart(session);
        }
        vms.lostImage(vm, "the agent of " + vm.id() + " started anew");
        boolean notHere = ownership.state() == OwnershipState.STANDBY || ownership.state() == OwnershipState.FENCED;
        if (attached.vmRunning() && notHere && !ownership.keepsVms() && membership.isTheirs(vm.id())) {
            vm.stop("this site is " + ownership.state() + " in term " + ownership.term());
        }
        vms.agentsChanged();
        membership.progress();
        talk.offer();
    }

    private void detached(VmAtSite vm, SiteEvent.Detached detached) {
        if (!vm.is(detached.session())) {
            return;
        }
        vm.detach();
        vm.replica().forget();
        note(vm, "agent", "detached: " + detached.reason());
        vms.lostImage(vm, "the agent of " + vm.id() + " is gone");
        vms.agentsChanged();
        talk.offer();
    }

    private void failed(VmAtSite vm, FailureKind what, String reason) {
        String words = what.word() + ": " + reason;
        vm.noteFailure(words);
        note(vm, "agent-failure", words);
        switch (what) {
            case ACTIVATION -> vms.activationFailed(vm, reason);
            case VM -> {
                vms.died(vm, reason);
                if (!vms.isMember(vm.id())) {
                    membership.joining().giveUp(vm, "it has died");
                }
            }
            case APPLY -> {
                vm.replica().forget();
                vms.lostImage(vm, vm.id() + ": " + reason);
                talk.offer();
            }
            case CHECKPOINT, STOP_VM, DISK -> LOG.warn("{}: {} failed at the agent: {}", vm.id(), what.word(), reason);
        }
    }
}
