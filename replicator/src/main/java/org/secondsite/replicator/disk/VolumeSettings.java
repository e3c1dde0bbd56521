package org.secondsite.replicator.disk;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.Durability;

/**
 * The disks of a VM that are served to its hypervisor, and carried.
 *
 * @param disks in the order of their index
 * @param stateDirectory where journals and superblocks lie; created if absent
 * @param durability when an epoch may be acknowledged by this site
 * @param memoryBytes how much that was written may wait to be shipped before writers are held up
 * @param copyBytesPerSecond what a copy to the other site brings in a second, 0 if that is not limited
 */
public record VolumeSettings(
        List<Served> disks, Path stateDirectory, Durability durability, long memoryBytes, long copyBytesPerSecond) {
    /** How much of written blocks usually may wait to be shipped. */
    public static final long USUAL_MEMORY_BYTES = 64L << 20;

    /** Those of a VM without served disks. */
    public static final VolumeSettings NONE =
            new VolumeSettings(List.of(), Path.of("/"), Durability.DISK, USUAL_MEMORY_BYTES, 0);

    /** Copies the list. */
    public VolumeSettings {
        disks = List.copyOf(disks);
    }

    /** Where the disks are served, by their names. */
    public Map<String, Path> sockets() {
        return disks.stream().collect(Collectors.toMap(Served::name, Served::socket));
    }

    /**
     * A disk.
     *
     * @param name the name of its device, the same at both sites
     * @param file the raw image or block device
     * @param socket the Unix socket on which it is served
     * @param attachment whether the VM has this image, or a disk of its own of which this is a copy
     */
    public record Served(String name, Path file, Path socket, DiskAttachment attachment) {
        /** One that the VM has. */
        public Served(String name, Path file, Path socket) {
            this(name, file, socket, DiskAttachment.SERVE);
        }
    }
}
