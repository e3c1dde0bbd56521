package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.BufferLimits;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.Pressure;
import org.secondsite.buffer.ReleaseCursor;
import org.secondsite.buffer.io.ring.FrameOutlet;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** The release thread over a real buffer; the outlet counts. A standstill is a limit that every gap exceeds. */
@Timeout(180)
final class ReleaserStandstillTest {
    private static final long TERM = 7;
    private static final long NEVER = Long.MAX_VALUE;
    private static final long LONG_ENOUGH_TO_LEAVE_MS = 200;
    private static final int IDLE_MS = 20;

    private final EpochBuffer buffer =
            new EpochBuffer(MemorySegment.ofArray(new long[8 << 10]), new BufferLimits(4 << 10, 32 << 10, 1024), 2);
    private final AtomicInteger left = new AtomicInteger();
    private final BlockingQueue<Long> standstills = new LinkedBlockingQueue<>();
    private final Releaser releaser =
            new Releaser("test", buffer, List.of(new CountingOutlet(), new CountingOutlet()), new Listener());

    private final class Listener implements DataPlaneListener {
        @Override
        public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {}

        @Override
        public void portDown(String name, String reason) {}

        @Override
        public void portUp(String name) {}

        @Override
        public void failed(Throwable cause) {}

        @Override
        public void stoodStill(long standstill, long nanos) {
            standstills.add(standstill);
        }
    }

    private final class CountingOutlet implements FrameOutlet {
        private int added;
        private int sent;

        @Override
        public boolean add(ReleaseCursor cursor) {
            added++;
            return true;
        }

        @Override
        public Outcome send() {
            sent = added;
            added = 0;
            left.addAndGet(sent);
            return Outcome.SENT;
        }

        @Override
        public int sent() {
            return sent;
        }

        @Override
        public void rebind() {}

        @Override
        public String name() {
            return "test";
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void holdAPacketInEachLane() {
        for (int lane = 0; lane < 2; lane++) {
            buffer.hold(lane, TERM);
            buffer.arrive(lane, MemorySegment.ofArray(new byte[100]), 0, 100, 0, 0);
            buffer.seal(lane, new EpochId(TERM, 1));
        }
        releaser.start();
    }

    @AfterEach
    void stop() {
        releaser.stop();
        assertTrue(releaser.ended());
    }

    private void commit(int lane) {
        buffer.commit(lane, new EpochId(TERM, 1));
        releaser.committed(lane, System.nanoTime());
    }

    private void standStill() throws InterruptedException {
        releaser.noticeStandstill(0, IDLE_MS);
        Thread.sleep(1);
        releaser.alive(System.nanoTime());
        releaser.noticeStandstill(NEVER, IDLE_MS);
    }

    private void awaitLeft(int packets) throws Exception {
        Eventually.holds(() -> left.get() == packets, () -> packets + " packets to leave, not " + left.get());
    }

    @Test
    void withoutAStandstillPacketsLeave() throws Exception {
        releaser.noticeStandstill(TimeUnit.SECONDS.toNanos(60), IDLE_MS);
        commit(0);
        commit(1);
        awaitLeft(2);
        assertTrue(standstills.isEmpty());
    }

    @Test
    void whatWasCommittedBeforeWaitsInEachLaneForItsWord() throws Exception {
        standStill();
        assertEquals(1, standstills.take());
        commit(0);
        commit(1);
        Thread.sleep(LONG_ENOUGH_TO_LEAVE_MS);
        assertEquals(0, left.get());

        releaser.releaseAgain(0, 1);
        awaitLeft(1);
        Thread.sleep(LONG_ENOUGH_TO_LEAVE_MS);
        assertEquals(1, left.get());

        releaser.releaseAgain(1, 1);
        awaitLeft(2);
    }

    @Test
    void aWordForAnEarlierStandstillOpensNothing() throws Exception {
        standStill();
        standStill();
        assertEquals(1, standstills.take());
        assertEquals(2, standstills.take());
        commit(0);
        releaser.releaseAgain(0, 1);
        Thread.sleep(LONG_ENOUGH_TO_LEAVE_MS);
        assertEquals(0, left.get());
        releaser.releaseAgain(0, 2);
        awaitLeft(1);
    }

    @Test
    void aSuspendedLaneWaitsForItsOwnWordAndTheOtherDoesNot() throws Exception {
        releaser.suspend(0, 7);
        commit(0);
        commit(1);
        awaitLeft(1);
        releaser.releaseAgain(0, 7);
        releaser.resume(0, 6);
        Thread.sleep(LONG_ENOUGH_TO_LEAVE_MS);
        assertEquals(1, left.get());
        releaser.resume(0, 7);
        awaitLeft(2);
    }

    @Test
    void theReleaseThreadFindsItWhenItIsTheFirstToWake() throws Exception {
        releaser.noticeStandstill(0, IDLE_MS);
        Thread.sleep(1);
        commit(0);
        assertEquals(1, standstills.take());
        releaser.noticeStandstill(NEVER, IDLE_MS);
        Thread.sleep(LONG_ENOUGH_TO_LEAVE_MS);
        assertEquals(0, left.get());
    }
}
