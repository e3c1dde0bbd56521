package org.secondsite.simulator;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.secondsite.buffer.Arrival;
import org.secondsite.buffer.BufferLimits;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.Histogram;
import org.secondsite.buffer.ReleaseCursor;
import org.secondsite.buffer.VmState;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * The real epoch buffer of one VM without ports. A frame is its lineage and its state, and some padding, so that records lie
 * across the ends of chunks and the quota is reached in a long silence of the standby.
 */
final class SimulatedDataPlane implements DataPlane {
    /** Gets what leaves. */
    interface Uplink {
        void leaves(int lineage, long state, SafetyChecks.Way way);
    }

    private static final int FRAME_LIMIT_BYTES = 1024;
    private static final int QUOTA_BYTES = 64 << 10;
    private static final BufferLimits LIMITS = new BufferLimits(4 << 10, QUOTA_BYTES, FRAME_LIMIT_BYTES);
    private static final int POOL_BYTES = QUOTA_BYTES + (16 << 10);

    private final World world;
    private final Uplink uplink;
    private final DataPlaneListener listener;
    private final MemorySegment arriving = MemorySegment.ofArray(new long[FRAME_LIMIT_BYTES / Long.BYTES]);
    private final EpochBuffer buffer =
            new EpochBuffer(MemorySegment.ofArray(new long[POOL_BYTES / Long.BYTES]), LIMITS, 1);
    private final ReleaseCursor cursor = buffer.cursor();
    private int lastLineage;
    private long lastState;
    private boolean dying;
    private long neglectedHoldTerm;

    private long aliveNanos;
    private long harmlessNanos = Long.MAX_VALUE;
    private long standstills;
    private long openedAfter;
    private long suspended;
    private long resumed;

    SimulatedDataPlane(World world, Uplink uplink, DataPlaneListener listener) {
        this.world = world;
        this.uplink = uplink;
        this.listener = listener;
        aliveNanos = world.time().nowNanos();
    }

    /** A frame that the VM sends. */
    void fromVm(int lineage, long state) {
        arriving.set(JAVA_LONG, 0, lineage);
        arriving.set(JAVA_LONG, Long.BYTES, state);
        int bytes = 64 + (int) (state * 40 % 600);
        if (buffer.arrive(0, arriving, 0, bytes, 0, 0) == Arrival.PASSED) {
            release();
        }
    }

    @Override
    public void hold(VmId vm, long term) {
        if (world.has(Plant.NO_GATE_BEFORE_ASKING)) {
            neglectedHoldTerm = term;
        } else {
            buffer.hold(0, term);
        }
    }

    /** The admission of a standby was granted. */
    void admitted() {
        if (neglectedHoldTerm != 0) {
            buffer.hold(0, neglectedHoldTerm);
            neglectedHoldTerm = 0;
        }
    }

    /** The VM is not told from others any more, and begins anew when it is: no doubt of before is about it. */
    void dismisses() {
        buffer.renew(0);
        resumed = suspended;
        openedAfter = standstills;
    }

    @Override
    public void pass(VmId vm, long term) {
        neglectedHoldTerm = 0;
        boolean held = holds();
        if (buffer.pass(0, term)) {
            if (held && lastState > 0 && world.has(Plant.DUPLICATE_RELEASE)) {
                uplink.leaves(lastLineage, lastState, way());
            }
            release();
        }
    }

    @Override
    public void seal(VmId vm, EpochId epoch, Runnable sealed) {
        buffer.seal(0, epoch);
        if (world.has(Plant.RELEASE_ON_SEAL) && buffer.commit(0, epoch)) {
            release();
        }
        sealed.run();
    }

    @Override
    public void commit(VmId vm, EpochId upTo) {
        if (buffer.commit(0, upTo)) {
            release();
        }
    }

    @Override
    public void fence(VmId vm, long term, Runnable fenced) {
        neglectedHoldTerm = 0;
        buffer.fence(0, term);
        fenced.run();
    }

    @Override
    public void noticeStandstill(long nanos) {
        harmlessNanos = nanos;
    }

    @Override
    public void releaseAgain(VmId vm, long standstill) {
        openedAfter = Math.max(openedAfter, standstill);
        release();
    }

    @Override
    public void suspend(VmId vm, long doubt) {
        suspended = Math.max(suspended, doubt);
    }

    @Override
    public void resume(VmId vm, long doubt) {
        resumed = Math.max(resumed, doubt);
        release();
    }

    /** The thread has a turn now. */
    void turn() {
        noteGap();
        aliveNanos = world.time().nowNanos();
    }

    /** Its thread counts on the machine's clock, of which the faults of clocks are none. */
    private void noteGap() {
        long gapNanos = world.time().nowNanos() - aliveNanos;
        if (gapNanos > harmlessNanos && !world.has(Plant.STANDSTILL_NOT_NOTICED)) {
            aliveNanos = world.time().nowNanos();
            standstills++;
            listener.stoodStill(standstills, gapNanos);
        }
    }

    boolean holds() {
        return buffer.state(0) == VmState.HOLD;
    }

    @Override
    public DataPlaneCounters counters() {
        Histogram.Summary none = Histogram.Summary.EMPTY;
        return new DataPlaneCounters(
                Map.of(World.VM, buffer.counters(0)),
                0,
                0,
                0,
                buffer.poolBytes(),
                buffer.poolFreeBytes(),
                none,
                none,
                none);
    }

    @Override
    public void close() {
        dying = true;
        if (world.has(Plant.FLUSH_ON_CLOSE) && buffer.pass(0, Long.MAX_VALUE)) {
            release();
        }
        buffer.close();
        release();
    }

    private SafetyChecks.Way way() {
        if (dying) {
            return SafetyChecks.Way.DYING;
        }
        return holds() ? SafetyChecks.Way.HELD : SafetyChecks.Way.UNHELD;
    }

    private void release() {
        noteGap();
        if (openedAfter < standstills || resumed < suspended) {
            return;
        }
        cursor.start(0);
        while (cursor.next()) {
            // Frames begin at multiples of eight, so neither number lies across the end of a chunk.
            lastLineage = (int) cursor.memory().get(JAVA_LONG, cursor.offset(0));
            lastState = cursor.memory().get(JAVA_LONG, cursor.offset(Long.BYTES));
            buffer.released(0, 1);
            uplink.leaves(lastLineage, lastState, way());
        }
    }

    /** No simulated data plane has threads that could fail. */
    @SuppressWarnings("DoNotCallSuggester") // a listener for what cannot happen
    static void defect(Throwable cause) {
        throw new AssertionError(cause);
    }
}
