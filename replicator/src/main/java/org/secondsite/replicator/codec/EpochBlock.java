package org.secondsite.replicator.codec;

import io.netty.buffer.ByteBuf;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/**
 * An encoded epoch is a sequence of blocks. The blocks of all epochs of a stream are one zstd frame without magic, flushed
 * after each block: what was sent before helps to shrink what comes later. A block that would not shrink stands as it is, and
 * is no part of the frame.
 *
 * <pre>
 *  0       1           4            8
 * +-------+-----------+------------+------------------
 * | flags | coded u24 | plain u32  | coded bytes ...
 * +-------+-----------+------------+------------------
 * flags   1 the first block of an epoch, 2 the last one, 4 both ends forget all versions and the zstd frame begins anew,
 *         8 the coded bytes are the plain ones, 16 the epoch is that of a VM with disks
 *
 * In plain form; "n" is a {@link VarInt}, what stands in brackets is only in the first and in the last block:
 *
 * [ base term n | base epoch n | RAM pages n | pages n | of them not zero n | device state bytes n ]
 * [ with disks: disks n | of each: length of its name n, name in ASCII, bytes n | blocks that are missing n | ranges of zeros n ]
 * with disks: ranges n | of each: first - end of the one before, count n; the first one from the end of the RAM
 * forgotten n | of each: page number - the one before - 1
 * pages n     | of each: (page number - the one before - 1) * 8 + kind; "before" goes on from block to block of an epoch
 * devices n   | of each page of the device state, from where the last block ended: kind
 * controls n | smalls n | literals n   the lengths, in bytes, in bytes and in words, of what follows
 * controls | smalls | literals         see {@link PageDelta}
 * raw pages, 4096 bytes each
 * [ checksum of the plain epoch u64 ]
 * </pre>
 *
 * <p>The blocks of the disks are numbered behind the pages of the RAM, disk after disk, and coded as pages are.
 *
 * <p>"Forgotten" are pages of which the sender keeps no version any more; the receiver drops its own. The device state is
 * treated as pages of 4096 bytes, the last one filled up with zeros.
 *
 * @param flags {@link #FIRST}, {@link #LAST}, {@link #RESTART}, {@link #STORED}, {@link #DISKS}
 * @param plainBytes the length before coding
 * @param codedBytes the length as it stands on the wire, without these 8 bytes
 */
record EpochBlock(int flags, int plainBytes, int codedBytes) {
    static final int FIRST = 1;
    static final int LAST = 2;
    static final int RESTART = 4;
    static final int STORED = 8;
    static final int DISKS = 16;
    static final int HEADER_BYTES = 8;

    /** Pages with content in one block: 256 KiB, so that another VM's block need not wait long. */
    static final int MAX_CODED_PAGES = 64;

    /** Pages in one block, those without content included. */
    static final int MAX_PAGES = 4096;

    /** Pages of the device state in one block. */
    static final int MAX_DEVICE_PAGES = 1024;

    /** Versions forgotten in one block. */
    static final int MAX_FORGOTTEN = 4096;

    /** Added to the number of disks where it is said upon what the epoch leaves something out. */
    static final int WITH_BASIS = 16;

    /** Ranges of zeros in one block. */
    static final int MAX_RANGES = 1024;

    /** The numbers at the head, the counts, and the checksum. */
    private static final int MAX_FIXED_BYTES =
            160 + VolumeChanges.MAX_VOLUMES * (16 + CarriedDisks.Disk.MAX_NAME_BYTES);

    static final int MAX_PLAIN_BYTES = MAX_FIXED_BYTES
            + (MAX_PAGES + MAX_FORGOTTEN + 2 * MAX_RANGES) * VarInt.MAX_INT_BYTES
            + MAX_DEVICE_PAGES
            + MAX_CODED_PAGES * Math.max(PageSet.PAGE_BYTES, PageDelta.MAX_BYTES);

    /** zstd stores what it cannot shrink, at 3 bytes per 128 KiB and a few for the flush. */
    static final int MAX_CODED_BYTES = MAX_PLAIN_BYTES + 1024;

    boolean isFirst() {
        return (flags & FIRST) != 0;
    }

    boolean isLast() {
        return (flags & LAST) != 0;
    }

    boolean isRestart() {
        return (flags & RESTART) != 0;
    }

    boolean isStored() {
        return (flags & STORED) != 0;
    }

    boolean hasDisks() {
        return (flags & DISKS) != 0;
    }

    /** Writes the 8 bytes at the writer index. */
    void write(ByteBuf out) {
        out.writeByte(flags);
        out.writeMedium(codedBytes);
        out.writeInt(plainBytes);
    }

    /**
     * Reads and checks the 8 bytes at the reader index, which must be there.
     *
     * @throws MalformedEpochException if no such block can be
     */
    static EpochBlock read(ByteBuf in) throws MalformedEpochException {
        int flags = in.readUnsignedByte();
        int codedBytes = in.readUnsignedMedium();
        long plainBytes = in.readUnsignedInt();
        if ((flags & ~(FIRST | LAST | RESTART | STORED | DISKS)) != 0) {
            throw new MalformedEpochException("a block with flags " + flags);
        }
        if (plainBytes == 0 || plainBytes > MAX_PLAIN_BYTES || codedBytes == 0 || codedBytes > MAX_CODED_BYTES) {
            throw new MalformedEpochException("a block of " + plainBytes + " bytes, coded " + codedBytes);
        }
        if ((flags & STORED) != 0 && plainBytes != codedBytes) {
            throw new MalformedEpochException("a stored block of " + plainBytes + " bytes in " + codedBytes);
        }
        return new EpochBlock(flags, (int) plainBytes, codedBytes);
    }
}
