package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

/** A packet on its way through the buffer makes no garbage. */
class EpochBufferAllocationTest {
    private static final int EPOCHS = 16;
    private static final int PACKETS = 2000;
    private static final int BLOCK = 2048;
    private static final int WARM = 12;
    private static final int ROUNDS = 24;

    private long sum;
    private boolean stuck;

    @Test
    void arrivingSealingCommittingAndReleasingAllocateNothing() {
        EpochId[] ids = new EpochId[EPOCHS * ROUNDS];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = new EpochId(1, i + 1);
        }
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(2L * BLOCK, BLOCK);
            LentBlocks lent = new LentBlocks(frame, BLOCK, PACKETS);
            EpochBuffer buffer = new EpochBuffer(arena.allocate(16 << 20, 8), BufferLimits.perVm(4 << 20), 2, lent);
            ReleaseCursor cursor = buffer.cursor();
            buffer.hold(0, 1);
            buffer.hold(1, 1);
            for (int round = 0; round < WARM; round++) {
                run(buffer, cursor, lent, ids, round);
            }
            long thread = Thread.currentThread().threadId();
            long least = Long.MAX_VALUE;
            // A few bytes of the JVM's own, such as for a recompilation, may fall into a round; not into all of them.
            for (int round = WARM; round < ROUNDS; round++) {
                long before = threads.getThreadAllocatedBytes(thread);
                run(buffer, cursor, lent, ids, round);
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertFalse(stuck, "a block was not given back");
            assertEquals(0, least, "bytes allocated for " + 2 * EPOCHS * PACKETS + " packets, checksum " + sum);
        }
    }

    private void run(EpochBuffer buffer, ReleaseCursor cursor, LentBlocks lent, EpochId[] ids, int round) {
        for (int epoch = round * EPOCHS; epoch < (round + 1) * EPOCHS; epoch++) {
            for (int i = 0; i < PACKETS; i++) {
                buffer.arrive(0, lent.memory(), 0, 60 + (i * 37) % 1500, i, i);
                // Of the lent ones, half are moved to the pool and half are released from where they are.
                buffer.arriveLent(1, (i & 1L) * BLOCK, 60 + (i * 53) % 1500, i, i);
            }
            sum += buffer.moveUncommitted(0);
            for (int lane = 0; lane < 2; lane++) {
                buffer.seal(lane, ids[epoch]);
                buffer.commit(lane, ids[epoch]);
            }
            drain(buffer, cursor, 0);
            drain(buffer, cursor, 1);
            stuck |= !lent.free(0) || !lent.free(1);
        }
    }

    private void drain(EpochBuffer buffer, ReleaseCursor cursor, int lane) {
        int records = 0;
        cursor.start(lane);
        while (cursor.next()) {
            for (int at = 0; at < cursor.bytes(); at += cursor.piece(at)) {
                sum += cursor.offset(at);
            }
            records++;
        }
        buffer.released(lane, records);
    }
}
