package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;

/**
 * Preallocated memory in chunks of one size, shared by lanes so that no lane can starve another.
 *
 * <p>Each lane is guaranteed a share. If the quotas of all lanes fit into the pool together, the share is the quota.
 * If they do not, half of the pool is shared out evenly and the other half belongs to whoever comes first; a chunk of
 * that half is given only when the guarantees of all other lanes can still be met.
 *
 * <pre>
 *   free   : taken and reclaimed by the arrival side, a stack of chunk numbers
 *   returns: single-producer single-consumer ring, release side → arrival side, one entry per chunk:
 *             63          32 31           0
 *            +--------------+--------------+
 *            |     lane     |    chunk     |     never overflows: it has a place for every chunk
 *            +--------------+--------------+
 * </pre>
 */
final class ChunkPool {
    private final MemorySegment memory;
    private final int chunkShift;
    private final int chunks;
    private final int frameChunks;
    private final int perVmChunks;
    private int guaranteed;
    private boolean oversubscribed;

    private final int[] free;
    private int freeCount;
    private final int[] used;
    /** Chunks that lanes below their guarantee may still ask for. */
    private long owed;

    private final long[] returns;
    private final Tally returned = new Tally();
    private long reclaimed;
    private final Tally taken = new Tally();

    /**
     * Cuts {@code memory} into chunks; a rest is left unused.
     *
     * @param capacity the most lanes that there will ever be
     * @param lanes how many of them, the first ones, are guaranteed a share now
     * @throws IllegalArgumentException if it is too small to guarantee each lane one longest frame
     */
    ChunkPool(MemorySegment memory, BufferLimits limits, int capacity, int lanes) {
        this.memory = memory;
        chunkShift = Integer.numberOfTrailingZeros(limits.chunkBytes());
        long count = memory.byteSize() >>> chunkShift;
        perVmChunks = limits.perVmChunks();
        frameChunks = Math.min(
                (limits.frameBytes() + limits.chunkBytes() - 1) / limits.chunkBytes() + 1, limits.perVmChunks());
        if (count < (long) frameChunks * lanes || count > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("a pool of " + memory.byteSize() + " bytes does not suit " + lanes
                    + " VMs: each needs at least " + ((long) frameChunks << chunkShift) + " bytes");
        }
        chunks = (int) count;
        free = new int[chunks];
        for (int i = 0; i < chunks; i++) {
            free[i] = chunks - 1 - i;
        }
        freeCount = chunks;
        used = new int[capacity];
        guarantee(lanes);
        returns = new long[Integer.highestOneBit(chunks) << 1];
    }

    /** Whether each of so many lanes can be guaranteed one longest frame. */
    boolean suits(int lanes) {
        return chunks >= (long) frameChunks * lanes;
    }

    /**
     * Arrival side: shares out the pool among so many lanes, the first ones. What others hold beyond their share they keep until it is
     * released.
     */
    void guarantee(int lanes) {
        guaranteed = Math.min(perVmChunks, Math.max(frameChunks, chunks / Math.max(1, lanes) / 2));
        oversubscribed = (long) perVmChunks * lanes > chunks;
        owed = 0;
        for (int lane = 0; lane < lanes && oversubscribed; lane++) {
            owed += Math.max(0, guaranteed - used[lane]);
        }
    }

    MemorySegment memory() {
        return memory;
    }

    int chunkShift() {
        return chunkShift;
    }

    /** Arrival side: a chunk for this lane, or -1. */
    int take(int lane) {
        reclaim();
        boolean withinGuarantee = used[lane] < guaranteed;
        if (freeCount == 0 || (!withinGuarantee && freeCount <= owed)) {
            return -1;
        }
        if (withinGuarantee && oversubscribed) {
            owed--;
        }
        used[lane]++;
        taken.add(1);
        return free[--freeCount];
    }

    /** Release side: the lane no longer needs this chunk. */
    void giveBack(int lane, int chunk) {
        long at = returned.get();
        returns[(int) at & (returns.length - 1)] = (long) lane << 32 | chunk;
        returned.set(at + 1);
    }

    long bytes() {
        return (long) chunks << chunkShift;
    }

    /** Any thread. */
    long freeBytes() {
        long back = returned.get();
        return (chunks - (taken.get() - back)) << chunkShift;
    }

    private void reclaim() {
        long end = returned.get();
        while (reclaimed < end) {
            long entry = returns[(int) reclaimed++ & (returns.length - 1)];
            int lane = (int) (entry >>> 32);
            free[freeCount++] = (int) entry;
            used[lane]--;
            if (used[lane] < guaranteed && oversubscribed) {
                owed++;
            }
        }
    }
}
