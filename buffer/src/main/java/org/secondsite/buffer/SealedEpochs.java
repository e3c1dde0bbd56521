package org.secondsite.buffer;

import java.util.Arrays;
import org.secondsite.config.EpochId;

/**
 * The sealed epochs of one VM that wait for a commit: a queue of (id, end position, time of the oldest packet). Ids and
 * positions grow. It doubles when it is full, which is once per so many epochs and never per packet.
 */
final class SealedEpochs {
    private EpochId[] ids = new EpochId[16];
    private long[] ends = new long[16];
    private long[] sinceNanos = new long[16];
    private int first;
    private int size;
    private long removedEnd;
    private EpochId lastRemoved = EpochId.NONE;

    int size() {
        return size;
    }

    /** The oldest id; {@link EpochId#NONE} when there is none. */
    EpochId oldest() {
        return size == 0 ? EpochId.NONE : ids[first];
    }

    /** The arrival time of the oldest packet in the oldest epoch that has one; {@code otherwise} when all are empty. */
    long oldestNanos(long head, long otherwise) {
        long from = Math.max(head, removedEnd);
        for (int i = 0; i < size; i++) {
            int at = (first + i) & (ids.length - 1);
            if (ends[at] > from) {
                return sinceNanos[at];
            }
        }
        return otherwise;
    }

    void add(EpochId id, long end, long oldestNanos) {
        if (size == ids.length) {
            grow();
        }
        int at = (first + size) & (ids.length - 1);
        ids[at] = id;
        ends[at] = end;
        sinceNanos[at] = oldestNanos;
        size++;
    }

    /** The id that the last {@link #removeUpTo} removed last. */
    EpochId lastRemoved() {
        return lastRemoved;
    }

    /**
     * Removes every epoch up to and including {@code upTo}.
     *
     * @return where the last of them ends; -1 when there was none
     */
    long removeUpTo(EpochId upTo) {
        long end = -1;
        while (size > 0 && ids[first].atMost(upTo)) {
            end = ends[first];
            lastRemoved = ids[first];
            removedEnd = end;
            ids[first] = null;
            first = (first + 1) & (ids.length - 1);
            size--;
        }
        return end;
    }

    void clear() {
        Arrays.fill(ids, null);
        first = 0;
        size = 0;
    }

    private void grow() {
        int old = ids.length;
        EpochId[] moreIds = new EpochId[old * 2];
        long[] moreEnds = new long[old * 2];
        long[] moreSince = new long[old * 2];
        for (int i = 0; i < size; i++) {
            int at = (first + i) & (old - 1);
            moreIds[i] = ids[at];
            moreEnds[i] = ends[at];
            moreSince[i] = sinceNanos[at];
        }
        ids = moreIds;
        ends = moreEnds;
        sinceNanos = moreSince;
        first = 0;
    }
}
