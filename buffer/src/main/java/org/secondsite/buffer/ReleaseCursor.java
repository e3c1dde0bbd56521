package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;

/**
 * Walks the releasable records of a lane, oldest first, without taking them: the release side sends what the cursor
 * shows and then tells {@link EpochBuffer#released} how many have left.
 *
 * <p>A frame lies in one piece, or in several where it runs over the end of a chunk. Reused for every walk; never
 * allocates.
 */
public final class ReleaseCursor {
    private final EpochBuffer buffer;
    private RecordStream stream;
    private long next;
    private long limit;
    private long frame;
    private int bytes;
    private int tag;
    private boolean lent;
    private long lentOffset;

    ReleaseCursor(EpochBuffer buffer) {
        this.buffer = buffer;
        stream = buffer.stream(0);
    }

    /** Goes before the oldest record of a lane. What becomes releasable afterwards is not shown by this walk. */
    public void start(int lane) {
        stream = buffer.stream(lane);
        // Head first: limit may only have grown since.
        next = stream.head();
        limit = stream.limit();
    }

    /** Goes to the next record. False when there is none. */
    public boolean next() {
        if (next >= limit) {
            return false;
        }
        bytes = stream.bytesAt(next);
        tag = stream.tagAt(next);
        frame = next + RecordStream.HEADER_BYTES;
        lent = stream.isLent(next);
        if (lent) {
            lentOffset = stream.lentOffsetAt(next);
        }
        next += RecordStream.recordBytes(bytes);
        return true;
    }

    /** The length of the frame. */
    public int bytes() {
        return bytes;
    }

    /** The tag that it arrived with. */
    public int tag() {
        return tag;
    }

    /** The memory that the frame is in. */
    public MemorySegment memory() {
        return lent ? buffer.lentMemory() : buffer.memory();
    }

    /** Where byte {@code from} of the frame lies in {@link #memory()}. */
    public long offset(int from) {
        return lent ? lentOffset + from : stream.address(frame + from);
    }

    /** How many bytes of the frame, from byte {@code from} on, lie together there; 0 at its end. */
    public int piece(int from) {
        return lent ? bytes - from : Math.min(bytes - from, stream.roomAt(frame + from));
    }
}
