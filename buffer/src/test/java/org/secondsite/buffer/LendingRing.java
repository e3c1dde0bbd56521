package org.secondsite.buffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * A port's ring in small: blocks that are filled in turn, and given back in turn when no held frame needs them. What is
 * given back is overwritten at once, so that a frame whose block was given back too soon is found out.
 */
final class LendingRing {
    private static final int BLOCK_BYTES = 16 << 10;
    private static final int BLOCKS = 8;
    private static final int LOANS_PER_BLOCK = 24;

    final LentBlocks lent;
    private final MemorySegment memory;
    private final Random random;
    private int block;
    private int taken;
    private int used;

    LendingRing(Arena arena, Random random) {
        memory = arena.allocate((long) BLOCKS * BLOCK_BYTES, 8);
        lent = new LentBlocks(memory, BLOCK_BYTES, LOANS_PER_BLOCK);
        this.random = random;
    }

    /** Puts a frame into the ring; -1 when there is no room. */
    long put(byte[] frame) {
        if (used + frame.length > BLOCK_BYTES) {
            reclaim();
            if (taken == BLOCKS - 1) {
                return -1;
            }
            taken++;
            block = (block + 1) % BLOCKS;
            used = 0;
        }
        long offset = (long) block * BLOCK_BYTES + used;
        MemorySegment.copy(MemorySegment.ofArray(frame), 0, memory, offset, frame.length);
        used += frame.length;
        return offset;
    }

    /** The block that has been taken longest, -1 when only the one that is being filled is. */
    int oldest() {
        return taken == 0 ? -1 : Math.floorMod(block - taken, BLOCKS);
    }

    /** Gives back what it can; returns whether nothing remains but the block that is being filled. */
    boolean reclaim() {
        while (taken > 0 && lent.free(oldest())) {
            byte[] noise = new byte[BLOCK_BYTES];
            random.nextBytes(noise);
            MemorySegment.copy(MemorySegment.ofArray(noise), 0, memory, (long) oldest() * BLOCK_BYTES, BLOCK_BYTES);
            taken--;
        }
        return taken == 0;
    }
}
