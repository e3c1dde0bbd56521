package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.replicator.disk.Superblock;
import org.secondsite.replicator.disk.VolumeSettings;

/** Disks that are all that is left of a VM. */
public final class ColdDisks {
    private ColdDisks() {}

    /**
     * Makes a standby's images an owner's, without the RAM that belongs to them: the VM may be booted on them, as after a loss of power
     * at the end of their epoch. Why is written beside them.
     *
     * @return their epoch
     * @throws IOException if they are no whole epoch, or a process has them
     */
    public static EpochId take(VmId vm, VolumeSettings settings, String reason) throws IOException {
        VmImages images = VmImages.of(vm, settings);
        PrivateFiles.directory(settings.stateDirectory());
        try (FileChannel lock = VolumesLock.take(settings.stateDirectory().resolve(vm + ".lock"))) {
            if (!lock.isOpen()) {
                throw new IOException("the lock of " + vm + " is gone");
            }
            StandbyVolumes.Found found = StandbyVolumes.open(images.directory(), vm.name(), images.standby());
            if (!(found instanceof StandbyVolumes.Found.Whole(StandbyVolumes volumes))) {
                throw new IOException("the disks of " + vm + " are no whole epoch: "
                        + ((StandbyVolumes.Found.Unusable) found).reason());
            }
            EpochId epoch = volumes.kept();
            volumes.close();
            Files.writeString(
                    settings.stateDirectory().resolve(vm + ".cold"),
                    Instant.now() + " epoch " + epoch + ": " + reason + System.lineSeparator(),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            try (DirtyMap map = images.dirtyMap(VmImages.carried(settings))) {
                map.reset(epoch);
            }
            for (VmImages.One image : images.list()) {
                try (BlockFile file = BlockFile.open(image.file())) {
                    ImageCopy.mark(image, file, Superblock.State.OWNER);
                }
            }
            return epoch;
        }
    }
}
