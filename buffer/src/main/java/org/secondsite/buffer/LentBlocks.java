package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A port's memory, in blocks, in which frames may stay while they are held instead of being copied into the pool. For
 * each block it knows the records that still need it; a block without such records may be used for other frames.
 *
 * <pre>
 *   block   [ #0 ......][ #1 ......][ #2 ......]      frame at offset o lies in block o >>> shift
 *   loans     (lane, position of the record) each     noted by the arrival side, dropped when the block is reused
 *   lent          3          0          7             arrival side only
 *   returned      3          0          2             release side only; equal to lent: the block is free
 * </pre>
 *
 * <p>Both counts only grow with use and are compared for equality, so neither side ever writes what the other writes. A
 * loan that ends on the arrival side (moved to the pool, or discarded) is taken off {@code lent} again.
 */
public final class LentBlocks {
    /** For ports that lend nothing. */
    public static final LentBlocks NONE = new LentBlocks(MemorySegment.NULL, 1, 0);

    private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

    private final MemorySegment memory;
    private final int shift;
    private final int loansPerBlock;
    private final long[] lent;
    private final long[] returned;

    /** Of block b: {@code loans[b * loansPerBlock ..]}, {@code noted[b]} of them. */
    private final int[] lanes;

    private final long[] positions;
    private final int[] noted;

    /**
     * Cuts {@code memory} into blocks, all of them free.
     *
     * @param blockBytes a power of two that divides the memory's size
     * @param loansPerBlock how many records may need a block at the same time; frames beyond that have to be copied
     */
    public LentBlocks(MemorySegment memory, int blockBytes, int loansPerBlock) {
        this.memory = memory;
        this.loansPerBlock = loansPerBlock;
        shift = Integer.numberOfTrailingZeros(blockBytes);
        int blocks = Math.toIntExact(memory.byteSize() >>> shift);
        lent = new long[blocks];
        returned = new long[blocks];
        noted = new int[blocks];
        lanes = new int[blocks * loansPerBlock];
        positions = new long[blocks * loansPerBlock];
    }

    /** The memory that offsets are in. */
    public MemorySegment memory() {
        return memory;
    }

    /** Arrival side: whether no record needs this block any more. What its records were is forgotten then. */
    public boolean free(int block) {
        if (lent[block] != (long) COUNT.getAcquire(returned, block)) {
            return false;
        }
        noted[block] = 0;
        return true;
    }

    /** Arrival side: whether one more record may need the block that this offset is in. */
    boolean hasRoom(long offset) {
        return noted[block(offset)] < loansPerBlock;
    }

    /** Arrival side: a record needs the block that this offset is in. */
    void lend(long offset, int lane, long position) {
        int block = block(offset);
        int at = block * loansPerBlock + noted[block]++;
        lanes[at] = lane;
        positions[at] = position;
        lent[block]++;
    }

    /** Arrival side: a record does not need its block any more, although it has not left. */
    void takeBack(long offset) {
        lent[block(offset)]--;
    }

    /** Release side: a record has left. */
    void giveBack(long offset) {
        int block = block(offset);
        COUNT.setRelease(returned, block, returned[block] + 1);
    }

    int blocks() {
        return lent.length;
    }

    /** Arrival side: how many records were lent in this block since it was last free; some may have left. */
    int loans(int block) {
        return noted[block];
    }

    int lane(int block, int loan) {
        return lanes[block * loansPerBlock + loan];
    }

    long position(int block, int loan) {
        return positions[block * loansPerBlock + loan];
    }

    private int block(long offset) {
        return (int) (offset >>> shift);
    }
}
