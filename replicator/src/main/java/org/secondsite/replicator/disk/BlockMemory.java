package org.secondsite.replicator.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * The memory in which the written blocks of a VM's volumes wait to be shipped: chunks of 1 MiB outside the heap, taken by
 * {@link BlockSet}s and given back by them. Used by several threads.
 *
 * <p>The limit is soft: what the VM has sent is taken all the same, because the answer to a request that was read must not wait
 * for a checkpoint that itself waits for that answer. Who reads requests asks {@link #admits()} before it reads more.
 */
public final class BlockMemory implements AutoCloseable {
    static final int CHUNK_BYTES = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final ArrayDeque<MemorySegment> spare = new ArrayDeque<>();
    private final long limitBytes;
    private long takenBytes;
    private boolean draining;

    /** Whether it is told when half of the limit is reached: once, until some of it was shipped. */
    private boolean tells = true;

    private final Runnable whenHalfFull;

    /**
     * Takes nothing yet.
     *
     * @param limitBytes how much may wait before writers are held up, at least 1 MiB
     */
    public BlockMemory(long limitBytes) {
        this(limitBytes, () -> {});
    }

    /**
     * The same with somebody who can have it shipped.
     *
     * @param whenHalfFull told by whichever thread takes, under the locks that it has: it must not wait, and not use this
     */
    public BlockMemory(long limitBytes, Runnable whenHalfFull) {
        if (limitBytes < CHUNK_BYTES) {
            throw new IllegalArgumentException("a limit of " + limitBytes + " bytes");
        }
        this.limitBytes = limitBytes;
        this.whenHalfFull = whenHalfFull;
    }

    synchronized MemorySegment take() {
        takenBytes += CHUNK_BYTES;
        tellIfHalfFull();
        MemorySegment chunk = spare.poll();
        return chunk == null ? arena.allocate(CHUNK_BYTES, BlockSet.BLOCK_BYTES) : chunk;
    }

    private void tellIfHalfFull() {
        if (tells && !hasRoom()) {
            tells = false;
            whenHalfFull.run();
        }
    }

    /** What was cut has been shipped, or given back for good: from now on it is told again when half of the limit is reached. */
    public synchronized void shipped() {
        tells = true;
        tellIfHalfFull();
    }

    synchronized void give(MemorySegment chunk) {
        takenBytes -= CHUNK_BYTES;
        spare.push(chunk);
    }

    /** The bytes that sets hold. */
    public synchronized long takenBytes() {
        return takenBytes;
    }

    /** Whether what nobody waits for may be taken in: while not half of the limit is reached. */
    public synchronized boolean hasRoom() {
        return takenBytes < limitBytes / 2;
    }

    /**
     * Whether more requests should be read: while the limit is not reached, and while the VM is being {@linkplain #drain
     * stopped}, whatever the limit.
     */
    public synchronized boolean admits() {
        return draining || takenBytes < limitBytes;
    }

    /**
     * The VM is about to stop, or runs on. QEMU's {@code stop} waits for every request that the guest has made, so nothing may
     * be held up from before it until it has answered.
     */
    public synchronized void drain(boolean stopping) {
        draining = stopping;
    }

    /** Frees everything. No set may be used afterwards. */
    @Override
    public void close() {
        arena.close();
    }
}
