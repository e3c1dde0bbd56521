package org.secondsite.gateway.group;

import java.util.ArrayDeque;
import java.util.Deque;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * One VM's checkpoints at its standby: the way of an epoch from <i>received</i> over <i>kept</i> and <i>committed</i> to
 * <i>applied</i>.
 *
 * <p>An epoch is kept only if it continues what is held without a gap, or is a full image; only what is kept is acknowledged,
 * and only whole epochs are ever kept. When the agent has fallen behind by {@value #APPLY_BACKLOG} epochs, or by the window's
 * bytes, further ones are kept but acknowledged only as the agent applies earlier ones: that is the back-pressure, and it bounds
 * the memory, because the owner has a bounded number of unacknowledged epochs and bytes.
 *
 * <p>An epoch of a VM with disks is acknowledged only when the agent has applied it, and with that has it on its disk, unless the agent
 * says that memory is enough. While a first copy of the disks is under way there is no image.
 */
public final class ReplicaStream {
    private static final int APPLY_BACKLOG = 16;

    private final VmId vm;
    private final Orders orders;
    private long maxBytes;

    private record Unapplied(EpochId epoch, long bytes) {}

    /** An epoch that was kept, and whether it is to be on the disk before it is acknowledged. */
    private record Unacknowledged(EpochId epoch, boolean durably) {}

    private EpochId held = EpochId.NONE;
    private boolean whole;

    /** The last epoch that was a part of a copy of disks, NONE if none was. */
    private EpochId lastPartial = EpochId.NONE;

    private final DiskCopy copy;
    private EpochId applied = EpochId.NONE;
    private final Deque<Unapplied> unapplied = new ArrayDeque<>();
    private long unappliedBytes;
    private final Deque<Unacknowledged> unacknowledged = new ArrayDeque<>();

    ReplicaStream(VmId vm, Orders orders, long maxBytes) {
        this.vm = vm;
        this.orders = orders;
        this.maxBytes = maxBytes;
        this.copy = new DiskCopy(vm, orders);
    }

    /** Another bound on what was kept and not applied, from the next epoch on. */
    void bound(long bytes) {
        maxBytes = bytes;
    }

    /**
     * Keeps an epoch and acknowledges it, or says why not.
     *
     * @return null if it was kept, else the reason
     */
    String keep(AgentSession session, Epoch epoch) {
        EpochId id = epoch.header().epoch();
        EpochId base = epoch.header().base();
        boolean full = base.equals(EpochId.NONE);
        if (!full && !base.equals(held)) {
            return "it builds on " + base + ", but " + held + " is held";
        }
        if (full && id.atMost(held)) {
            return "it is a full image not newer than " + held;
        }
        CarriedDisks disks = epoch.header().disks();
        held = id;
        whole = disks.isWhole();
        unapplied.addLast(new Unapplied(id, epoch.plainBytes()));
        unappliedBytes += epoch.plainBytes();
        unacknowledged.addLast(new Unacknowledged(id, !disks.isEmpty() && session.durability() == Durability.DISK));
        orders.give(new SiteOrder.Apply(session, epoch));
        acknowledge();
        if (full) {
            copy.breakOff();
        }
        if (!whole) {
            lastPartial = id;
            copy.at(disks.missingBlocks());
        }
        return null;
    }

    void applied(EpochId epoch) {
        applied = epoch;
        while (!unapplied.isEmpty() && unapplied.getFirst().epoch().atMost(epoch)) {
            unappliedBytes -= unapplied.removeFirst().bytes();
        }
        acknowledge();
        if (epoch.compareTo(lastPartial) > 0) {
            copy.complete();
        }
    }

    private void acknowledge() {
        while (!unacknowledged.isEmpty() && mayAcknowledge(unacknowledged.getFirst())) {
            orders.give(
                    new SiteOrder.Acknowledge(vm, unacknowledged.removeFirst().epoch()));
        }
    }

    private boolean mayAcknowledge(Unacknowledged next) {
        return next.durably() ? next.epoch().atMost(applied) : keepsUp();
    }

    /** The epoch that is being applied does not count: however large it is, it holds up none that is small. */
    private boolean keepsUp() {
        return unapplied.isEmpty()
                || (unapplied.size() <= APPLY_BACKLOG
                        && unappliedBytes - unapplied.getFirst().bytes() <= maxBytes);
    }

    /**
     * What is kept and not acknowledged stays so, and what the owner has not heard yet it must not hear: its term is burned by
     * asking for promotion.
     */
    void stopAcknowledging() {
        unacknowledged.clear();
        orders.give(new SiteOrder.Withdraw(vm));
    }

    /** Nothing is held any more, nor says this site so. */
    void forget() {
        orders.give(new SiteOrder.Withdraw(vm));
        held = EpochId.NONE;
        whole = false;
        applied = EpochId.NONE;
        unapplied.clear();
        unappliedBytes = 0;
        unacknowledged.clear();
        copy.breakOff();
    }

    boolean holdsImage() {
        return whole && !held.equals(EpochId.NONE);
    }

    /** How far a copy of the VM's disks is. */
    public DiskCopy copy() {
        return copy;
    }

    /** The last epoch kept. */
    public EpochId held() {
        return held;
    }

    /** The last epoch that the agent has applied. */
    public EpochId applied() {
        return applied;
    }
}
