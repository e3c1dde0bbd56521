package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.Superblock;

/**
 * A copy that is being written over the images of a standby. They are no epoch until it is complete, and a kill or a loss of power
 * leaves them known as such: that is noted before the first byte.
 */
final class ImageCopy implements AutoCloseable {
    private final VmImages images;
    private final List<BlockFile> files = new ArrayList<>();
    private final ImageWriter writer;

    private ImageCopy(VmImages images) {
        this.images = images;
        this.writer = new ImageWriter(files);
    }

    /**
     * Gives up what the images were.
     *
     * @throws IOException if an image cannot be opened, or that cannot be noted
     */
    static ImageCopy begin(VmImages images) throws IOException {
        ImageCopy copy = new ImageCopy(images);
        boolean begun = false;
        try {
            for (VmImages.One image : images.list()) {
                BlockFile file = BlockFile.open(image.file());
                copy.files.add(file);
                mark(image, file, Superblock.State.SYNCING);
            }
            // What it says is of images that are being overwritten.
            try (Journal journal = Journal.open(images.directory(), images.vm().name(), Journal.PART_BYTES)) {
                journal.clear();
            }
            begun = true;
            return copy;
        } finally {
            if (!begun) {
                copy.close();
            }
        }
    }

    /**
     * Notes what an image is.
     *
     * @throws IOException if it cannot be noted
     */
    static void mark(VmImages.One image, BlockFile file, Superblock.State state) throws IOException {
        try (SuperblockFile superblock = SuperblockFile.open(image.superblock())) {
            Superblock known = superblock
                    .current()
                    .orElse(new Superblock(
                            0, image.id(), file.bytes(), state, EpochId.NONE, EpochId.NONE, BootId.current()));
            superblock.write(known.next(state, BootId.current()));
        }
    }

    /**
     * Writes what an epoch brings.
     *
     * @throws IOException if a disk refuses; the images are no epoch then
     */
    void write(List<VolumeChanges> changes) throws IOException {
        for (VolumeChanges each : changes) {
            writer.apply(each);
        }
    }

    /**
     * Waits until everything that was written is on the disk.
     *
     * @throws IOException if a disk refuses
     */
    void sync() throws IOException {
        for (BlockFile file : files) {
            file.sync();
        }
    }

    /**
     * The images are this epoch, and that is on stable storage when this returns.
     *
     * @throws IOException if it is not
     */
    void complete(EpochId epoch) throws IOException {
        close();
        StandbyVolumes.declare(images.directory(), images.standby(), epoch);
    }

    @Override
    public void close() {
        files.forEach(BlockFile::close);
        files.clear();
    }
}
