package org.secondsite.replicator.agent.io;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.VmHost;

/**
 * The standby's image of a VM: RAM and device state, both of the last epoch that was applied.
 *
 * <p>An epoch is applied only when it is whole in memory and proven by its checksum, and follows the one that the replica is
 * at. Applying itself is copying: it cannot stop half-way unless the agent dies, and an agent that starts anew has no
 * replica.
 */
final class Replica {
    private final VmHost host;
    private MemorySegment ram;
    private byte[] deviceState;
    private EpochId applied = EpochId.NONE;

    Replica(VmHost host) {
        this.host = host;
    }

    /** The epoch that the replica is at, NONE if there is no replica. */
    EpochId applied() {
        return applied;
    }

    /**
     * Moves the replica to an epoch.
     *
     * @throws IOException if the epoch does not follow; the replica is as it was
     */
    void apply(Epoch epoch) throws IOException {
        EpochHeader header = epoch.header();
        if (header.isFull()) {
            // Two replicas' worth of memory is never needed: the old one is of no use from here on.
            applied = EpochId.NONE;
            ram = host.createReplica();
        } else if (!header.base().equals(applied)) {
            throw new IOException("it is a delta on " + header.base() + ", the replica is at " + applied);
        }
        PageSet pages = epoch.pages();
        for (int i = 0; i < pages.count(); i++) {
            if (!(header.isFull() && pages.isZero(i))) {
                MemorySegment.copy(pages.content(i), 0, ram, (long) pages.number(i) * PAGE_BYTES, PAGE_BYTES);
            }
        }
        deviceState = epoch.deviceState();
        applied = header.epoch();
    }

    /**
     * The device state, if the replica is at exactly this epoch.
     *
     * @throws IOException if it is not
     */
    byte[] deviceStateAt(EpochId expected) throws IOException {
        if (applied.equals(EpochId.NONE) || !applied.equals(expected)) {
            throw new IOException("the replica is at " + applied + ", not at " + expected);
        }
        return deviceState;
    }

    /** Forgets the replica, whose memory is the VM's own now. */
    void handedOver() {
        applied = EpochId.NONE;
        ram = null;
        deviceState = null;
    }

    /** Forgets the replica and gives its memory back. */
    void release() throws IOException {
        handedOver();
        host.forgetReplica();
    }
}
