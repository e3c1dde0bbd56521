package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class EpochBufferTest {
    private static final int CHUNK = 4096;

    private final Arena arena = Arena.ofConfined();
    private EpochBuffer buffer = buffer(1, 64 << 10, 256 << 10);

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void releasedIsCommitted() {
        buffer.hold(0, 7);
        arrive(0, 1);
        arrive(0, 2);
        assertTrue(buffer.seal(0, new EpochId(7, 1)));
        arrive(0, 3);
        assertEquals(List.of(), drain(0));
        assertTrue(buffer.commit(0, new EpochId(7, 1)));
        assertEquals(List.of(1, 2), drain(0));
        assertTrue(buffer.commit(0, new EpochId(7, 9)));
        assertEquals(List.of(), drain(0), "the open epoch is not sealed yet");
        assertTrue(buffer.seal(0, new EpochId(7, 2)));
        assertEquals(List.of(), drain(0), "a commit that came before the seal says nothing about it");
        buffer.commit(0, new EpochId(7, 2));
        assertEquals(List.of(3), drain(0));
    }

    @Test
    void commitReleasesAllEpochsUpToItInOrder() {
        buffer.hold(0, 1);
        for (int epoch = 1; epoch <= 40; epoch++) {
            arrive(0, epoch);
            buffer.seal(0, new EpochId(1, epoch));
        }
        buffer.commit(0, new EpochId(1, 38));
        assertEquals(38, drain(0).size());
        assertEquals(new EpochId(1, 39), buffer.counters(0).oldestSealed());
    }

    @Test
    void nothingAfterFence() {
        buffer.hold(0, 7);
        arrive(0, 1);
        buffer.seal(0, new EpochId(7, 1));
        buffer.commit(0, new EpochId(7, 1));
        assertTrue(buffer.fence(0, 8));
        assertEquals(List.of(), drain(0), "committed, but not sent in time");
        assertEquals(Arrival.CLOSED, arrive(0, 2));
        assertFalse(buffer.hold(0, 7));
        assertFalse(buffer.pass(0, 7));
        assertFalse(buffer.seal(0, new EpochId(7, 2)));
        assertFalse(buffer.commit(0, new EpochId(7, 2)));
        assertFalse(buffer.fence(0, 7));
        VmCounters counters = buffer.counters(0);
        assertEquals(VmState.CLOSED, counters.state());
        assertEquals(1, counters.discardedPackets());
        assertEquals(1, counters.droppedClosed());
        assertEquals(8, counters.lostBytes().discarded());
        assertEquals(8, counters.lostBytes().closed());
        assertEquals(5, counters.refusedCommands());
        assertEquals(0, counters.heldMemoryBytes());
    }

    @Test
    void failClosed() {
        assertEquals(Arrival.CLOSED, arrive(0, 1), "before the first command");
        buffer.hold(0, 1);
        arrive(0, 2);
        buffer.close();
        assertEquals(List.of(), drain(0));
        assertEquals(Arrival.CLOSED, arrive(0, 3));
        assertEquals(buffer.poolBytes(), buffer.poolFreeBytes());
    }

    @Test
    void passReleasesTheOpenEpochTooAndHoldKeepsWhatComesAfter() {
        buffer.hold(0, 1);
        arrive(0, 1);
        buffer.seal(0, new EpochId(1, 1));
        arrive(0, 2);
        buffer.pass(0, 2);
        assertEquals(Arrival.PASSED, arrive(0, 3));
        buffer.hold(0, 2);
        assertEquals(Arrival.HELD, arrive(0, 4));
        assertEquals(List.of(1, 2, 3), drain(0));
        buffer.hold(0, 3);
        assertEquals(1, buffer.counters(0).heldPackets(), "a second hold keeps what is held");
        buffer.seal(0, new EpochId(3, 1));
        buffer.commit(0, new EpochId(3, 1));
        assertEquals(List.of(4), drain(0));
    }

    @Test
    void sealThatDoesNotGrowLeavesPacketsInTheOpenEpoch() {
        buffer.hold(0, 2);
        arrive(0, 1);
        buffer.seal(0, new EpochId(2, 5));
        arrive(0, 2);
        assertFalse(buffer.seal(0, new EpochId(2, 5)));
        buffer.commit(0, new EpochId(2, 5));
        assertEquals(List.of(1), drain(0));
    }

    @Test
    void fullMeansTheNewestIsDroppedAndCounted() {
        buffer.hold(0, 1);
        int taken = 0;
        while (arrive(0, taken) == Arrival.HELD) {
            taken++;
        }
        assertEquals((64 << 10) / 16, taken);
        assertEquals(1, buffer.counters(0).droppedQuota());
        assertEquals(8, buffer.counters(0).lostBytes().quota());
        buffer.seal(0, new EpochId(1, 1));
        buffer.commit(0, new EpochId(1, 1));
        List<Integer> left = drain(0);
        assertEquals(taken, left.size());
        assertEquals(0, left.get(0));
        assertEquals(taken - 1, left.get(taken - 1));
        assertEquals(Arrival.HELD, arrive(0, 1));
    }

    @Test
    void unsendableIsCountedAndTheNextFollows() {
        buffer.pass(0, 1);
        arrive(0, 1);
        arrive(0, 2);
        ReleaseCursor cursor = buffer.cursor();
        cursor.start(0);
        assertTrue(cursor.next());
        buffer.unsendable(0);
        assertEquals(List.of(2), drain(0));
        assertEquals(1, buffer.counters(0).droppedRelease());
        assertEquals(8, buffer.counters(0).lostBytes().release());
        assertEquals(0, buffer.counters(0).heldBytes());
    }

    @Test
    void aFloodInOneLaneLeavesEveryOtherItsShare() {
        int lanes = 100;
        buffer = buffer(lanes, 1 << 20, (long) lanes * 16 * CHUNK);
        for (int lane = 0; lane < lanes; lane++) {
            buffer.hold(lane, 1);
        }
        byte[] big = new byte[1500];
        while (buffer.arrive(0, MemorySegment.ofArray(big), 0, big.length, 0, 0) == Arrival.HELD) {
            assertTrue(buffer.heldMemoryBytes(0) <= 1 << 20);
        }
        for (int lane = 1; lane < lanes; lane++) {
            for (int i = 0; i < 8 * CHUNK / 1520; i++) {
                assertEquals(Arrival.HELD, buffer.arrive(lane, MemorySegment.ofArray(big), 0, big.length, 0, 0));
            }
        }
    }

    @Test
    void oldestPacketIsKnownThroughSealAndCommit() {
        buffer.hold(0, 1);
        assertEquals(1000, buffer.oldestNanos(0, 1000));
        assertEquals(0, buffer.counters(0).oldestNanos());
        arriveAt(10);
        arriveAt(20);
        assertEquals(10, buffer.counters(0).oldestNanos());
        buffer.seal(0, new EpochId(1, 1));
        arriveAt(30);
        assertEquals(10, buffer.oldestNanos(0, 1000));
        buffer.commit(0, new EpochId(1, 1));
        assertEquals(30, buffer.counters(0).oldestNanos(), "what is committed waits no more");
        drain(0);
        assertEquals(30, buffer.oldestNanos(0, 1000));
        buffer.seal(0, new EpochId(1, 2));
        assertEquals(30, buffer.oldestNanos(0, 1000));
        assertEquals(30, buffer.counters(0).oldestNanos());
        buffer.seal(0, new EpochId(1, 3));
        buffer.commit(0, new EpochId(1, 2));
        assertEquals(0, buffer.counters(0).oldestNanos(), "an empty epoch has no oldest packet");
        buffer.fence(0, 1);
        assertEquals(1000, buffer.oldestNanos(0, 1000));
    }

    @Test
    void aPoolThatCannotHoldAFramePerVmIsRefused() {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> buffer(1000, 1 << 20, 1000L * CHUNK));
        assertTrue(refusal.getMessage().contains("1000 VMs"), refusal.getMessage());
    }

    @Test
    void aFrameLongerThanTheLimitIsDropped() {
        buffer.hold(0, 1);
        byte[] giant = new byte[9001];
        assertEquals(Arrival.NO_ROOM, buffer.arrive(0, MemorySegment.ofArray(giant), 0, giant.length, 0, 0));
        assertEquals(1, buffer.counters(0).droppedPool());
        assertEquals(9001, buffer.counters(0).lostBytes().pool());
    }

    @Test
    void aLentFrameIsReleasedFromWhereItIsAndGivesItsBlockBack() {
        LentBlocks lent = lending();
        buffer.hold(0, 1);
        lent.memory().set(ValueLayout.JAVA_INT, 64, 1);
        assertEquals(Arrival.HELD, buffer.arriveLent(0, 64, 100, 0, 0));
        arrive(0, 2);
        assertEquals(RecordStream.recordBytes(100) + RecordStream.recordBytes(8), buffer.heldMemoryBytes(0));
        buffer.seal(0, new EpochId(1, 1));
        buffer.commit(0, new EpochId(1, 1));
        assertFalse(lent.free(0));
        ReleaseCursor cursor = buffer.cursor();
        cursor.start(0);
        assertTrue(cursor.next());
        assertEquals(lent.memory().address() + 64, cursor.memory().address() + cursor.offset(0));
        assertEquals(100, cursor.piece(0));
        assertEquals(List.of(1, 2), drain(0));
        assertTrue(lent.free(0));
    }

    @Test
    void whatIsNotCommittedIsMovedOutOfABlockThatThePortNeeds() {
        LentBlocks lent = lending();
        buffer.hold(0, 1);
        for (int i = 1; i <= 3; i++) {
            lent.memory().set(ValueLayout.JAVA_INT, 512L * i, i);
            buffer.arriveLent(0, 512L * i, 512, 0, 0);
            buffer.seal(0, new EpochId(1, i));
        }
        buffer.commit(0, new EpochId(1, 1));
        assertEquals(1, buffer.moveUncommitted(0), "the first is on its way out");
        assertFalse(lent.free(0));
        assertEquals(List.of(1), drain(0));
        assertTrue(lent.free(0));
        lent.memory().fill((byte) 0xff);
        buffer.commit(0, new EpochId(1, 3));
        assertEquals(List.of(2, 3), drain(0));
    }

    @Test
    void aFenceTakesBackWhatOneVmWasLentAndNothingElse() {
        LentBlocks lent = lending();
        buffer.hold(0, 1);
        buffer.hold(1, 1);
        lent.memory().set(ValueLayout.JAVA_INT, 64, 1);
        buffer.arriveLent(0, 64, 100, 0, 0);
        lent.memory().set(ValueLayout.JAVA_INT, 512, 2);
        buffer.arriveLent(1, 512, 100, 0, 0);
        buffer.arriveLent(0, 4096, 100, 0, 0);
        buffer.fence(0, 2);
        assertFalse(lent.free(0));
        assertTrue(lent.free(1));
        buffer.seal(1, new EpochId(1, 1));
        buffer.commit(1, new EpochId(1, 1));
        assertEquals(List.of(2), drain(1));
        assertTrue(lent.free(0));
    }

    @Test
    void aFrameForWhoseLoanThereIsNoPlaceIsCopied() {
        LentBlocks lent = lending();
        buffer.hold(0, 1);
        for (int i = 0; i < 10; i++) {
            lent.memory().set(ValueLayout.JAVA_INT, 64L * i, i);
            assertEquals(Arrival.HELD, buffer.arriveLent(0, 64L * i, 64, 0, 0));
        }
        assertEquals(0, buffer.moveUncommitted(0));
        lent.memory().fill((byte) 0xff);
        buffer.seal(0, new EpochId(1, 1));
        buffer.commit(0, new EpochId(1, 1));
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), drain(0));
    }

    /** Two blocks of 4 KiB with places for 8 loans each. */
    private LentBlocks lending() {
        LentBlocks lent = new LentBlocks(arena.allocate(8192, 8), 4096, 8);
        buffer = new EpochBuffer(arena.allocate(256 << 10, 8), new BufferLimits(CHUNK, 64 << 10, 9000), 2, lent);
        return lent;
    }

    private EpochBuffer buffer(int lanes, long quotaBytes, long poolBytes) {
        return new EpochBuffer(arena.allocate(poolBytes, 8), new BufferLimits(CHUNK, quotaBytes, 9000), lanes);
    }

    private Arrival arrive(int lane, int value) {
        MemorySegment frame = MemorySegment.ofArray(new int[] {value, ~value});
        return buffer.arrive(lane, frame, 0, 8, 0, 0);
    }

    private void arriveAt(long nanos) {
        buffer.arrive(0, MemorySegment.ofArray(new byte[8]), 0, 8, 0, nanos);
    }

    private List<Integer> drain(int lane) {
        List<Integer> values = new ArrayList<>();
        ReleaseCursor cursor = buffer.cursor();
        cursor.start(lane);
        while (cursor.next()) {
            values.add(cursor.memory().get(ValueLayout.JAVA_INT_UNALIGNED, cursor.offset(0)));
        }
        buffer.released(lane, values.size());
        return values;
    }

    @Test
    void aLaneThatIsAnotherVmsBeginsAnew() {
        buffer = new EpochBuffer(
                arena.allocate(256 << 10, 8), new BufferLimits(CHUNK, 64 << 10, 9000), 1, 1, LentBlocks.NONE);
        assertEquals(1, buffer.lanes());
        assertEquals(2, buffer.capacity());
        assertTrue(buffer.suits(2));
        assertFalse(buffer.suits(3));
        buffer.renew(1);
        assertEquals(2, buffer.lanes());
        assertEquals(VmState.CLOSED, buffer.state(1));
        assertTrue(buffer.hold(1, 9));
        MemorySegment frame = MemorySegment.ofArray(new byte[100]);
        buffer.arrive(1, frame, 0, 100, 0, 0);
        assertTrue(buffer.seal(1, new EpochId(9, 4)));
        assertFalse(buffer.pass(1, 8), "a lower term");
        buffer.renew(1);
        VmCounters counters = buffer.counters(1);
        assertEquals(0, counters.heldPackets());
        assertEquals(0, counters.discardedPackets(), "that was another VM's");
        assertEquals(0, counters.refusedCommands());
        assertFalse(buffer.releasable(1));
        assertEquals(VmState.CLOSED, buffer.state(1));
        assertTrue(buffer.pass(1, 8), "no term is known of it");
        assertEquals(buffer.poolBytes(), buffer.poolFreeBytes());
    }

    /** A gateway starts whose only VM was unticked, and is ticked later. */
    @Test
    void aBufferThatBeginsWithoutAVmTakesOneLater() {
        buffer = new EpochBuffer(
                arena.allocate(256 << 10, 8), new BufferLimits(CHUNK, 64 << 10, 9000), 0, 1, LentBlocks.NONE);
        assertEquals(0, buffer.lanes());
        buffer.renew(0);
        assertTrue(buffer.hold(0, 9));
        assertEquals(Arrival.HELD, buffer.arrive(0, MemorySegment.ofArray(new byte[100]), 0, 100, 0, 0));
        assertEquals(1, buffer.counters(0).heldPackets());
        assertThrows(
                IllegalArgumentException.class,
                () -> new EpochBuffer(
                        arena.allocate(256 << 10, 8), new BufferLimits(CHUNK, 64 << 10, 9000), 0, 0, LentBlocks.NONE),
                "no lane will ever come");
    }
}
