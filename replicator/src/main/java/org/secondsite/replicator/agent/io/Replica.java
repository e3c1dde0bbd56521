package org.secondsite.replicator.agent.io;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.disk.io.VmVolumes;

/**
 * The standby's image of a VM: RAM and device state, both of the last epoch that was applied. Which epoch may be applied is
 * decided by {@link org.secondsite.replicator.agent.VmAgent}.
 *
 * <p>An epoch is applied only when it is whole in memory and proven by its checksum. Applying itself is copying: it cannot stop
 * half-way unless the agent dies, and an agent that starts anew has no replica.
 */
final class Replica {
    private final VmHost host;
    private final VmVolumes volumes;
    private MemorySegment ram;
    private byte[] deviceState;

    Replica(VmHost host, VmVolumes volumes) {
        this.host = host;
        this.volumes = volumes;
    }

    /**
     * Moves the replica to an epoch that follows it. What it writes to disks is on stable storage first.
     *
     * @throws IOException if there is no memory for a full image, a disk refuses, or the VM could not be started from it; then there is no
     *     replica any more
     */
    void apply(Epoch epoch) throws IOException, InterruptedException {
        EpochHeader header = epoch.header();
        volumes.keep(header, epoch.disks());
        if (header.isFull()) {
            // Two replicas' worth of memory is never needed: the old one is of no use from here on.
            ram = host.createReplica();
        }
        PageSet pages = epoch.pages();
        for (int i = 0; i < pages.count(); i++) {
            if (!(header.isFull() && pages.isZero(i))) {
                MemorySegment.copy(pages.content(i), 0, ram, (long) pages.number(i) * PAGE_BYTES, PAGE_BYTES);
            }
        }
        deviceState = epoch.deviceState();
        if (header.isFull()) {
            volumes.standBy();
            host.standBy();
        }
    }

    /** The device state that belongs to the RAM. */
    byte[] deviceState() {
        return deviceState;
    }

    /** Forgets the replica, whose memory is the VM's own now. */
    void handedOver() {
        ram = null;
        deviceState = null;
    }

    /** Forgets the replica and gives its memory back. */
    void release() throws IOException, InterruptedException {
        handedOver();
        host.forgetReplica();
    }
}
