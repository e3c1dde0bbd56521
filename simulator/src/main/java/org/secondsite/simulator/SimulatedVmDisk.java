package org.secondsite.simulator;

import java.util.List;
import java.util.Set;
import org.secondsite.config.SiteId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/**
 * The disk of a simulated VM at one site. With each packet the VM has written one block, and had a flush answered before it sent the
 * packet; so a disk is told by how many blocks were written, and is that of the VM's state if they are as many. Every other world
 * has none.
 *
 * <p>A copy of it at the other site comes with the first epochs of a chain, in {@value #COPY_EPOCHS} parts.
 */
final class SimulatedVmDisk {
    private static final int COPY_EPOCHS = 2;
    private static final CarriedDisks ONE = new CarriedDisks(List.of(new CarriedDisks.Disk("disk0", 1 << 20)), 0);

    private final World world;
    private final SiteId site;

    /** What the replica's disk has. */
    private long replica;
    /** What the VM has written since the last cut, and what was cut and not shipped. */
    private long open;

    private long cut;
    /** How many epochs still bring a part of the copy. */
    private int copyEpochs;

    private boolean atOnce;

    SimulatedVmDisk(World world, SiteId site) {
        this.world = world;
        this.site = site;
    }

    /** What an agent beside it can. */
    Set<Capability> capabilities() {
        return world.hasDisks() ? Set.of(Capability.DISKS) : Set.of();
    }

    /** The disks that an agent beside it tells of. */
    CarriedDisks carried() {
        return world.hasDisks() ? ONE : CarriedDisks.NONE;
    }

    /** Another process, or another VM: flushes wait for the disk. */
    void startsAnew() {
        atOnce = false;
        world.checks().synced(site);
    }

    /** The VM has written, and its flush was answered: from now on it may say so. */
    void written(long state) {
        open++;
        if (atOnce) {
            world.checks().answeredAhead(site, state);
        }
    }

    // ---- epochs

    void chainBegins() {
        open = 0;
        cut = 0;
        copyEpochs = COPY_EPOCHS;
    }

    void cut() {
        cut = open;
        open = 0;
    }

    /** The epoch that was cut is not shipped. */
    void restore() {
        if (!world.has(Plant.DROPPED_CHECKPOINT_LOSES_BLOCKS)) {
            open += cut;
        }
        cut = 0;
    }

    /** What the epoch that was cut has written: all of the disk with a full image. */
    long take(boolean full, long state) {
        long blocks = full ? state : cut;
        cut = 0;
        copyEpochs = Math.max(0, copyEpochs - 1);
        return blocks;
    }

    /** The disks of the epoch that was taken, with what is missing after it. */
    CarriedDisks taken() {
        return carried().isEmpty() ? CarriedDisks.NONE : ONE.missing(copyEpochs);
    }

    /** Changes that say nothing: how many blocks were written travels elsewhere. */
    List<VolumeChanges> changes() {
        return carried().isEmpty() ? List.of() : List.of(new VolumeChanges(0, List.of(), PageSet.empty()));
    }

    void applied(boolean full, long blocks, long state) {
        replica = full ? blocks : replica + blocks;
        if (world.hasDisks() && replica != state) {
            throw new Violation(
                    Rule.DISK_OF_THE_EPOCH,
                    site + " holds RAM of state " + state + " beside a disk with " + replica + " of its blocks");
        }
    }

    // ---- flushes

    void flushAtOnce() {
        atOnce = true;
    }

    void sync() {
        if (!world.has(Plant.SOLO_WITHOUT_SYNC)) {
            startsAnew();
        }
    }
}
