package org.secondsite.replicator.disk.io;

import static org.secondsite.replicator.disk.Chunks.EXTENT_CHUNKS;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.disk.Chunks;
import org.secondsite.replicator.disk.DirtyHeader;
import org.secondsite.replicator.disk.DiskException;

/**
 * The dirty map of a VM's disks, on stable storage: in which chunks they may differ from the epochs that a {@link DiskClaim} names.
 *
 * <pre>
 * vm1.dirty  | head, two slots of 4 KiB | of each volume: hot extents, a bit each, up to 4 KiB | dirty chunks, a bit each, up to 4 KiB |
 * </pre>
 *
 * <p><b>Before the write.</b> A chunk's bit is set before anything is written to it, so a kill leaves no change that is not named. A
 * loss of power might lose the bit and keep the change; so the extent around it is first marked hot, and that is forced to the disk.
 * In another boot of the machine every chunk of a hot extent counts as dirty. An extent stays hot while it is written to, also over a new
 * base, so the disk is waited for once in a while only.
 *
 * <p><b>Clearing.</b> No bit is cleared for what another site says or is believed to have: only together with the base that the map is
 * read against. The new base is an epoch that was cut here; what is written after that cut is gathered beside the map, and becomes
 * the map when the epoch is acknowledged and all that was written before the cut is on the disk. The head goes first: until the
 * bits follow, they name more than they need to.
 *
 * <p>Thread-safe. The file has all of its room from the start, so a full disk is no matter.
 */
final class DirtyMap implements AutoCloseable {
    private static final int PAGE_BYTES = 4096;
    private static final int HEAD_BYTES = DirtyHeader.SLOTS * DirtyHeader.SLOT_BYTES;

    /** The most hot extents of a VM: what a loss of power costs, 4 GiB of comparing and copying. */
    private static final int MAX_HOT = 256;

    private static final int EIO = 5;

    /** A volume's part of the file and what it says. */
    private static final class Region {
        private final int chunks;
        private final long hotAt;
        private final long dirtyAt;
        private BitSet hot = new BitSet();
        private BitSet dirty = new BitSet();

        /** What was written since the cut of the next base; null if there is none. */
        private BitSet fresh;

        Region(long bytes, long at) {
            chunks = Chunks.of(bytes);
            hotAt = at;
            dirtyAt = at + padded(Chunks.extents(chunks));
        }

        long end() {
            return dirtyAt + padded(chunks);
        }

        private static long padded(int bits) {
            long bytes = (bits + 7L) / 8;
            return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        }
    }

    private final BlockFile file;
    private final List<Region> regions = new ArrayList<>();

    /** Guards changes of the head, which are waited for; the bits are guarded by this. */
    private final Object headLock = new Object();

    /** Read by whoever likes: a checkpoint's pause does not wait while another one is written. */
    private volatile DirtyHeader head;

    private boolean unbroken;
    private long marks;

    /** The epoch that the gathering of fresh bits began with, NONE while it has no name yet, or there is none. */
    private EpochId candidate = EpochId.NONE;

    private DirtyMap(BlockFile file, List<Long> volumeBytes) {
        this.file = file;
        long at = HEAD_BYTES;
        for (long bytes : volumeBytes) {
            Region region = new Region(bytes, at);
            regions.add(region);
            at = region.end();
        }
    }

    /**
     * Opens the map of such volumes, or makes one that knows nothing.
     *
     * @throws IOException if it cannot be read or written
     */
    static DirtyMap open(Path path, List<Long> volumeBytes) throws IOException {
        long bytes = end(volumeBytes);
        if (!Files.exists(path)) {
            Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        if (Files.size(path) != bytes) {
            Files.write(path, new byte[0]);
            BlockFile.allocate(path, bytes);
        }
        BlockFile file = BlockFile.open(path);
        boolean whole = false;
        try {
            DirtyMap map = new DirtyMap(file, volumeBytes);
            map.load(volumeBytes);
            whole = true;
            return map;
        } finally {
            if (!whole) {
                file.close();
            }
        }
    }

    private static long end(List<Long> volumeBytes) {
        long at = HEAD_BYTES;
        for (long bytes : volumeBytes) {
            at = new Region(bytes, at).end();
        }
        return at;
    }

    private void load(List<Long> volumeBytes) throws IOException {
        Optional<DirtyHeader> found = DirtyHeader.newest(ByteBuffer.wrap(read(0, HEAD_BYTES)));
        Optional<DirtyHeader> known = found.filter(one -> one.volumeBytes().equals(volumeBytes));
        if (known.isEmpty()) {
            long generation = found.map(DirtyHeader::generation).orElse(0L);
            head = new DirtyHeader(generation, volumeBytes, DiskClaim.NONE, BootId.current());
            writeHead(DiskClaim.NONE);
            // Of what it said before nothing is to be found again, in either slot.
            writeHead(DiskClaim.NONE);
            for (Region region : regions) {
                writeBits(region.hotAt, region.hot, 0, Chunks.extents(region.chunks));
                writeBits(region.dirtyAt, region.dirty, 0, region.chunks);
            }
            return;
        }
        head = known.get();
        boolean lostPower = !head.boot().equals(BootId.current());
        for (Region region : regions) {
            region.hot = BitSet.valueOf(read(region.hotAt, (int) (region.dirtyAt - region.hotAt)));
            region.dirty = BitSet.valueOf(read(region.dirtyAt, (int) (region.end() - region.dirtyAt)));
            if (lostPower) {
                region.hot.stream()
                        .forEach(extent -> region.dirty.set(
                                extent * EXTENT_CHUNKS, Math.min((extent + 1) * EXTENT_CHUNKS, region.chunks)));
                writeBits(region.dirtyAt, region.dirty, 0, region.chunks);
            }
        }
        if (lostPower) {
            file.sync();
            writeHead(head.claim());
        }
    }

    // ---- what it says -------------------------------------------------------------------------------------------

    /** Of which epochs the map tells the differences. */
    DiskClaim claim() {
        return head.claim();
    }

    /** The chunks of a volume that may differ from them. A copy. */
    synchronized BitSet dirty(int volume) {
        return (BitSet) regions.get(volume).dirty.clone();
    }

    /** The number of all such chunks. */
    synchronized long dirtyChunks() {
        return regions.stream().mapToLong(region -> region.dirty.cardinality()).sum();
    }

    /** How often something was about to be written since the start: by it is known whether anybody has. */
    synchronized long marks() {
        return marks;
    }

    /** The number of all extents whose chunks count as dirty after a loss of power. */
    synchronized int hotExtents() {
        return regions.stream().mapToInt(region -> region.hot.cardinality()).sum();
    }

    // ---- writes -------------------------------------------------------------------------------------------------

    /**
     * Says that a part of a volume is about to be written to. In its volume's order with the writes.
     *
     * @throws DiskException if that cannot be noted: nothing may be written then
     */
    synchronized void mark(int volume, long offset, long length) throws DiskException {
        marks++;
        Region region = regions.get(volume);
        int first = Chunks.at(offset);
        int end = Chunks.after(offset + length);
        if (region.fresh != null) {
            region.fresh.set(first, end);
        }
        if (region.dirty.nextClearBit(first) >= end) {
            return;
        }
        try {
            boolean tooHot = heat(region, first, end);
            int firstByte = first / 8;
            BitSet written = region.dirty.get(firstByte * 8, (end + 7) / 8 * 8);
            written.set(first - firstByte * 8, end - firstByte * 8);
            write(region.dirtyAt + firstByte, Arrays.copyOf(written.toByteArray(), (end + 7) / 8 - firstByte));
            if (tooHot) {
                cool();
            }
        } catch (IOException e) {
            throw new DiskException("what is written cannot be noted: " + e.getMessage(), EIO);
        }
        region.dirty.set(first, end);
    }

    /** Marks the extents hot in which chunks become dirty, and waits for the disk; or says that there are too many for that. */
    private boolean heat(Region region, int first, int end) throws IOException {
        BitSet hotter = (BitSet) region.hot.clone();
        for (int at = region.dirty.nextClearBit(first); at < end; ) {
            int extent = at / EXTENT_CHUNKS;
            hotter.set(extent);
            at = region.dirty.nextClearBit((extent + 1) * EXTENT_CHUNKS);
        }
        int more = hotter.cardinality() - region.hot.cardinality();
        if (more == 0) {
            return false;
        }
        if (more + regions.stream().mapToInt(each -> each.hot.cardinality()).sum() > MAX_HOT) {
            return true;
        }
        writeBits(region.hotAt, hotter, first / EXTENT_CHUNKS, Chunks.extents(end));
        file.sync();
        region.hot = hotter;
        return false;
    }

    /** All dirty bits are on the disk: no extent need be hot any more. */
    private void cool() throws IOException {
        file.sync();
        for (Region region : regions) {
            region.hot = new BitSet();
            writeBits(region.hotAt, region.hot, 0, Chunks.extents(region.chunks));
        }
    }

    // ---- the base -----------------------------------------------------------------------------------------------

    /** An epoch was cut after which nothing is missing at the other site: it may become the base. The VM stands still. */
    synchronized void cut() {
        if (regions.stream().anyMatch(region -> region.fresh != null)) {
            return;
        }
        candidate = EpochId.NONE;
        regions.forEach(region -> region.fresh = new BitSet());
    }

    /** What was cut is not shipped, or nothing follows it. */
    synchronized void dropped() {
        if (candidate.equals(EpochId.NONE)) {
            endGathering();
        }
    }

    /** The chain of epochs ends: what is on its way may be acknowledged or not. */
    synchronized void endGathering() {
        candidate = EpochId.NONE;
        regions.forEach(region -> region.fresh = null);
    }

    /** The VM is not here any more; epochs that follow may come after others that were made elsewhere. */
    void vmGone() {
        synchronized (headLock) {
            unbroken = false;
        }
    }

    /**
     * What was cut is shipped as this epoch. It is noted first that epochs of its term are made here.
     *
     * @throws IOException if that cannot be noted
     */
    void made(EpochId epoch) throws IOException {
        synchronized (headLock) {
            DiskClaim claim = head.claim();
            DiskClaim next = unbroken ? claim.made(epoch.term()) : claim.madeAfterBreak(epoch.term());
            if (!next.equals(claim)) {
                writeHead(next);
            }
            unbroken = true;
        }
        synchronized (this) {
            if (candidate.equals(EpochId.NONE)) {
                candidate = epoch;
            }
        }
    }

    /** The epoch that becomes the base when everything up to {@code acknowledged} is at the other site; empty if none does. */
    synchronized Optional<EpochId> due(EpochId acknowledged) {
        boolean gathers = regions.stream().anyMatch(region -> region.fresh != null);
        return gathers && !candidate.equals(EpochId.NONE) && candidate.atMost(acknowledged)
                ? Optional.of(candidate)
                : Optional.empty();
    }

    /**
     * Takes an epoch for the base that was {@linkplain #due due}. All that was written before its cut must be on the disk.
     *
     * @throws IOException if it cannot be noted
     */
    void settle(EpochId epoch) throws IOException {
        synchronized (headLock) {
            if (due(epoch).filter(epoch::equals).isEmpty()) {
                return;
            }
            writeHead(head.claim().upon(epoch));
        }
        synchronized (this) {
            if (due(epoch).filter(epoch::equals).isEmpty()) {
                return;
            }
            for (Region region : regions) {
                BitSet before = region.dirty;
                region.dirty = region.fresh;
                region.fresh = null;
                writeChanged(region, before);
                region.hot = stillHot(region, before);
                writeBits(region.hotAt, region.hot, 0, Chunks.extents(region.chunks));
            }
            candidate = EpochId.NONE;
        }
    }

    /**
     * Extents with bits that may be known to the kernel alone, and those that were written to a while ago, because they usually will be
     * again: else the disk would be waited for at the first write to each after every new base, and a stop of the VM behind it.
     */
    private BitSet stillHot(Region region, BitSet before) {
        BitSet needed = extents(region.dirty);
        BitSet kept = extents(before);
        kept.and(region.hot);
        kept.or(needed);
        return kept.cardinality() <= MAX_HOT / regions.size() ? kept : needed;
    }

    private static BitSet extents(BitSet chunks) {
        BitSet extents = new BitSet();
        for (int at = chunks.nextSetBit(0); at >= 0; ) {
            int extent = at / EXTENT_CHUNKS;
            extents.set(extent);
            at = chunks.nextSetBit((extent + 1) * EXTENT_CHUNKS);
        }
        return extents;
    }

    /**
     * The disks are this epoch, and that is on the disk already.
     *
     * @throws IOException if it cannot be noted
     */
    void reset(EpochId epoch) throws IOException {
        endGathering();
        synchronized (headLock) {
            unbroken = false;
            writeHead(DiskClaim.of(epoch));
        }
        synchronized (this) {
            for (Region region : regions) {
                BitSet before = region.dirty;
                region.dirty = new BitSet();
                region.hot = new BitSet();
                writeChanged(region, before);
                writeBits(region.hotAt, region.hot, 0, Chunks.extents(region.chunks));
            }
        }
    }

    /**
     * Nothing is known of the disks any more.
     *
     * @throws IOException if it cannot be noted
     */
    void forget() throws IOException {
        endGathering();
        synchronized (headLock) {
            writeHead(DiskClaim.NONE);
        }
    }

    // ---- the file -----------------------------------------------------------------------------------------------

    private void writeHead(DiskClaim claim) throws IOException {
        DirtyHeader next = head.next(claim, BootId.current());
        write(next.slotOffset(), next.write().array());
        file.sync();
        head = next;
    }

    /** Writes the pages of a volume's dirty chunks in which something differs from before. */
    private void writeChanged(Region region, BitSet before) throws IOException {
        BitSet changed = (BitSet) before.clone();
        changed.xor(region.dirty);
        int pageBits = 8 * PAGE_BYTES;
        for (int at = changed.nextSetBit(0); at >= 0; ) {
            int page = at / pageBits;
            writeBits(region.dirtyAt, region.dirty, page * pageBits, Math.min((page + 1) * pageBits, region.chunks));
            at = changed.nextSetBit((page + 1) * pageBits);
        }
    }

    /** Writes the bytes in which the bits from {@code first} to before {@code end} lie, with the other bits that lie there. */
    private void writeBits(long at, BitSet bits, int first, int end) throws IOException {
        int firstByte = first / 8;
        int endByte = (end + 7) / 8;
        byte[] set = bits.get(firstByte * 8, endByte * 8).toByteArray();
        write(at + firstByte, Arrays.copyOf(set, endByte - firstByte));
    }

    private void write(long at, byte[] bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            file.write(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), bytes.length, at);
        }
    }

    private byte[] read(long at, int count) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(count);
            file.read(bytes, count, at);
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
