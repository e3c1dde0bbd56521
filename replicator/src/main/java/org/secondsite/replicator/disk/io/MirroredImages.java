package org.secondsite.replicator.disk.io;

import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.disk.MirrorTargets;

/** The images that are served, by the names of the disks. */
record MirroredImages(CarriedDisks disks, OwnerVolumes images) implements MirrorTargets {
    private int index(String disk) {
        for (int i = 0; i < disks.disks().size(); i++) {
            if (disks.disks().get(i).name().equals(disk)) {
                return i;
            }
        }
        throw new IllegalArgumentException(disk + " is none of " + disks);
    }

    @Override
    public boolean isMirror(String disk) {
        return images.isMirror(index(disk));
    }

    @Override
    public long bytes(String disk) {
        return disks.disks().get(index(disk)).bytes();
    }

    @Override
    public void begins(String disk) {
        images.volume(index(disk)).compareFirst();
    }

    @Override
    public void isWhole(String disk) {
        images.volume(index(disk)).writeAtOnce();
    }
}
