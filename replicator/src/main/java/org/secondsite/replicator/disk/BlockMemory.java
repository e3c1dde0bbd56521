package org.secondsite.replicator.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * The memory in which the written blocks of a VM's volumes wait to be shipped: chunks of 1 MiB outside the heap, taken by
 * {@link BlockSet}s and given back by them. Used by several threads.
 *
 * <p>The limit is soft: what the VM has sent is taken all the same, because the answer to a request that was read must not wait
 * for a checkpoint that itself waits for that answer. Who reads requests asks {@link #admits()} before it reads more.
 */
public final class BlockMemory implements AutoCloseable {
    /** How much is taken. */
    public enum Level {
        /** Half of the limit, or more. */
        HALF_FULL,
        /** The limit: writers are held up. */
        FULL
    }

    static final int CHUNK_BYTES = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final ArrayDeque<MemorySegment> spare = new ArrayDeque<>();
    private final long limitBytes;
    private long takenBytes;
    private boolean draining;

    /** What was told since some of it was shipped, null if nothing was. */
    private Level told;

    private final Consumer<Level> filling;

    /**
     * Takes nothing yet.
     *
     * @param limitBytes how much may wait before writers are held up, at least 1 MiB
     */
    public BlockMemory(long limitBytes) {
        this(limitBytes, level -> {});
    }

    /**
     * The same with somebody who can have it shipped.
     *
     * @param filling told each level once until some of it was shipped, by whichever thread takes, under the locks that it has: it
     *     must not wait, and not use this
     */
    public BlockMemory(long limitBytes, Consumer<Level> filling) {
        if (limitBytes < CHUNK_BYTES) {
            throw new IllegalArgumentException("a limit of " + limitBytes + " bytes");
        }
        this.limitBytes = limitBytes;
        this.filling = filling;
    }

    synchronized MemorySegment take() {
        takenBytes += CHUNK_BYTES;
        tell();
        MemorySegment chunk = spare.poll();
        return chunk == null ? arena.allocate(CHUNK_BYTES, BlockSet.BLOCK_BYTES) : chunk;
    }

    private void tell() {
        Level now = takenBytes >= limitBytes ? Level.FULL : hasRoom() ? null : Level.HALF_FULL;
        if (now != null && now != told && told != Level.FULL) {
            told = now;
            filling.accept(now);
        }
    }

    /** What was cut has been shipped: from now on the levels are told again. */
    public synchronized void shipped() {
        told = null;
        tell();
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
