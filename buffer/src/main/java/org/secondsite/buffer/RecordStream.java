package org.secondsite.buffer;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * One lane's records in chunks of the pool. See {@link EpochBuffer} for the picture.
 *
 * <p>Positions are counted in bytes from the lane's beginning and only grow. {@code tail} and {@code limit} are
 * written by the arrival side, {@code head} by the release side; {@link #discardAll} needs both sides quiet.
 */
final class RecordStream {
    /** Bytes before each frame: its length and its tag, 32 bits each. A header never crosses the end of a chunk. */
    static final int HEADER_BYTES = 8;

    private final int lane;
    private final ChunkPool pool;
    private final MemorySegment memory;
    private final int shift;
    private final int chunkBytes;

    /** Chunk by sequence: position p lies in {@code chunks[(p >>> shift) & mask]}. */
    private final int[] chunks;

    private final int mask;
    /** The positions before this one have, or had, a chunk. */
    private long chunkedEnd;

    private final Tally tail = new Tally();
    private final Tally limit = new Tally();
    private final Tally head = new Tally();

    RecordStream(int lane, ChunkPool pool, BufferLimits limits) {
        this.lane = lane;
        this.pool = pool;
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
        while (chunkedEnd < end) {
            int chunk = pool.take(lane);
            if (chunk < 0) {
                return false;
            }
            chunks[(int) (chunkedEnd >>> shift) & mask] = chunk;
            chunkedEnd += chunkBytes;
        }
        long header = address(at);
        memory.set(JAVA_INT, header, bytes);
        memory.set(JAVA_INT, header + 4, tag);
        long to = at + HEADER_BYTES;
        long from = offset;
        int left = bytes;
        while (left > 0) {
            int piece = Math.min(left, roomAt(to));
            MemorySegment.copy(source, from, memory, address(to), piece);
            to += piece;
            from += piece;
            left -= piece;
        }
        tail.set(end);
        return true;
    }

    /** Arrival side: records that end here or before may leave. */
    void allowUpTo(long position) {
        limit.set(position);
    }

    /** Release side: passes over the record at the head, and returns the length of its frame. */
    int advance() {
        long from = head.get();
        int bytes = bytesAt(from);
        long end = from + recordBytes(bytes);
        for (long sequence = from >>> shift; sequence < end >>> shift; sequence++) {
            pool.giveBack(lane, chunks[(int) sequence & mask]);
        }
        head.set(end);
        return bytes;
    }

    /** Both sides quiet: forgets every record and gives every chunk back. */
    void discardAll() {
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
        return memory.get(JAVA_INT, address(position));
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
