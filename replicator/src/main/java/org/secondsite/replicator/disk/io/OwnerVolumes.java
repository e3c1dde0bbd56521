package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;
import org.secondsite.replicator.disk.DiskException;
import org.secondsite.replicator.disk.Superblock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of a VM that may run here: served to its hypervisor, and what is written to them is remembered epoch by epoch.
 *
 * <p><b>A first copy</b> is a part of the epochs: beside what the VM has written, each brings up to {@value #COPY_BYTES} bytes of
 * what the volumes contain, until all of it was brought. A part is taken in under the lock of the volume, so it cannot be older than
 * what a later write says.
 *
 * <p>One thread calls; the connections of hypervisors have their own.
 */
final class OwnerVolumes implements AutoCloseable {
    /** What an epoch brings of a first copy, at most, beyond a last piece of 1 MiB. */
    static final long COPY_BYTES = 16L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(OwnerVolumes.class);

    /** A volume, what is known of its image, and its server. */
    private record Served(Volume volume, SuperblockFile superblock, NbdServer server) {}

    private final CarriedDisks disks;
    private final BlockMemory memory;
    private final List<Served> volumes = new ArrayList<>();

    /** The blocks of each volume that a first copy has brought. */
    private final int[] copied;

    private boolean atOnce;
    private boolean captures;

    private OwnerVolumes(CarriedDisks disks, long memoryBytes) {
        this.disks = disks;
        this.memory = new BlockMemory(memoryBytes);
        this.copied = new int[disks.disks().size()];
    }

    /**
     * Serves them. What a former life has answered is on the disk before the first client is heard.
     *
     * @throws IOException if an image cannot be opened, or a socket cannot be listened on
     */
    static OwnerVolumes serve(VmImages images, CarriedDisks disks, long memoryBytes) throws IOException {
        OwnerVolumes owner = new OwnerVolumes(disks, memoryBytes);
        boolean whole = false;
        try {
            UUID boot = BootId.current();
            for (VmImages.One image : images.list()) {
                BlockFile file = BlockFile.open(image.file(), false);
                Volume volume = new Volume(image.name(), file, false, owner.memory);
                SuperblockFile superblock = SuperblockFile.open(image.superblock());
                Superblock known = superblock
                        .current()
                        .orElse(new Superblock(
                                0, image.id(), file.bytes(), Superblock.State.OWNER, EpochId.NONE, EpochId.NONE, boot));
                file.sync();
                superblock.write(known.next(Superblock.State.OWNER, boot));
                NbdServer server =
                        NbdServer.open(image.socket(), volume, trouble -> LOG.warn("{}: {}", image.name(), trouble));
                owner.volumes.add(new Served(volume, superblock, server));
                LOG.info("{}: served on {}", image.name(), image.socket());
            }
            whole = true;
            return owner;
        } finally {
            if (!whole) {
                owner.close();
            }
        }
    }

    // ---- epochs -------------------------------------------------------------------------------------------------

    /** Begins anew to remember what is written, and a first copy. */
    void beginCapture() {
        for (int i = 0; i < volumes.size(); i++) {
            volumes.get(i).volume().endCapture();
            volumes.get(i).volume().beginCapture();
            copied[i] = 0;
        }
        captures = true;
    }

    /** Remembers nothing more: no checkpoint follows. */
    void endCapture() {
        captures = false;
        volumes.forEach(each -> each.volume().endCapture());
    }

    /**
     * Brings the next part of a first copy into the open epoch, if one is under way.
     *
     * @throws DiskException if a volume cannot be read
     */
    void copyAhead() throws DiskException {
        long limit = memory.takenBytes() + COPY_BYTES;
        for (int i = 0; i < volumes.size() && captures; i++) {
            while (copied[i] < disks.disks().get(i).blocks() && memory.takenBytes() < limit && memory.hasRoom()) {
                copied[i] = volumes.get(i).volume().copyFrom(copied[i]);
            }
        }
    }

    private long missingBlocks() {
        long missing = 0;
        for (int i = 0; i < copied.length; i++) {
            missing += disks.disks().get(i).blocks() - copied[i];
        }
        return missing;
    }

    /** The VM is about to stop, or has: nothing may be held up until it has. */
    void drain(boolean stopping) {
        memory.drain(stopping);
    }

    /**
     * What was written in an epoch. Whoever has it ships it, or gives it back.
     *
     * @param disks with what is missing after this epoch
     */
    record Cut(CarriedDisks disks, List<BlockSet> sets) {
        /** The changes, to be shipped; nothing can be given back any more. */
        List<VolumeChanges> take() {
            List<VolumeChanges> changes = new ArrayList<>();
            for (int i = 0; i < sets.size(); i++) {
                BlockSet set = sets.get(i);
                changes.add(new VolumeChanges(i, set.zeroRanges(), set.pages()));
                set.close();
            }
            return changes;
        }
    }

    /**
     * Ends the open epoch of all volumes; the VM must stand still.
     *
     * @throws DiskException if what was written is not known; then nothing was cut
     */
    Cut cut() throws DiskException {
        List<BlockSet> sets = new ArrayList<>();
        try {
            for (Served each : volumes) {
                sets.add(each.volume().cut());
            }
        } catch (DiskException failed) {
            restore(new Cut(disks, sets));
            throw failed;
        }
        return new Cut(disks.missing(missingBlocks()), sets);
    }

    /** The epoch is not shipped after all: its blocks go back, or they would be missing at the standby for ever. */
    void restore(Cut cut) {
        for (int i = 0; i < cut.sets().size(); i++) {
            volumes.get(i).volume().restore(cut.sets().get(i));
        }
    }

    // ---- flushes ------------------------------------------------------------------------------------------------

    /**
     * Answers flushes at once from now on. If the machine loses its power from here on, the images are of no use: that is noted
     * first.
     *
     * @throws IOException if it cannot be noted; flushes are answered as before
     */
    void flushAtOnce() throws IOException {
        if (atOnce) {
            return;
        }
        UUID boot = BootId.current();
        for (Served each : volumes) {
            each.superblock().write(each.superblock().current().orElseThrow().next(Superblock.State.DIRTY, boot));
        }
        atOnce = true;
        volumes.forEach(each -> each.volume().flushAtOnce());
    }

    /**
     * Makes flushes wait for the disk from now on, and has everything that was ever answered there.
     *
     * @throws IOException if a disk refuses; no output may pass unheld then
     */
    void becomeHonest() throws IOException {
        for (Served each : volumes) {
            each.volume().becomeHonest();
        }
        if (atOnce) {
            UUID boot = BootId.current();
            for (Served each : volumes) {
                each.superblock()
                        .write(each.superblock().current().orElseThrow().next(Superblock.State.OWNER, boot));
            }
            atOnce = false;
        }
    }

    @Override
    public void close() {
        for (Served each : volumes) {
            try {
                each.server().close();
            } catch (IOException e) {
                LOG.warn("{}: {}", each.volume().export().name(), e.getMessage());
            }
            each.volume().close();
            each.superblock().close();
        }
        volumes.clear();
        memory.close();
    }
}
