package org.secondsite.gateway.group;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.AgentSession;

/** A VM's place at a site of the ring: its agent, its hypervisor, its part of the data plane. */
final class RingPlace {
    private record Held(int lineage, long count, EpochId epoch) {}

    /** What becomes of what the VM says. */
    private enum Lane {
        CLOSED,
        HOLD,
        PASS
    }

    private static final long GUEST_NANOS = 5 * RingOfCores.MILLI;

    private final RingOfCores ring;
    private final RingSiteCore site;
    private final RingOfCores.Share share;
    private AgentSession session;
    private boolean runs;
    private boolean isPaused;
    private int lineage;
    private long count;
    private Optional<Long> replica = Optional.empty();
    private EpochId replicaEpoch = EpochId.NONE;
    private boolean checkpoints;
    private int chain;
    private EpochId next = EpochId.NONE;
    private EpochId base = EpochId.NONE;
    private final List<Held> held = new ArrayList<>();
    private Lane lane = Lane.CLOSED;
    private long term;
    private boolean isSuspended;
    private EpochId due = EpochId.NONE;

    RingPlace(RingOfCores ring, RingSiteCore site, RingOfCores.Share share) {
        this.ring = ring;
        this.site = site;
        this.share = share;
        guest();
    }

    void boot() {
        lineage = ring.outside(share.vm()).goesOn(site.id(), 0);
        runs = true;
    }

    void off() {
        runs = false;
        replica = Optional.empty();
        replicaEpoch = EpochId.NONE;
    }

    void attach() {
        session = new StillAgent(share.vm());
        replica = Optional.empty();
        replicaEpoch = EpochId.NONE;
        site.post(new SiteEvent.Attached(session, runs));
    }

    void gatewayGone() {
        held.clear();
        lane = Lane.CLOSED;
        term = 0;
        isSuspended = false;
        due = EpochId.NONE;
        checkpoints = false;
        isPaused = false;
        chain++;
    }

    private void guest() {
        ring.after(GUEST_NANOS, () -> {
            if (runs && !isPaused) {
                count++;
                if (site.isUp() && lane != Lane.CLOSED) {
                    held.add(new Held(lineage, count, EpochId.NONE));
                    flush();
                }
            }
            guest();
        });
    }

    // the data plane

    void pass(long of) {
        if (of >= term) {
            term = of;
            lane = Lane.PASS;
            flush();
        }
    }

    void fence(long of) {
        if (of >= term && ring.plant() != RingOfCores.Plant.FENCE_FORGOTTEN) {
            term = of;
            held.clear();
            lane = Lane.CLOSED;
            due = EpochId.NONE;
        }
    }

    void seal(EpochId epoch) {
        held.replaceAll(one -> one.epoch().equals(EpochId.NONE) ? new Held(one.lineage(), one.count(), epoch) : one);
        if (ring.plant() == RingOfCores.Plant.RELEASE_ON_SEAL) {
            release(epoch);
        }
        int ofChain = chain;
        site.later(() -> {
            if (chain == ofChain) {
                ship(epoch);
            }
        });
    }

    void release(EpochId upTo) {
        due = upTo;
        flush();
    }

    void hold(long of) {
        if (of >= term) {
            term = of;
            lane = Lane.HOLD;
        }
    }

    void suspend() {
        isSuspended = true;
    }

    boolean runs() {
        return runs;
    }

    void releaseAgain() {
        isSuspended = false;
        flush();
    }

    private void flush() {
        if (isSuspended) {
            return;
        }
        List<Held> leave = held.stream()
                .filter(one -> lane == Lane.PASS
                        || (!one.epoch().equals(EpochId.NONE) && one.epoch().compareTo(due) <= 0))
                .toList();
        held.removeAll(leave);
        leave.forEach(one -> ring.outside(share.vm()).hears(site.id(), one.lineage(), one.count()));
    }

    // the agent

    void order(SiteOrder.ToAgent order) {
        if (!order.session().equals(session)) {
            if (order instanceof SiteOrder.Apply(AgentSession _, Epoch epoch)) {
                epoch.close();
            }
            return;
        }
        switch (order) {
            case SiteOrder.StartCheckpoints start -> {
                checkpoints = true;
                isPaused = false;
                next = start.first();
                base = EpochId.NONE;
                checkpoint(++chain);
            }
            case SiteOrder.Retitle retitle -> next = retitle.next();
            case SiteOrder.StopCheckpoints _ -> {
                checkpoints = false;
                isPaused = false;
                chain++;
            }
            case SiteOrder.SyncDisks sync -> site.post(new SiteEvent.DisksSynced(sync.session()));
            case SiteOrder.StopVm _ -> {
                runs = false;
                checkpoints = false;
                isPaused = false;
                chain++;
                site.post(new SiteEvent.VmStopped(session));
            }
            case SiteOrder.Apply(AgentSession _, Epoch epoch) -> {
                replica = Optional.of(ByteBuffer.wrap(epoch.deviceState()).getLong());
                replicaEpoch = epoch.header().epoch();
                epoch.close();
                site.post(new SiteEvent.Applied(session, replicaEpoch));
            }
            case SiteOrder.Activate activate -> {
                if (!activate.expected().equals(replicaEpoch)) {
                    throw new AssertionError("expected " + activate.expected() + ", there is " + replicaEpoch);
                }
                count = replica.orElseThrow();
                lineage = ring.outside(share.vm()).goesOn(site.id(), count);
                runs = true;
                site.post(new SiteEvent.Activated(session, replicaEpoch));
            }
            default -> {}
        }
    }

    private void checkpoint(int ofChain) {
        ring.after(20 * RingOfCores.MILLI, () -> {
            if (chain == ofChain && checkpoints && runs && site.isUp()) {
                if (!isPaused) {
                    isPaused = true;
                    site.post(new SiteEvent.SealRequested(session, next));
                }
                checkpoint(ofChain);
            }
        });
    }

    /** The VM was paused until ring.now(). */
    private void ship(EpochId epoch) {
        byte[] state = ByteBuffer.allocate(Long.BYTES).putLong(count).array();
        isPaused = false;
        EpochHeader header = new EpochHeader(share.vm(), epoch, base, RingOfCores.RAM_BYTES);
        base = epoch;
        next = next.compareTo(epoch) > 0 ? next : new EpochId(epoch.term(), epoch.number() + 1);
        site.take(new SiteEvent.EpochFromAgent(session, new Epoch(header, PageSet.empty(), state), RingOfCores.MILLI));
    }
}
