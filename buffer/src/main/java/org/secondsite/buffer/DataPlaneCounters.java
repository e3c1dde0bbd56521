package org.secondsite.buffer;

import java.util.Map;
import org.secondsite.config.VmId;

/**
 * A snapshot of the data plane's figures.
 *
 * @param vms one entry for each configured VM
 * @param unprotectedPackets frames seen on the VM-facing port that belong to no protected VM; the kernel passes them
 * @param ringDrops frames that the kernel could not put into the receive ring: lost, never released
 * @param malformedPackets frames shorter than an Ethernet header, or cut by the ring
 * @param poolBytes the size of the common pool
 * @param poolFreeBytes what is free of it, in whole chunks
 * @param commitToWireMicros from the commit of an epoch to the moment when its first packets have been handed to the
 * kernel
 * @param heldMicros how long the oldest packet of a commit has waited
 * @param epochBytes what a VM used of its quota at each seal
 */
public record DataPlaneCounters(
        Map<VmId, VmCounters> vms,
        long unprotectedPackets,
        long ringDrops,
        long malformedPackets,
        long poolBytes,
        long poolFreeBytes,
        Histogram.Summary commitToWireMicros,
        Histogram.Summary heldMicros,
        Histogram.Summary epochBytes) {
    /** Freezes the map. */
    public DataPlaneCounters {
        vms = Map.copyOf(vms);
    }

    /** Packets held for all VMs. */
    public long heldPackets() {
        return vms.values().stream().mapToLong(VmCounters::heldPackets).sum();
    }

    /** Bytes of frames held for all VMs. */
    public long heldBytes() {
        return vms.values().stream().mapToLong(VmCounters::heldBytes).sum();
    }

    /** Packets released for all VMs. */
    public long releasedPackets() {
        return vms.values().stream().mapToLong(VmCounters::releasedPackets).sum();
    }

    /** Packets discarded for all VMs. */
    public long discardedPackets() {
        return vms.values().stream().mapToLong(VmCounters::discardedPackets).sum();
    }

    /** Packets dropped for all VMs. */
    public long droppedPackets() {
        return vms.values().stream().mapToLong(VmCounters::dropped).sum();
    }
}
