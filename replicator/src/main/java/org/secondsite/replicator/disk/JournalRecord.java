package org.secondsite.replicator.disk;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.secondsite.replicator.disk.BlockSet.BLOCK_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32C;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/**
 * One epoch in the standby's journal, for all volumes of a VM. It begins and ends at a multiple of 4096 bytes.
 *
 * <pre>
 * header   0 | "SSDJ" u32 | version u16 | volumes u16 | term u64 | number u64 | base term u64 | base number u64 |
 *         40 | index bytes u32 | stored blocks u32 | content's CRC-32C u32 | index's CRC-32C u32 | salt u32 | header's CRC-32C u32
 * index   64 | for each volume: volume u8, 0 u24, ranges n u32, blocks m u32, n × (first u32, count u32), m × (zero flag: 1 bit, number: 31 bits)
 *            | zeros up to a multiple of 4096
 * content    | 4096 bytes for each block that is not flagged, in the order of the index
 * footer     | "JDSS" u32 | 0 u32 | term u64 | number u64 | header's CRC-32C u32 | footer's CRC-32C u32 | zeros up to 4096
 * </pre>
 *
 * Big-endian. The footer repeats which record it ends. The salt is drawn anew for each part of the journal: a guest writes what it
 * likes into its blocks, and could otherwise put there what looks like a record.
 */
public final class JournalRecord {
    static final int VERSION = 1;

    private static final int MAGIC = 0x5353444A;
    private static final int END_MAGIC = 0x4A445353;
    private static final int HEADER_BYTES = 64;
    private static final int VOLUME_BYTES = 12;
    private static final int ZERO_FLAG = Integer.MIN_VALUE;
    private static final int FOOTER_SUMMED_BYTES = 28;

    /** A larger index is that of no record: 2³⁰ bytes would list a TiB of blocks. */
    private static final int MAX_INDEX_BYTES = 1 << 30;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment bytes;
    private final EpochId epoch;
    private final EpochId base;
    private final int volumes;
    private final long contentAt;

    private JournalRecord(MemorySegment bytes, EpochId epoch, EpochId base, int volumes, long contentAt) {
        this.bytes = bytes;
        this.epoch = epoch;
        this.base = base;
        this.volumes = volumes;
        this.contentAt = contentAt;
    }

    /** The epoch whose changes these are. */
    public EpochId epoch() {
        return epoch;
    }

    /** The epoch upon which they come. */
    public EpochId base() {
        return base;
    }

    /** The bytes that the record takes in the journal. */
    public long lengthBytes() {
        return bytes.byteSize();
    }

    // ---- writing ------------------------------------------------------------------------------------------------

    /** The bytes that a record of these changes will take. */
    public static long lengthOf(List<VolumeChanges> changes) {
        long stored = changes.stream().mapToLong(c -> c.blocks().storedCount()).sum();
        return padded(HEADER_BYTES + indexBytes(changes)) + stored * BLOCK_BYTES + BLOCK_BYTES;
    }

    private static long indexBytes(List<VolumeChanges> changes) {
        return changes.stream()
                .mapToLong(c ->
                        VOLUME_BYTES + 8L * c.zeros().size() + 4L * c.blocks().count())
                .sum();
    }

    private static long padded(long bytes) {
        return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }

    /**
     * Writes a record.
     *
     * @param into at least {@link #lengthOf} bytes
     * @param salt that of the part of the journal
     */
    public static void write(MemorySegment into, int salt, EpochId epoch, EpochId base, List<VolumeChanges> changes) {
        long indexBytes = indexBytes(changes);
        long contentAt = padded(HEADER_BYTES + indexBytes);
        long at = HEADER_BYTES;
        for (VolumeChanges c : changes) {
            at = writeIndex(into, at, c);
        }
        into.asSlice(at, contentAt - at).fill((byte) 0);
        CRC32C contentSum = new CRC32C();
        long content = contentAt;
        for (VolumeChanges c : changes) {
            for (int slot = 0; slot < c.blocks().storedCount(); ) {
                MemorySegment run = c.blocks().storedFrom(slot);
                MemorySegment.copy(run, 0, into, content, run.byteSize());
                contentSum.update(run.asByteBuffer());
                content += run.byteSize();
                slot += (int) (run.byteSize() / BLOCK_BYTES);
            }
        }
        into.asSlice(0, HEADER_BYTES).fill((byte) 0);
        into.set(INT, 0, MAGIC);
        into.set(INT, 4, (VERSION << 16) | changes.size());
        into.set(LONG, 8, epoch.term());
        into.set(LONG, 16, epoch.number());
        into.set(LONG, 24, base.term());
        into.set(LONG, 32, base.number());
        into.set(INT, 40, (int) indexBytes);
        into.set(INT, 44, (int) ((content - contentAt) / BLOCK_BYTES));
        into.set(INT, 48, (int) contentSum.getValue());
        into.set(INT, 52, sum(into, HEADER_BYTES, indexBytes));
        into.set(INT, 56, salt);
        into.set(INT, 60, sum(into, 0, 60));
        MemorySegment footer = into.asSlice(content, BLOCK_BYTES).fill((byte) 0);
        footer.set(INT, 0, END_MAGIC);
        footer.set(LONG, 8, epoch.term());
        footer.set(LONG, 16, epoch.number());
        footer.set(INT, 24, into.get(INT, 60));
        footer.set(INT, FOOTER_SUMMED_BYTES, sum(footer, 0, FOOTER_SUMMED_BYTES));
    }

    private static long writeIndex(MemorySegment into, long start, VolumeChanges c) {
        long at = start;
        into.set(INT, at, c.volume() << 24);
        into.set(INT, at + 4, c.zeros().size());
        into.set(INT, at + 8, c.blocks().count());
        at += VOLUME_BYTES;
        for (BlockRange range : c.zeros()) {
            into.set(INT, at, range.first());
            into.set(INT, at + 4, range.count());
            at += 8;
        }
        PageSet blocks = c.blocks();
        for (int i = 0; i < blocks.count(); i++) {
            into.set(INT, at, blocks.isZero(i) ? blocks.number(i) | ZERO_FLAG : blocks.number(i));
            at += 4;
        }
        return at;
    }

    private static int sum(MemorySegment segment, long from, long bytes) {
        CRC32C sum = new CRC32C();
        sum.update(segment.asSlice(from, bytes).asByteBuffer());
        return (int) sum.getValue();
    }

    // ---- reading ------------------------------------------------------------------------------------------------

    /**
     * The record that begins at {@code at}, or null if no whole and undamaged one does. Never throws for what stands there.
     *
     * @param journal a part of the journal, whatever it contains
     * @param salt that of the part
     */
    public static JournalRecord read(MemorySegment journal, int salt, long at) {
        long room = journal.byteSize() - at;
        if (at < 0 || room < 2L * BLOCK_BYTES || journal.get(INT, at) != MAGIC) {
            return null;
        }
        MemorySegment from = journal.asSlice(at);
        boolean ours = from.get(INT, 56) == salt && from.get(INT, 4) >>> 16 == VERSION;
        if (!ours || from.get(INT, 60) != sum(from, 0, 60)) {
            return null;
        }
        long indexBytes = from.get(INT, 40);
        long stored = Integer.toUnsignedLong(from.get(INT, 44));
        if (indexBytes < 0 || indexBytes > MAX_INDEX_BYTES) {
            return null;
        }
        long contentAt = padded(HEADER_BYTES + indexBytes);
        long length = contentAt + stored * BLOCK_BYTES + BLOCK_BYTES;
        EpochId epoch = id(from, 8);
        EpochId base = id(from, 24);
        int volumes = from.get(INT, 4) & 0xFFFF;
        if (length > room || epoch == null || base == null || volumes > VolumeChanges.MAX_VOLUMES) {
            return null;
        }
        MemorySegment bytes = from.asSlice(0, length);
        JournalRecord record = new JournalRecord(bytes, epoch, base, volumes, contentAt);
        boolean whole = record.endsWell() && record.sumsAreRight(indexBytes, stored) && record.indexIsRight(stored);
        return whole ? record : null;
    }

    private static EpochId id(MemorySegment from, long at) {
        long term = from.get(LONG, at);
        long number = from.get(LONG, at + 8);
        return term < 0 || number < 0 ? null : new EpochId(term, number);
    }

    private boolean endsWell() {
        MemorySegment footer = bytes.asSlice(bytes.byteSize() - BLOCK_BYTES);
        return footer.get(INT, 0) == END_MAGIC
                && footer.get(LONG, 8) == epoch.term()
                && footer.get(LONG, 16) == epoch.number()
                && footer.get(INT, 24) == bytes.get(INT, 60)
                && footer.get(INT, FOOTER_SUMMED_BYTES) == sum(footer, 0, FOOTER_SUMMED_BYTES);
    }

    private boolean sumsAreRight(long indexBytes, long stored) {
        CRC32C content = new CRC32C();
        long end = contentAt + stored * BLOCK_BYTES;
        for (long at = contentAt; at < end; ) {
            long part = Math.min(1 << 20, end - at);
            content.update(bytes.asSlice(at, part).asByteBuffer());
            at += part;
        }
        return bytes.get(INT, 52) == sum(bytes, HEADER_BYTES, indexBytes)
                && bytes.get(INT, 48) == (int) content.getValue();
    }

    /** Whether the index has the length and the number of contents that the header says. */
    private boolean indexIsRight(long stored) {
        long at = HEADER_BYTES;
        long end = HEADER_BYTES + (long) bytes.get(INT, 40);
        long contents = 0;
        for (int i = 0; i < volumes; i++) {
            if (end - at < VOLUME_BYTES) {
                return false;
            }
            long ranges = Integer.toUnsignedLong(bytes.get(INT, at + 4));
            long blocks = Integer.toUnsignedLong(bytes.get(INT, at + 8));
            at += VOLUME_BYTES;
            if (end - at < ranges * 8 + blocks * 4) {
                return false;
            }
            at += ranges * 8;
            for (long last = at + blocks * 4; at < last; at += 4) {
                contents += bytes.get(INT, at) < 0 ? 0 : 1;
            }
        }
        return at == end && contents == stored;
    }

    /** Where the changes go. */
    public interface Target {
        /**
         * Writes zeros.
         *
         * @throws DiskException if the disk refuses
         */
        void zero(int volume, int first, int count) throws DiskException;

        /**
         * Writes blocks that follow one another.
         *
         * @throws DiskException if the disk refuses
         */
        void write(int volume, int first, MemorySegment contents) throws DiskException;
    }

    /**
     * Carries the changes out. Doing it again changes nothing.
     *
     * @throws DiskException if the disk refuses; a part may have been done
     */
    public void apply(Target target) throws DiskException {
        long at = HEADER_BYTES;
        long content = contentAt;
        for (int i = 0; i < volumes; i++) {
            int volume = bytes.get(JAVA_BYTE, at);
            int ranges = bytes.get(INT, at + 4);
            int blocks = bytes.get(INT, at + 8);
            at += VOLUME_BYTES;
            for (int r = 0; r < ranges; r++, at += 8) {
                target.zero(volume, bytes.get(INT, at), bytes.get(INT, at + 4));
            }
            content = applyBlocks(target, volume, at, blocks, content);
            at += 4L * blocks;
        }
    }

    /** Blocks of one kind in a row are one call. */
    private long applyBlocks(Target target, int volume, long index, int blocks, long contentStart)
            throws DiskException {
        long content = contentStart;
        for (int i = 0; i < blocks; ) {
            int first = bytes.get(INT, index + 4L * i);
            int run = 1;
            while (i + run < blocks && bytes.get(INT, index + 4L * (i + run)) == first + run) {
                run++;
            }
            if (first < 0) {
                target.zero(volume, first & ~ZERO_FLAG, run);
            } else {
                target.write(volume, first, bytes.asSlice(content, (long) run * BLOCK_BYTES));
                content += (long) run * BLOCK_BYTES;
            }
            i += run;
        }
        return content;
    }
}
