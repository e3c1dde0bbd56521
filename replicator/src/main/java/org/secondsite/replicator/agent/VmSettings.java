package org.secondsite.replicator.agent;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
 *     {@code memory-backend-file} with {@code share=on}, which the machine uses as {@code memory-backend}
 * @param ramBytes its size, a multiple of 4096
 * @param qmpSocket the Unix socket on which QEMU serves QMP
 * @param pidFile the file with QEMU's process id
 * @param command the argument vector that starts QEMU here. The agent adds {@code -S -incoming defer}, and
 *     {@code -pidfile} if it is not there. Without {@code -S -incoming} it is also how an operator starts the VM.
 * @param dirtyPages how its dirty pages are found
 * @param disks the writable disks that get to the other site, and how, by one of their names
 * @param volumes those of them that the agent serves
 * @param runDirectory where the agent keeps its sockets, its marks and QEMU's log; created if absent
 */
public record VmSettings(
        VmId id,
        Path ramFile,
        long ramBytes,
        Path qmpSocket,
        Path pidFile,
        List<String> command,
        DirtyPages dirtyPages,
        Map<String, DiskAttachment> disks,
        VolumeSettings volumes,
        Path runDirectory) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the RAM is not a number of pages or the command is empty
     */
    public VmSettings {
        command = List.copyOf(command);
        disks = Map.copyOf(disks);
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new IllegalArgumentException(ramBytes + " bytes of RAM for " + id + " is not a number of pages");
        }
        if (command.isEmpty()) {
            throw new IllegalArgumentException("no command to start " + id);
        }
    }
}
