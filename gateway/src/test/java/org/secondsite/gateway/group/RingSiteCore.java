package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Epoch;
import org.secondsite.witness.Answer;

/** A site of the ring: its core, and what its orders come to. */
final class RingSiteCore {
    private final RingOfCores ring;
    private final SiteId id;
    private final Map<VmId, RingPlace> places = new HashMap<>();
    private final Map<SiteId, PeerWatch> watches = new HashMap<>();
    private final Map<VmId, Set<EpochId>> sent = new HashMap<>();
    private SiteCore core;
    private boolean isUp;
    private int life;

    RingSiteCore(RingOfCores ring, SiteId id) {
        this.ring = ring;
        this.id = id;
        RingOfCores.SHARES.stream()
                .filter(share -> share.isOf(id))
                .forEach(share -> places.put(share.vm(), new RingPlace(ring, this, share)));
    }

    SiteId id() {
        return id;
    }

    boolean isUp() {
        return isUp;
    }

    RingPlace place(VmId vm) {
        return places.get(vm);
    }

    /** Its VMs are gone. */
    void allOff() {
        places.values().forEach(RingPlace::off);
    }

    OwnershipState state(GroupId group) {
        return isUp ? core.group(group).orElseThrow().ownership().state() : OwnershipState.UNKNOWN;
    }

    String describe(RingOfCores.Share share) {
        return isUp
                ? state(share.group()) + " ("
                        + core.group(share.group()).orElseThrow().ownership().reason() + ")"
                        + (places.get(share.vm()).runs() ? " runs" : "")
                : "down";
    }

    void start() {
        if (isUp) {
            return;
        }
        isUp = true;
        life++;
        watches.clear();
        sent.clear();
        List<RingOfCores.Share> shares =
                RingOfCores.SHARES.stream().filter(share -> share.isOf(id)).toList();
        core = new SiteCore(
                CoreConfig.of(
                        id,
                        shares.stream().map(share -> share.other(id)).toList(),
                        shares.stream().map(share -> share.settings(id)).toList()),
                (site, tunnel, at) -> watches.computeIfAbsent(site, _ -> new PeerWatch(tunnel, Runnable::run, at)),
                ring.now());
        tick(life);
        places.values().forEach(RingPlace::attach);
        tellRecords();
    }

    void dies() {
        if (isUp) {
            isUp = false;
            life++;
            places.values().forEach(RingPlace::gatewayGone);
            RingOfCores.SITES.stream().filter(far -> !far.equals(id)).forEach(far -> ring.line(id, far)
                    .breaks());
        }
    }

    private void tick(int ofLife) {
        ring.after(10 * RingOfCores.MILLI, () -> {
            if (life == ofLife) {
                RingOfCores.SITES.stream()
                        .filter(far -> !far.equals(id)
                                && ring.site(far).isUp()
                                && !ring.line(id, far).isCut())
                        .forEach(far -> watches.get(far).heard(ring.now()));
                take(new SiteEvent.Tick(Map.of()));
                tick(ofLife);
            }
        });
    }

    void tellRecords() {
        int ofLife = life;
        ring.after(ring.shortly(), () -> {
            if (life == ofLife && isUp && !ring.isCutFromWitness(id)) {
                RingOfCores.SHARES.stream()
                        .filter(share -> share.isOf(id))
                        .forEach(share -> take(new SiteEvent.RecordTold(ring.record(share.group()))));
            }
        });
    }

    void news(SiteId from, SiteEvent.OfTunnel what) {
        take(new SiteEvent.FromPeer(from, what));
    }

    void acknowledged(SiteId from, VmId vm, EpochId epoch) {
        sent.getOrDefault(vm, new LinkedHashSet<>()).removeIf(one -> one.compareTo(epoch) <= 0);
        news(from, new SiteEvent.EpochAcknowledged(vm, epoch));
    }

    /** What a tunnel did not bring is refused when it is there again. */
    List<SiteEvent> lost(SiteId far) {
        List<SiteEvent> all = new ArrayList<>();
        RingOfCores.SHARES.stream()
                .filter(share -> share.isOf(id) && share.isOf(far))
                .forEach(share -> {
                    Set<EpochId> open = sent.getOrDefault(share.vm(), new LinkedHashSet<>());
                    open.forEach(epoch -> all.add(new SiteEvent.FromPeer(
                            far, new SiteEvent.EpochRefused(share.vm(), epoch, "the tunnel has lost it"))));
                    open.clear();
                });
        return all;
    }

    void later(Runnable task) {
        int ofLife = life;
        ring.after(ring.shortly(), () -> {
            if (life == ofLife) {
                task.run();
            }
        });
    }

    void post(SiteEvent event) {
        later(() -> take(event));
    }

    void take(SiteEvent event) {
        if (isUp) {
            core.on(event, ring.now()).forEach(this::carryOut);
        }
    }

    private void carryOut(SiteOrder order) {
        switch (order) {
            case SiteOrder.ToPlane plane -> toPlane(plane);
            case SiteOrder.Towards(SiteId far, SiteOrder.ToPeer what) -> toPeer(far, what);
            case SiteOrder.Ask ask -> ask(ask);
            case SiteOrder.Read read ->
                later(() -> take(
                        ring.isCutFromWitness(id)
                                ? new SiteEvent.RecordUnread(read)
                                : new SiteEvent.RecordRead(read, ring.record(read.group()))));
            case SiteOrder.ToAgent agent -> places.get(agent.session().vm()).order(agent);
            default -> {}
        }
    }

    private void ask(SiteOrder.Ask ask) {
        later(() -> {
            if (ring.isCutFromWitness(id)) {
                take(new SiteEvent.Unanswered(ask, "nobody answers"));
            } else {
                Answer answer = ring.decide(id, ask);
                post(new SiteEvent.Answered(ask, answer));
            }
        });
    }

    private void toPlane(SiteOrder.ToPlane order) {
        switch (order) {
            case SiteOrder.Hold hold -> places.get(hold.vm()).hold(hold.term());
            case SiteOrder.Pass pass -> places.get(pass.vm()).pass(pass.term());
            case SiteOrder.Fence fence -> places.get(fence.vm()).fence(fence.term());
            case SiteOrder.Seal seal -> places.get(seal.session().vm()).seal(seal.epoch());
            case SiteOrder.SealAndKeepPaused seal ->
                places.get(seal.session().vm()).seal(seal.epoch());
            case SiteOrder.EndPause _ -> {}
            case SiteOrder.Release release -> places.get(release.vm()).release(release.upTo());
            case SiteOrder.Suspend wait -> places.get(wait.vm()).suspend();
            case SiteOrder.ReleaseAgain again -> places.get(again.vm()).releaseAgain();
        }
    }

    private void toPeer(SiteId far, SiteOrder.ToPeer order) {
        RingLine line = ring.line(id, far);
        switch (order) {
            case SiteOrder.SendEpoch(Epoch epoch) -> {
                sent.computeIfAbsent(epoch.header().vm(), _ -> new LinkedHashSet<>())
                        .add(epoch.header().epoch());
                line.send(id, epoch);
            }
            case SiteOrder.Say say -> line.send(id, new SiteEvent.PeerSaid(say.message()));
            case SiteOrder.Acknowledge(VmId vm, EpochId epoch) -> line.acknowledge(id, vm, epoch);
            case SiteOrder.Withdraw(VmId vm) -> line.withdraw(id, vm);
            case SiteOrder.Refuse(VmId vm, EpochId epoch, String reason) ->
                line.send(id, new SiteEvent.EpochRefused(vm, epoch, reason));
            case SiteOrder.Discard(VmId vm) -> sent.remove(vm);
            case SiteOrder.AbandonTunnel _ -> line.breaks();
        }
    }
}
