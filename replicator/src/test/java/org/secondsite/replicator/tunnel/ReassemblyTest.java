package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class ReassemblyTest {
    private static final int PAYLOAD_BYTES = 60;
    private static final int FRAME_BYTES = PAYLOAD_BYTES + TunnelFrame.HEADER_BYTES;

    private final List<ByteBuf> payloads = new ArrayList<>();

    @Test
    void ordersWhatConnectionsOfDifferentSpeedBringAndHoldsLittle() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int pauseFrames = 8 + random.nextInt(20);
            Reassembly reassembly = new Reassembly((long) pauseFrames * FRAME_BYTES);
            List<Deque<TunnelFrame>> lanes = new ArrayList<>();
            int[] speed = new int[1 + random.nextInt(8)];
            for (int lane = 0; lane < speed.length; lane++) {
                lanes.add(new ArrayDeque<>());
                speed[lane] = 1 + random.nextInt(50);
            }
            int frames = 200;
            for (int sequence = 1; sequence <= frames; sequence++) {
                lanes.get(random.nextInt(speed.length)).add(frame(sequence));
            }
            long[] last = new long[speed.length];
            long expected = 1;
            for (int step = 0; expected <= frames; step++) {
                assertTrue(step < 1_000_000, "seed " + seed + " stands still at " + expected);
                int lane = random.nextInt(speed.length);
                boolean read = !reassembly.isCrowded() || !reassembly.isAhead(last[lane]);
                if (read && !lanes.get(lane).isEmpty() && random.nextInt(50) < speed[lane]) {
                    TunnelFrame frame = lanes.get(lane).remove();
                    last[lane] = frame.sequence();
                    assertEquals(Optional.empty(), reassembly.add(frame), "seed " + seed);
                }
                for (TunnelFrame due = reassembly.poll(); due != null; due = reassembly.poll()) {
                    assertEquals(expected++, due.sequence(), "seed " + seed);
                    due.payload().release();
                }
                assertTrue(reassembly.waitingBytes() <= (pauseFrames + 8L) * FRAME_BYTES, "seed " + seed);
            }
            assertEquals(0, reassembly.waitingBytes());
        }
        assertTrue(payloads.stream().allMatch(payload -> payload.refCnt() == 0));
    }

    @Test
    void refusesWhatCameAndWhatIsTooMuch() {
        Reassembly reassembly = new Reassembly(2L * FRAME_BYTES);
        assertEquals(Optional.empty(), reassembly.add(frame(1)));
        assertTrue(reassembly.add(frame(1)).isPresent(), "it waits");
        assertEquals(1, reassembly.poll().sequence());
        assertTrue(reassembly.add(frame(1)).isPresent(), "it was polled");
        for (int sequence = 3; sequence <= 6; sequence++) {
            assertEquals(Optional.empty(), reassembly.add(frame(sequence)));
        }
        assertTrue(reassembly.add(frame(7)).isPresent(), "twice the bound");
        assertEquals(Optional.empty(), reassembly.add(frame(2)), "what is missing is always taken");
        assertEquals(2, reassembly.poll().sequence());
        reassembly.clear();
        assertEquals(0, reassembly.waitingBytes());
        assertNull(reassembly.poll());
        assertEquals(
                4, payloads.stream().filter(payload -> payload.refCnt() == 0).count(), "3 to 6");
    }

    private TunnelFrame frame(long sequence) {
        ByteBuf payload = Unpooled.buffer().writeZero(PAYLOAD_BYTES);
        payloads.add(payload);
        return new TunnelFrame(FrameType.DATA, 0, 1, new EpochId(1, 1), sequence, payload);
    }
}
