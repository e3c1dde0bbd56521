package org.secondsite.buffer;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * One lane's records in chunks of the pool. See {@link EpochBuffer} for the picture.
 *
 * <p>The room for a frame is always taken from the pool, but a frame that is lent stays in the port's memory: its room
 * holds only where that is, until {@link #moveToPool} copies the frame after all. So nothing that was accepted can
 * fail for want of room later.
 *
 * <p>Positions are counted in bytes from the lane's beginning and only grow. {@code tail} and {@code limit} are
 * written by the arrival side, {@code head} by the release side; {@link #discardAll} needs both sides quiet.
 */
final class RecordStream {
    /** Bytes before each frame: its length and its tag, 32 bits each. A header never crosses the end of a chunk. */
    static final int HEADER_BYTES = 8;

    /** In the length of a record: its frame is lent, and the first 8 bytes of its room are the offset there. */
    private static final int LENT = 1 << 31;

    /** A frame must be this long to be lent: the offset needs the room. */
    static final int LEAST_LENT_BYTES = 8;

    private final int lane;
    private final ChunkPool pool;
    private final MemorySegment memory;
    private final LentBlocks lent;
    private final int shift;
    private final int chunkBytes;

    /** Chunk by sequence: position p lies in {@code chunks[(p >>> shift) & mask]}. */
    private final int[] chunks;

    private final int mask;
    /** The positions before this one have, or had, a chunk. */
    private long chunkedEnd;

    /** Records that were lent, without those that were taken back: arrival side. */
    private long loansMade;

    /** Of these, how many have left: release side. */
    private long loansReturned;

    private final Tally tail = new Tally();
    private final Tally limit = new Tally();
    private final Tally head = new Tally();

    RecordStream(int lane, ChunkPool pool, BufferLimits limits, LentBlocks lent) {
        this.lane = lane;
        this.pool = pool;
        this.lent = lent;
        memory = pool.memory();
        shift = pool.chunkShift();
        chunkBytes = 1 << shift;
        chunks = new int[Integer.highestOneBit(limits.perVmChunks()) << 1];
        mask = chunks.length - 1;
    }

    /** What a frame of this length takes from the quota. */
    static long recordBytes(int frameBytes) {
        return HEADER_BYTES + ((frameBytes + 7L) & ~7L);
    }

    /** Any thread; {@code head} is read first, so that the difference is never negative. */
    long heldBytes() {
        long from = head.get();
        return tail.get() - from;
    }

    long tail() {
        return tail.get();
    }

    long head() {
        return head.get();
    }

    long limit() {
        return limit.get();
    }

    /** Arrival side: appends a record. Returns false when the pool has no chunk for it; nothing is appended then. */
    boolean append(MemorySegment source, long offset, int bytes, int tag) {
        long at = tail.get();
        long end = at + recordBytes(bytes);
        if (!reserve(end)) {
            return false;
        }
        long header = address(at);
        memory.set(JAVA_INT, header, bytes);
        memory.set(JAVA_INT, header + 4, tag);
        copy(source, offset, bytes, at + HEADER_BYTES);
        tail.set(end);
        return true;
    }

    /** Arrival side: the same for a frame that stays where it is, in the lent memory. */
    boolean appendLent(long offset, int bytes, int tag) {
        long at = tail.get();
        long end = at + recordBytes(bytes);
        if (!reserve(end)) {
            return false;
        }
        long header = address(at);
        memory.set(JAVA_INT, header, bytes | LENT);
        memory.set(JAVA_INT, header + 4, tag);
        memory.set(JAVA_LONG, address(at + HEADER_BYTES), offset);
        lent.lend(offset, lane, at);
        loansMade++;
        tail.set(end);
        return true;
    }

    /**
     * Copies the frame of a lent record into the room that it has had all along. The release side must not see the
     * record meanwhile: it lies at or behind the limit, or that side is kept out.
     */
    void moveToPool(long position) {
        long offset = lentOffsetAt(position);
        int bytes = bytesAt(position);
        copy(lent.memory(), offset, bytes, position + HEADER_BYTES);
        memory.set(JAVA_INT, address(position), bytes);
        takeBack(offset);
    }

    private void takeBack(long offset) {
        lent.takeBack(offset);
        loansMade--;
    }

    private boolean reserve(long end) {
        while (chunkedEnd < end) {
            int chunk = pool.take(lane);
            if (chunk < 0) {
                return false;
            }
            chunks[(int) (chunkedEnd >>> shift) & mask] = chunk;
            chunkedEnd += chunkBytes;
        }
        return true;
    }

    private void copy(MemorySegment source, long offset, int bytes, long position) {
        long to = position;
        long from = offset;
        int left = bytes;
        while (left > 0) {
            int piece = Math.min(left, roomAt(to));
            MemorySegment.copy(source, from, memory, address(to), piece);
            to += piece;
            from += piece;
            left -= piece;
        }
    }

    /** Arrival side: records that end here or before may leave. */
    void allowUpTo(long position) {
        limit.set(position);
    }

    /** Release side: passes over the record at the head, and returns the length of its frame. */
    int advance() {
        long from = head.get();
        int bytes = bytesAt(from);
        if (isLent(from)) {
            lent.giveBack(lentOffsetAt(from));
            loansReturned++;
        }
        long end = from + recordBytes(bytes);
        for (long sequence = from >>> shift; sequence < end >>> shift; sequence++) {
            pool.giveBack(lane, chunks[(int) sequence & mask]);
        }
        head.set(end);
        return bytes;
    }

    /** Both sides quiet: forgets every record, takes back what is lent, and gives every chunk back. */
    void discardAll() {
        for (int block = 0; block < lent.blocks() && loansMade > loansReturned; block++) {
            for (int loan = 0; loan < lent.loans(block); loan++) {
                long position = lent.position(block, loan);
                if (lent.lane(block, loan) == lane && position >= head.get() && isLent(position)) {
                    takeBack(lentOffsetAt(position));
                }
            }
        }
        for (long sequence = head.get() >>> shift; sequence < chunkedEnd >>> shift; sequence++) {
            pool.giveBack(lane, chunks[(int) sequence & mask]);
        }
        long end = chunkedEnd;
        limit.set(end);
        // Tail before head: a reader in between sees too much held, never less than nothing.
        tail.set(end);
        head.set(end);
    }

    int bytesAt(long position) {
        return memory.get(JAVA_INT, address(position)) & ~LENT;
    }

    boolean isLent(long position) {
        return memory.get(JAVA_INT, address(position)) < 0;
    }

    /** Of a lent record: where its frame is in the lent memory. */
    long lentOffsetAt(long position) {
        return memory.get(JAVA_LONG, address(position + HEADER_BYTES));
    }

    int tagAt(long position) {
        return memory.get(JAVA_INT, address(position) + 4);
    }

    /** Where in the pool a position of this lane lies. */
    long address(long position) {
        return ((long) chunks[(int) (position >>> shift) & mask] << shift) | (position & (chunkBytes - 1));
    }

    /** How many bytes there are from this position to the end of its chunk. */
    int roomAt(long position) {
        return chunkBytes - (int) (position & (chunkBytes - 1));
    }
}
