package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.disk.Superblock;
import org.secondsite.replicator.disk.VolumeSettings;

/**
 * The images of a VM's disks at this site, and where what is known of them lies.
 *
 * @param vm the VM
 * @param directory where superblocks and journal lie
 * @param list in the order of their index
 */
record VmImages(VmId vm, Path directory, List<One> list) {
    /**
     * An image.
     *
     * @param name such as {@code vm1.disk0}: of its export, and of its superblock
     * @param disk the name of the disk
     * @param id which volume it is, the same at both sites
     * @param file the raw image or block device
     * @param socket where it is served
     * @param superblock the file of its superblock
     * @param unknown what may be done with it if nothing is known of it
     */
    record One(String name, String disk, UUID id, Path file, Path socket, Path superblock, Superblock.State unknown) {}

    static VmImages of(VmId vm, VolumeSettings settings) {
        return new VmImages(
                vm,
                settings.stateDirectory(),
                settings.disks().stream()
                        .map(disk -> one(vm, settings.stateDirectory(), disk))
                        .toList());
    }

    /**
     * The disks that they are, with their sizes.
     *
     * @throws IOException if one cannot be opened, or is empty
     */
    static CarriedDisks carried(VolumeSettings settings) throws IOException {
        List<CarriedDisks.Disk> disks = new ArrayList<>();
        for (VolumeSettings.Served disk : settings.disks()) {
            try (BlockFile file = BlockFile.openToRead(disk.file())) {
                if (file.bytes() <= 0) {
                    throw new IOException(disk.file() + " is empty: disk " + disk.name() + " needs its full size");
                }
                disks.add(new CarriedDisks.Disk(disk.name(), file.bytes()));
            }
        }
        return new CarriedDisks(disks, 0);
    }

    private static One one(VmId vm, Path directory, VolumeSettings.Served disk) {
        String name = vm + "." + disk.name();
        return new One(
                name,
                disk.name(),
                UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.US_ASCII)),
                disk.file(),
                disk.socket(),
                directory.resolve(name + ".super"),
                disk.attachment() == DiskAttachment.TAP ? Superblock.State.MIRROR : Superblock.State.OWNER);
    }

    /**
     * The dirty map of all of them.
     *
     * @throws IOException if it cannot be read or written
     */
    DirtyMap dirtyMap(CarriedDisks disks) throws IOException {
        return DirtyMap.open(
                directory.resolve(vm + ".dirty"),
                disks.disks().stream().map(CarriedDisks.Disk::bytes).toList());
    }

    /**
     * What the superblocks say, of those images that have one.
     *
     * @throws IOException if one cannot be read
     */
    List<Superblock> known() throws IOException {
        List<Superblock> known = new ArrayList<>();
        for (One image : list) {
            try (SuperblockFile superblock = SuperblockFile.open(image.superblock())) {
                superblock.current().ifPresent(known::add);
            }
        }
        return known;
    }

    /**
     * What their superblocks say of them together.
     *
     * @param lost whether flushes were answered that no disk may have: the machine was started anew since
     * @param kept whether they are a standby's
     */
    record Found(boolean lost, boolean kept) {}

    /**
     * Looks at the superblocks.
     *
     * @throws IOException if one cannot be read
     */
    Found found() throws IOException {
        List<Superblock> known = known();
        UUID boot = BootId.current();
        return new Found(
                known.stream()
                        .anyMatch(one -> one.state() == Superblock.State.DIRTY
                                && !one.boot().equals(boot)),
                known.stream()
                        .anyMatch(one ->
                                one.state() == Superblock.State.CONSISTENT || one.state() == Superblock.State.SYNCING));
    }

    /** The images, for a standby. */
    List<StandbyVolumes.Image> standby() {
        return list.stream()
                .map(one -> new StandbyVolumes.Image(one.name(), one.id(), one.file()))
                .toList();
    }
}
