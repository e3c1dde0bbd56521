package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;
import org.secondsite.config.EpochId;

/**
 * Packets that wait for their epoch: the pure core of the data plane.
 *
 * <h2>The idea</h2>
 *
 * A protected VM must not be heard by anybody outside before the state that made it speak is safe at the other site.
 * So its packets are appended to a lane, and a lane's packets leave only up to a position that a commit has set.
 * Sealing an epoch remembers the position of that moment under the epoch's id; committing it moves the limit there.
 * Nothing else moves the limit while a VM is held: there is no timer in this class, and no clock.
 *
 * <h2>Invariants</h2>
 *
 * <ul>
 *   <li><b>ReleasedIsCommitted</b>: in HOLD, {@code limit} is the end of a sealed epoch whose commit has been given,
 *   or where output stood when HOLD began. Records at or behind {@code limit} are not shown to the release side.
 *   <li><b>NothingAfterFence</b>: a fence empties the lane, committed records included, and closes it; a command with
 *   a term below the highest seen changes nothing.
 *   <li><b>FailClosed</b>: a lane begins CLOSED, and {@link #close} discards. No path leads from an end of this
 *   object to a release.
 *   <li>Order: a lane is a queue. Records leave in the order in which they arrived, each at most once.
 *   <li>{@code head <= limit <= tail}, and {@code tail - head <= perVmBytes}.
 * </ul>
 *
 * <h2>Memory</h2>
 *
 * One preallocated segment (off-heap), cut into chunks. A lane takes chunks from the pool at its tail and gives them
 * back at its head; a record may run over the end of a chunk into the next, so no memory is lost to large frames.
 * Positions count bytes since the lane's beginning and never wrap; an epoch is a range of positions, so sealing and
 * committing cost the same for one packet as for a million, and a fence costs one step per chunk and loan.
 *
 * <pre>
 *   lane      epoch 7/1 (committed)     epoch 7/2 (sealed)         open epoch
 *         ----+-----------+-----------+------------------------+------------------+----
 *             |released   |to be sent |        held            |      held        |
 *         ----+-----------+-----------+------------------------+------------------+----
 *                       head        limit                 end of 7/2            tail
 *                         :                                                       :
 *   chunks      [ #12 : .....][ #3 ............][ #4 ............][ #40 ..........:  ]
 *
 *   record      0        4        8                       8 + length      next multiple of 8
 *              +--------+--------+-----------------------+----------------+
 *              | length |  tag   | frame as the port     | padding        |
 *              | int32  | int32  | delivers and takes it |                |
 *              +--------+--------+-----------------------+----------------+
 * </pre>
 *
 * The tag is the caller's; ports use it to say which way a released frame takes.
 *
 * <p><b>Lent frames.</b> A large frame need not be copied: it may stay in the port's memory ({@link LentBlocks}), and
 * its record says where. The record takes the same room, from quota and pool, as if the frame were in it. When the port
 * runs short of memory, because a VM's commit is long in coming, the arrival side copies what is not committed into
 * that room ({@link #moveUncommitted}), which therefore cannot fail, and the port has its memory back: how long one VM
 * waits never takes the port away from the others.
 *
 * <pre>
 *   lent        0                 4        8               16                8 + length, rounded up
 *              +-----------------+--------+---------------+------------------------+
 *              | length | 1 << 31|  tag   | offset, int64 | room for the frame     |
 *              +-----------------+--------+---------------+------------------------+
 * </pre>
 *
 * <h2>Threads</h2>
 *
 * Two sides, each of one thread, and both may be the same thread. The <em>arrival side</em> appends and gives the
 * commands; it writes {@code tail} and {@code limit}. The <em>release side</em> reads records below {@code limit} and
 * writes {@code head}. They share nothing else but single-writer numbers and the ring of chunks that come back, so
 * neither waits for the other. A lent record behind {@code limit} is the arrival side's alone, so it is moved without a
 * lock. {@link #fence}, {@link #close} and {@link #moveAll} touch both ends of a lane: call them on the arrival side
 * while the release side is kept out by a lock. {@link #counters} and {@link #heldMemoryBytes} may be called by
 * any thread.
 *
 * <h2>Back-pressure</h2>
 *
 * A record takes {@code 8 + length rounded up to 8} bytes of its VM's quota. A VM that sends r bytes/s under an
 * interval of T s while commits take C s holds about r·(T + C): half an interval's packets in the open epoch on
 * average, all of one just sealed, and those on their way. With 1 Gb/s, T = 25 ms and C = 100 ms that is 16 MB. When
 * the quota nears its end, the conductor is told to checkpoint sooner (that shortens T), then to keep the VM paused
 * (that stops r). Past the quota the newest packet is dropped and counted, which a sender's congestion control
 * understands; never the oldest, never one from the middle, and a full lane never releases anything. The pool
 * guarantees each lane a share ({@code ChunkPool}), so one VM that floods takes nothing from the others.
 *
 * <h2>Failure</h2>
 *
 * <pre>
 *   what                                what happens
 *   ----------------------------------  -----------------------------------------------------------
 *   quota or pool used up               the arriving packet is dropped and counted
 *   frame longer than the limit         dropped and counted
 *   commit never comes                  packets wait; nothing expires
 *   commit of an unknown, later epoch   releases what is sealed up to it; what is sealed afterwards waits
 *   seal twice, or out of order         refused; packets stay in the open epoch
 *   stale term                          refused and counted
 *   process ends, or close()            everything held is gone; nothing was sent
 *   release side stuck                  quota fills, newest dropped; a fence still empties the lane
 *   port short of memory                lent frames move to the pool, where their room is
 * </pre>
 */
public final class EpochBuffer implements AutoCloseable {
    private final ChunkPool pool;
    private final LentBlocks lent;
    private final Lane[] lanes;
    private volatile int used;

    /**
     * An empty buffer with every lane CLOSED.
     *
     * @param memory the pool; the caller keeps it alive as long as this object is used
     * @param lanes the number of VMs, at least 1 together with the spare ones; they are called 0 to {@code lanes - 1} here
     * @throws IllegalArgumentException if the pool cannot guarantee each lane one longest frame
     */
    public EpochBuffer(MemorySegment memory, BufferLimits limits, int lanes) {
        this(memory, limits, lanes, LentBlocks.NONE);
    }

    /** The same, for a port in whose memory frames may stay. */
    public EpochBuffer(MemorySegment memory, BufferLimits limits, int lanes, LentBlocks lent) {
        this(memory, limits, lanes, 0, lent);
    }

    /**
     * The same, with room for more VMs later.
     *
     * @param spare how many lanes can come to be used by {@link #renew}
     */
    public EpochBuffer(MemorySegment memory, BufferLimits limits, int lanes, int spare, LentBlocks lent) {
        if (lanes < 0 || lanes + spare < 1) {
            throw new IllegalArgumentException("a buffer needs at least one lane, if only a spare one");
        }
        pool = new ChunkPool(memory, limits, lanes + spare, lanes);
        this.lent = lent;
        used = lanes;
        this.lanes = new Lane[lanes + spare];
        for (int i = 0; i < this.lanes.length; i++) {
            this.lanes[i] = new Lane(i, pool, limits, lent);
        }
    }

    /** The number of lanes that are used. Any thread. */
    public int lanes() {
        return used;
    }

    /** The most lanes that can be used. */
    public int capacity() {
        return lanes.length;
    }

    /** Whether the pool can guarantee so many lanes one longest frame, and there are so many. */
    public boolean suits(int count) {
        return count <= lanes.length && pool.suits(count);
    }

    /** The pool: the memory that frames are copied to. */
    MemorySegment memory() {
        return pool.memory();
    }

    /** The memory that lent frames are in. */
    MemorySegment lentMemory() {
        return lent.memory();
    }

    // ---- arrival side

    /**
     * A packet of a VM has arrived. It is copied.
     *
     * @param source where it is
     * @param offset its first byte in {@code source}
     * @param bytes its length, at least 1
     * @param tag kept with it
     * @param nowNanos any monotonic time, for {@link #oldestNanos}
     */
    public Arrival arrive(int lane, MemorySegment source, long offset, int bytes, int tag, long nowNanos) {
        return lanes[lane].arrive(source, offset, bytes, tag, nowNanos);
    }

    /**
     * The same for a packet in the lent memory, which stays there: its block must not be used for anything else until
     * {@link LentBlocks#free} says so. It is copied all the same when its block has no room for another loan.
     *
     * @param offset its first byte in the lent memory
     */
    public Arrival arriveLent(int lane, long offset, int bytes, int tag, long nowNanos) {
        if (bytes < RecordStream.LEAST_LENT_BYTES || !lent.hasRoom(offset)) {
            return arrive(lane, lent.memory(), offset, bytes, tag, nowNanos);
        }
        return lanes[lane].arriveLent(offset, bytes, tag, nowNanos);
    }

    /**
     * Copies the packets of a block that are not committed into the pool, where they have had their room all along.
     *
     * @return how many packets still need the block, because they are on their way out
     */
    public int moveUncommitted(int block) {
        int leaving = 0;
        for (int loan = 0; loan < lent.loans(block); loan++) {
            RecordStream stream = lanes[lent.lane(block, loan)].stream;
            long position = lent.position(block, loan);
            // Behind the limit it is this side's alone. Before it, only the head tells whether it is still there.
            if (position >= stream.limit()) {
                if (stream.isLent(position)) {
                    stream.moveToPool(position);
                }
            } else if (position >= stream.head()) {
                leaving++;
            }
        }
        return leaving;
    }

    /** Counts a packet that was dropped because its source address is not the VM's. */
    public void spoofed(int lane, int bytes) {
        lanes[lane].spoofed(bytes);
    }

    /** {@link DataPlane#hold}. Returns false if it was refused. */
    public boolean hold(int lane, long term) {
        return lanes[lane].hold(term);
    }

    /** {@link DataPlane#pass}. Returns false if it was refused. */
    public boolean pass(int lane, long term) {
        return lanes[lane].pass(term);
    }

    /** {@link DataPlane#seal}. Returns false if it was refused: the packets stay in the open epoch. */
    public boolean seal(int lane, EpochId epoch) {
        return lanes[lane].seal(epoch);
    }

    /** {@link DataPlane#commit}. Returns false if it was refused. */
    public boolean commit(int lane, EpochId upTo) {
        return lanes[lane].commit(upTo);
    }

    /** What happens to the VM's packets now. Any thread. */
    public VmState state(int lane) {
        return lanes[lane].state();
    }

    /** When the oldest packet arrived that has not left; {@code nowNanos} when there is none. */
    public long oldestNanos(int lane, long nowNanos) {
        return lanes[lane].oldestNanos(nowNanos);
    }

    /** Looks at the lane's fill level; returns whether its {@link #pressure} has changed since the last look. */
    public boolean pressureChanged(int lane) {
        return lanes[lane].pressureChanged();
    }

    /** The pressure that the last look found. */
    public Pressure pressure(int lane) {
        return lanes[lane].pressure();
    }

    // ---- both sides quiet

    /**
     * {@link DataPlane#fence}, on the arrival side while the release side is kept out. Returns false if it was
     * refused.
     */
    public boolean fence(int lane, long term) {
        return lanes[lane].fence(term);
    }

    /**
     * Discards what a lane holds, and forgets whose it was; it is used from now on, CLOSED. On the arrival side while the release side
     * is kept out.
     */
    public void renew(int lane) {
        lanes[lane].renew();
        if (lane >= used) {
            used = lane + 1;
            pool.guarantee(used);
        }
    }

    /** {@link #moveUncommitted}, and those on their way out as well, while the release side is kept out. */
    public void moveAll(int block) {
        for (int loan = 0; loan < lent.loans(block); loan++) {
            RecordStream stream = lanes[lent.lane(block, loan)].stream;
            long position = lent.position(block, loan);
            if (position >= stream.head() && stream.isLent(position)) {
                stream.moveToPool(position);
            }
        }
    }

    /** Discards everything held and closes every lane. Never flushes. Both sides quiet. */
    @Override
    public void close() {
        for (Lane lane : lanes) {
            lane.shut();
        }
    }

    // ---- release side

    /** Whether a record of the lane may leave. */
    public boolean releasable(int lane) {
        RecordStream stream = lanes[lane].stream;
        return stream.head() < stream.limit();
    }

    /** A cursor over releasable records. One is enough for the release side's life. */
    public ReleaseCursor cursor() {
        return new ReleaseCursor(this);
    }

    /** The oldest {@code records} of a lane, all of which a cursor has shown, have left. */
    public void released(int lane, int records) {
        for (int i = 0; i < records; i++) {
            lanes[lane].released();
        }
    }

    /** The oldest record of a lane, which a cursor has shown, can never leave: it is dropped and counted. */
    public void unsendable(int lane) {
        lanes[lane].unsendable();
    }

    RecordStream stream(int lane) {
        return lanes[lane].stream;
    }

    // ---- any thread

    /** What the lane takes of its quota. */
    public long heldMemoryBytes(int lane) {
        return lanes[lane].stream.heldBytes();
    }

    /** The lane's figures. */
    public VmCounters counters(int lane) {
        return lanes[lane].counters();
    }

    /** The pool's size in bytes. */
    public long poolBytes() {
        return pool.bytes();
    }

    /** What no lane has taken of the pool, in bytes. */
    public long poolFreeBytes() {
        return pool.freeBytes();
    }
}
