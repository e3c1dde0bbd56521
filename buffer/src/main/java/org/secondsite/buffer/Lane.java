package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.secondsite.config.EpochId;

/**
 * One VM in the buffer: its state, its term, its sealed epochs and its figures around its {@link RecordStream}. See
 * {@link EpochBuffer} for who may call what.
 */
final class Lane {
    final RecordStream stream;
    private final long quotaBytes;
    private final int frameBytes;
    private final SealedEpochs sealed = new SealedEpochs();
    private PressureGauge gauge;

    /** Where the open epoch begins, and when its first packet came. */
    private long openFrom;

    private long openSinceNanos;

    // Written by commands on the arrival side only; volatile for those who read the figures.
    private volatile VmState state = VmState.CLOSED;
    private volatile long term;
    private volatile EpochId lastSealed = EpochId.NONE;
    private volatile EpochId lastCommitted = EpochId.NONE;
    private volatile EpochId oldestSealed = EpochId.NONE;
    private volatile int sealedEpochs;
    private volatile long oldestSealedNanos;

    /** When the first packet of the open epoch came; 0 when it has none. */
    private final Tally openedNanos = new Tally();

    private final Tally acceptedPackets = new Tally();
    private final Tally acceptedBytes = new Tally();
    private final Tally droppedClosed = new Tally();
    private final Tally droppedQuota = new Tally();
    private final Tally droppedPool = new Tally();
    private final Tally droppedSpoofed = new Tally();
    private final Tally closedBytes = new Tally();
    private final Tally quotaBytesDropped = new Tally();
    private final Tally poolBytesDropped = new Tally();
    private final Tally spoofedBytes = new Tally();
    private final Tally refusedCommands = new Tally();
    private final Tally discardedPackets = new Tally();
    private final Tally discardedBytes = new Tally();

    // Written by the release side.
    private final Tally releasedPackets = new Tally();
    private final Tally releasedBytes = new Tally();
    private final Tally unsendablePackets = new Tally();
    private final Tally unsendableBytes = new Tally();

    Lane(int index, ChunkPool pool, BufferLimits limits, LentBlocks lent) {
        stream = new RecordStream(index, pool, limits, lent);
        quotaBytes = limits.perVmBytes();
        frameBytes = limits.frameBytes();
        gauge = new PressureGauge(quotaBytes);
    }

    /** The frame is copied. */
    Arrival arrive(MemorySegment source, long offset, int bytes, int tag, long nowNanos) {
        if (!mayCome(bytes)) {
            return refusal(bytes);
        }
        boolean first = stream.tail() == openFrom;
        boolean appended = bytes <= frameBytes && stream.append(source, offset, bytes, tag);
        return appended ? accepted(bytes, first, nowNanos) : noRoom(bytes);
    }

    /** The frame stays where it is, in the lent memory. */
    Arrival arriveLent(long offset, int bytes, int tag, long nowNanos) {
        if (!mayCome(bytes)) {
            return refusal(bytes);
        }
        boolean first = stream.tail() == openFrom;
        boolean appended = bytes <= frameBytes && stream.appendLent(offset, bytes, tag);
        return appended ? accepted(bytes, first, nowNanos) : noRoom(bytes);
    }

    private boolean mayCome(int bytes) {
        return state != VmState.CLOSED && stream.heldBytes() + RecordStream.recordBytes(bytes) <= quotaBytes;
    }

    private Arrival refusal(int bytes) {
        if (state == VmState.CLOSED) {
            closedBytes.add(bytes);
            droppedClosed.add(1);
            return Arrival.CLOSED;
        }
        quotaBytesDropped.add(bytes);
        droppedQuota.add(1);
        return Arrival.OVER_QUOTA;
    }

    private Arrival noRoom(int bytes) {
        poolBytesDropped.add(bytes);
        droppedPool.add(1);
        return Arrival.NO_ROOM;
    }

    private Arrival accepted(int bytes, boolean first, long nowNanos) {
        acceptedBytes.add(bytes);
        acceptedPackets.add(1);
        if (state == VmState.PASS) {
            openFrom = stream.tail();
            stream.allowUpTo(openFrom);
            return Arrival.PASSED;
        }
        if (first) {
            openSinceNanos = nowNanos;
            openedNanos.set(nowNanos);
        }
        return Arrival.HELD;
    }

    void spoofed(int bytes) {
        spoofedBytes.add(bytes);
        droppedSpoofed.add(1);
    }

    boolean hold(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        if (state != VmState.HOLD) {
            openFrom = stream.tail();
        }
        state = VmState.HOLD;
        return true;
    }

    boolean pass(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        state = VmState.PASS;
        sealed.clear();
        openFrom = stream.tail();
        openedNanos.set(0);
        showSealed();
        stream.allowUpTo(openFrom);
        return true;
    }

    boolean seal(EpochId epoch) {
        if (!admitted(epoch.term())) {
            return false;
        }
        if (epoch.atMost(lastSealed)) {
            refusedCommands.add(1);
            return false;
        }
        if (state == VmState.HOLD) {
            sealed.add(epoch, stream.tail(), openSinceNanos);
            openFrom = stream.tail();
            openedNanos.set(0);
            showSealed();
        }
        lastSealed = epoch;
        return true;
    }

    boolean commit(EpochId upTo) {
        if (!admitted(upTo.term())) {
            return false;
        }
        long end = sealed.removeUpTo(upTo);
        if (end >= 0) {
            stream.allowUpTo(end);
            lastCommitted = sealed.lastRemoved();
            showSealed();
        }
        return true;
    }

    /** Both sides quiet. */
    boolean fence(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        shut();
        return true;
    }

    /** Both sides quiet. */
    void shut() {
        state = VmState.CLOSED;
        sealed.clear();
        showSealed();
        long packets = heldPackets();
        long bytes = heldBytes();
        stream.discardAll();
        openFrom = stream.tail();
        openedNanos.set(0);
        discardedPackets.add(packets);
        discardedBytes.add(bytes);
    }

    /** Both sides quiet: it is another VM's now, of whom nothing is known. */
    void renew() {
        shut();
        term = 0;
        lastSealed = EpochId.NONE;
        lastCommitted = EpochId.NONE;
        gauge = new PressureGauge(quotaBytes);
        for (Tally figure : List.of(
                acceptedPackets,
                acceptedBytes,
                droppedClosed,
                droppedQuota,
                droppedPool,
                droppedSpoofed,
                closedBytes,
                quotaBytesDropped,
                poolBytesDropped,
                spoofedBytes,
                refusedCommands,
                discardedPackets,
                discardedBytes,
                releasedPackets,
                releasedBytes,
                unsendablePackets,
                unsendableBytes)) {
            figure.set(0);
        }
    }

    /** Release side: the record at the head has left. */
    void released() {
        int bytes = stream.advance();
        releasedBytes.add(bytes);
        releasedPackets.add(1);
    }

    /** Release side: the way out will never take the record at the head. */
    void unsendable() {
        int bytes = stream.advance();
        unsendableBytes.add(bytes);
        unsendablePackets.add(1);
    }

    boolean pressureChanged() {
        return gauge.look(stream.heldBytes(), droppedQuota.get() + droppedPool.get());
    }

    Pressure pressure() {
        return gauge.level();
    }

    VmState state() {
        return state;
    }

    /** Arrival side: when the oldest held packet came; {@code nowNanos} when none is held. */
    long oldestNanos(long nowNanos) {
        long head = stream.head();
        if (head == stream.tail()) {
            return nowNanos;
        }
        return sealed.oldestNanos(head, stream.tail() > openFrom ? openSinceNanos : nowNanos);
    }

    /** Any thread. What left is read before what came, so that the difference is never negative. */
    private long heldPackets() {
        long gone = releasedPackets.get() + unsendablePackets.get() + discardedPackets.get();
        return acceptedPackets.get() - gone;
    }

    private long heldBytes() {
        long gone = releasedBytes.get() + unsendableBytes.get() + discardedBytes.get();
        return acceptedBytes.get() - gone;
    }

    /** Any thread: when the oldest packet came that waits for a commit; 0 when none waits. */
    private long waitingSinceNanos() {
        long inSealed = oldestSealedNanos;
        return inSealed != 0 ? inSealed : openedNanos.get();
    }

    VmCounters counters() {
        return new VmCounters(
                state,
                term,
                heldPackets(),
                heldBytes(),
                stream.heldBytes(),
                releasedPackets.get(),
                releasedBytes.get(),
                discardedPackets.get(),
                droppedClosed.get(),
                droppedQuota.get(),
                droppedPool.get(),
                droppedSpoofed.get(),
                unsendablePackets.get(),
                sealedEpochs,
                oldestSealed,
                lastSealed,
                lastCommitted,
                refusedCommands.get(),
                waitingSinceNanos(),
                new LostBytes(
                        discardedBytes.get(),
                        closedBytes.get(),
                        quotaBytesDropped.get(),
                        poolBytesDropped.get(),
                        spoofedBytes.get(),
                        unsendableBytes.get()));
    }

    /** NothingAfterFence: a command of a lower term than the highest seen changes nothing. */
    private boolean admitted(long byTerm) {
        if (byTerm < term) {
            refusedCommands.add(1);
            return false;
        }
        term = byTerm;
        return true;
    }

    private void showSealed() {
        oldestSealed = sealed.oldest();
        sealedEpochs = sealed.size();
        oldestSealedNanos = sealed.oldestNanos(stream.head(), 0);
    }
}
