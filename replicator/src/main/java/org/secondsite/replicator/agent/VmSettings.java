package org.secondsite.replicator.agent;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.VmId;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.disk.VolumeSettings;

/**
 * A QEMU VM beside the agent.
 *
 * @param id its name at the gateway
 * @param ramFile the file that holds the guest's RAM, on a memory file system: the {@code mem-path} of a
 *     {@code memory-backend-file} with {@code share=on}, which the machine uses as {@code memory-backend}; empty: it is found in QEMU, whether
 *     that has a file or not, and the replica lies in the RAM of the QEMU that waits
 * @param ramBytes its size, a multiple of 4096
 * @param qmpSocket the Unix socket on which QEMU serves QMP
 * @param pidFile the file with QEMU's process id
 * @param start how QEMU is started here
 * @param dirtyPages how its dirty pages are found
 * @param disks the writable disks that get to the other site, and how, by one of their names
 * @param volumes those of them that the agent serves
 * @param runDirectory where the agent keeps its sockets, its marks and QEMU's log; created if absent
 */
public record VmSettings(
        VmId id,
        Optional<Path> ramFile,
        long ramBytes,
        Path qmpSocket,
        Path pidFile,
        VmStart start,
        DirtyPages dirtyPages,
        Map<String, DiskAttachment> disks,
        VolumeSettings volumes,
        Path runDirectory) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the RAM is not a number of pages
     */
    public VmSettings {
        disks = Map.copyOf(disks);
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new IllegalArgumentException(ramBytes + " bytes of RAM for " + id + " is not a number of pages");
        }
    }

    /** Where QEMU can make sockets, and get at those of the agent: libvirt's runs under a user that the agent's own directory is closed to. */
    public Path socketDirectory() {
        return switch (start) {
            case VmStart.Command command -> runDirectory;
            case VmStart.Domain domain -> qmpSocket.toAbsolutePath().getParent();
        };
    }
}
