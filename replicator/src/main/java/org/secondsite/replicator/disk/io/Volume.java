package org.secondsite.replicator.disk.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;
import org.secondsite.replicator.disk.Chunks;
import org.secondsite.replicator.disk.DiskException;
import org.secondsite.replicator.disk.NbdExport;

/**
 * A disk of a protected VM: a raw image or block device, and what was written to it since the last cut.
 *
 * <p><b>Order.</b> A write goes to the file first and into the open set next, both under one lock, so the set and the file cannot
 * disagree about two writes that overlap, whichever connection they came on. Reads take no lock.
 *
 * <p><b>Flush.</b> While the VM's output is held until its epoch is durable at the other site, nothing that a guest says after a
 * flush leaves before that, so the flush is answered at once ({@link Flushing#AT_ONCE}). Otherwise only this disk remembers, and a
 * flush waits for it ({@link Flushing#HONEST}). {@link #becomeHonest} is the barrier between the two: DiskBeforeOutput.
 *
 * <p><b>Cut.</b> {@link #cut} is for the moment at which the VM stands still and QEMU has drained its requests. It is provisional:
 * what was cut and is not shipped is given back by {@link #restore}, or those blocks would be missing at the standby for ever.
 */
public final class Volume implements AutoCloseable {
    /** When a flush is answered. */
    public enum Flushing {
        /** When what was written is on stable storage. */
        HONEST,
        /** Immediately: what was written is known to the kernel. */
        AT_ONCE
    }

    private static final int COPIED_AT_ONCE = (1 << 20) / BlockSet.BLOCK_BYTES;

    private final NbdExport export;
    private final BlockFile file;
    private final BlockMemory memory;
    private final Marks marks;
    private final ReentrantLock lock = new ReentrantLock();

    /** Null while nothing is captured. Guarded by the lock. */
    private BlockSet open;

    /** Why the open set does not tell all that was written, null if it does. Guarded by the lock. */
    private String lost;

    private volatile Flushing flushing = Flushing.HONEST;

    /** What is read to be compared, null while everything is written as it comes. Guarded by the lock. */
    private MemorySegment compared;

    /** A volume that captures nothing yet and answers flushes honestly. It owns the file from now on. */
    public Volume(String name, BlockFile file, boolean readOnly, BlockMemory memory) {
        this(name, file, readOnly, memory, Marks.NONE);
    }

    /** The same with something that is told before it changes. */
    Volume(String name, BlockFile file, boolean readOnly, BlockMemory memory, Marks marks) {
        this.export = new NbdExport(name, file.bytes(), readOnly);
        this.file = file;
        this.memory = memory;
        this.marks = marks;
    }

    /** What NBD clients are told of it. */
    public NbdExport export() {
        return export;
    }

    // ---- for whoever takes checkpoints --------------------------------------------------------------------------

    /** Begins to remember what is written. */
    public void beginCapture() {
        lock.lock();
        try {
            if (open == null) {
                open = new BlockSet(memory);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forgets what was written, and remembers nothing more. */
    public void endCapture() {
        lock.lock();
        try {
            if (open != null) {
                open.close();
                open = null;
                lost = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the open epoch. The caller owns the set, and either ships it or {@linkplain #restore gives it back}.
     *
     * @throws DiskException if what was written could not be read back: the standby needs a full copy
     * @throws IllegalStateException if nothing is captured
     */
    public BlockSet cut() throws DiskException {
        lock.lock();
        try {
            if (open == null) {
                throw new IllegalStateException(export.name() + " is not captured");
            }
            if (lost != null) {
                throw new DiskException(export.name() + ": what was written could not be read back: " + lost, 0);
            }
            BlockSet cut = open;
            open = new BlockSet(memory);
            return cut;
        } finally {
            lock.unlock();
        }
    }

    /** Takes back what was cut and is not shipped; what was written since stands. */
    public void restore(BlockSet cut) {
        lock.lock();
        try {
            if (open == null) {
                cut.close();
            } else {
                open.mergeOlder(cut);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * What was taken into the open epoch.
     *
     * @param end the block behind the last one
     * @param contentBlocks how many of them are no hole, and were not in the epoch yet
     */
    record Copied(int end, int contentBlocks) {}

    /**
     * Puts into the open epoch what the volume contains from a block on, as far as the epoch does not say so already: a part of a
     * copy. Writers wait meanwhile.
     *
     * @param limit the block behind the last one that is wanted
     * @return what was taken in: at most 1 MiB of content, or any length of a hole
     * @throws DiskException if the volume cannot be read
     */
    Copied copyFrom(int first, int limit) throws DiskException {
        long from = (long) first * BlockSet.BLOCK_BYTES;
        lock.lock();
        try {
            requireCapture();
            long end = Math.min((long) limit * BlockSet.BLOCK_BYTES, export.bytes());
            long extent = file.extent(from, end - from);
            if (extent < 0 && from - extent == end) {
                open.zero(first, limit - first);
                return new Copied(limit, 0);
            }
            long holeBlocks = -extent / BlockSet.BLOCK_BYTES;
            if (holeBlocks > 0) {
                open.zero(first, (int) holeBlocks);
                return new Copied(first + (int) holeBlocks, 0);
            }
            int blocks = Math.min(COPIED_AT_ONCE, limit - first);
            int taken = 0;
            for (int block = first; block < first + blocks; block++) {
                if (!open.covers(block)) {
                    file.read(open.content(block), BlockSet.BLOCK_BYTES, (long) block * BlockSet.BLOCK_BYTES);
                    taken++;
                }
            }
            return new Copied(first + blocks, taken);
        } finally {
            lock.unlock();
        }
    }

    private void requireCapture() {
        if (open == null) {
            throw new IllegalStateException(export.name() + " is not captured");
        }
    }

    /**
     * Whether a chunk has this hash now. What is written to it afterwards is in the open epoch.
     *
     * @throws DiskException if the volume cannot be read
     */
    boolean isChunk(int chunk, byte[] hash, ChunkHash hashes) throws DiskException {
        lock.lock();
        try {
            requireCapture();
            return Arrays.equals(hash, hashes.of(file, chunk));
        } finally {
            lock.unlock();
        }
    }

    /** From now on a flush is answered at once. Only while output is held until its epoch is durable at the other site. */
    public void flushAtOnce() {
        flushing = Flushing.AT_ONCE;
    }

    /**
     * From now on a flush waits for the disk, and everything that was ever answered is on it when this returns.
     *
     * @throws DiskException if the disk refuses; output must not pass unheld then
     */
    public void becomeHonest() throws DiskException {
        flushing = Flushing.HONEST;
        file.sync();
    }

    /**
     * From now on what is written, and is there already, changes nothing: somebody writes all of a disk over what may be the same. That
     * costs a read for each write.
     */
    void compareFirst() {
        lock.lock();
        try {
            compared = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(Chunks.CHUNK_BYTES));
        } finally {
            lock.unlock();
        }
    }

    /** From now on everything is written as it comes. */
    void writeAtOnce() {
        lock.lock();
        try {
            compared = null;
        } finally {
            lock.unlock();
        }
    }

    // ---- for connections ----------------------------------------------------------------------------------------

    boolean flushesAtOnce() {
        return flushing == Flushing.AT_ONCE;
    }

    /** Whether more requests should be read: whether there is memory for what they write. */
    boolean admits() {
        return memory.admits();
    }

    BlockFile file() {
        return file;
    }

    /** Held while a write is carried out: a storage that hangs, to a test. */
    ReentrantLock lock() {
        return lock;
    }

    /** Writes and remembers. */
    void write(MemorySegment data, int length, long offset) throws DiskException {
        lock.lock();
        try {
            if (compared == null) {
                put(data, length, offset);
                return;
            }
            for (int done = 0; done < length; ) {
                int part = Math.min(length - done, toChunksEnd(offset + done));
                MemorySegment from = data.asSlice(done, part);
                file.read(compared, part, offset + done);
                if (from.mismatch(compared.asSlice(0, part)) >= 0) {
                    put(from, part, offset + done);
                }
                done += part;
            }
        } finally {
            lock.unlock();
        }
    }

    private static int toChunksEnd(long offset) {
        return Chunks.CHUNK_BYTES - (int) (offset % Chunks.CHUNK_BYTES);
    }

    private void put(MemorySegment data, int length, long offset) throws DiskException {
        marks.before(offset, length);
        try {
            file.write(data, length, offset);
        } catch (DiskException e) {
            // A part may have been written before the disk was full: what is there is what counts.
            recapture(offset / BlockSet.BLOCK_BYTES, endBlock(offset + length));
            throw e;
        }
        capture(data, length, offset);
    }

    private void capture(MemorySegment data, int length, long offset) {
        if (open == null) {
            return;
        }
        long end = offset + length;
        for (long at = offset; at < end; ) {
            long block = at / BlockSet.BLOCK_BYTES;
            long blockStart = block * BlockSet.BLOCK_BYTES;
            if (at == blockStart && end - at >= BlockSet.BLOCK_BYTES) {
                MemorySegment.copy(data, at - offset, open.content((int) block), 0, BlockSet.BLOCK_BYTES);
            } else {
                recapture(block, block + 1);
            }
            at = blockStart + BlockSet.BLOCK_BYTES;
        }
    }

    /** Makes a range zeros, and remembers. */
    void zero(long offset, long length, boolean allocate) throws DiskException {
        lock.lock();
        try {
            if (compared == null) {
                putZeros(offset, length, allocate);
                return;
            }
            for (long at = offset; at < offset + length; ) {
                long extent = file.extent(at, offset + length - at);
                int part = (int) Math.min(Math.abs(extent), toChunksEnd(at));
                if (extent > 0 && !readsAsZeros(at, part)) {
                    putZeros(at, part, allocate);
                }
                at += extent > 0 ? part : -extent;
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean readsAsZeros(long offset, int length) throws DiskException {
        file.read(compared, length, offset);
        for (int i = 0; i < length; i++) {
            if (compared.get(ValueLayout.JAVA_BYTE, i) != 0) {
                return false;
            }
        }
        return true;
    }

    private void putZeros(long offset, long length, boolean allocate) throws DiskException {
        long end = offset + length;
        long first = offset / BlockSet.BLOCK_BYTES;
        long firstWhole = endBlock(offset);
        // The last block of a volume may be shorter than others: zeroing up to the end zeroes all of it.
        long endWhole = end == export.bytes() ? endBlock(end) : end / BlockSet.BLOCK_BYTES;
        marks.before(offset, length);
        try {
            file.zero(offset, length, allocate);
        } catch (DiskException e) {
            recapture(first, endBlock(end));
            throw e;
        }
        if (open != null && firstWhole < endWhole) {
            open.zero((int) firstWhole, (int) (endWhole - firstWhole));
        }
        recapture(first, firstWhole);
        recapture(Math.max(endWhole, firstWhole), endBlock(end));
    }

    /** The number of the block after the one in which the byte before {@code offset} lies. */
    private static long endBlock(long offset) {
        return (offset + BlockSet.BLOCK_BYTES - 1) / BlockSet.BLOCK_BYTES;
    }

    /** Remembers of these blocks what the file says. A disk that cannot be read makes the epoch useless. */
    private void recapture(long first, long end) {
        if (open == null) {
            return;
        }
        for (long block = first; block < end; block++) {
            try {
                file.read(open.content((int) block), BlockSet.BLOCK_BYTES, block * BlockSet.BLOCK_BYTES);
            } catch (DiskException e) {
                lost = e.getMessage();
            }
        }
    }

    @Override
    public void close() {
        endCapture();
        file.close();
    }
}
