package org.secondsite.replicator.disk.io;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockSet;
import org.secondsite.replicator.disk.DiskException;
import org.secondsite.replicator.disk.JournalRecord;

/** Writes what epochs change into the images of a VM's volumes. */
record ImageWriter(List<BlockFile> files) implements JournalRecord.Target {
    @Override
    public void zero(int volume, int first, int count) throws DiskException {
        BlockFile file = files.get(volume);
        long from = (long) first * BlockSet.BLOCK_BYTES;
        long length = Math.min((long) count * BlockSet.BLOCK_BYTES, file.bytes() - from);
        if (length > 0) {
            file.zero(from, length, false);
        }
    }

    @Override
    public void write(int volume, int first, MemorySegment contents) throws DiskException {
        BlockFile file = files.get(volume);
        long from = (long) first * BlockSet.BLOCK_BYTES;
        // The last block of a volume is padded.
        long length = Math.min(contents.byteSize(), file.bytes() - from);
        if (length > 0) {
            file.write(contents, (int) length, from);
        }
    }

    /** Writes the zeros first, then the blocks. */
    void apply(VolumeChanges changes) throws DiskException {
        for (BlockRange range : changes.zeros()) {
            zero(changes.volume(), range.first(), range.count());
        }
        PageSet blocks = changes.blocks();
        for (int i = 0; i < blocks.count(); i++) {
            if (blocks.isZero(i)) {
                zero(changes.volume(), blocks.number(i), 1);
            } else {
                write(changes.volume(), blocks.number(i), blocks.content(i));
            }
        }
    }
}
