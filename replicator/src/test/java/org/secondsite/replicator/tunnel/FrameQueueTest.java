package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class FrameQueueTest {
    private final List<ByteBuf> payloads = new ArrayList<>();
    private final FrameQueue queue = new FrameQueue();

    @Test
    void streamsAreServedInTurnEachInItsOrder() {
        for (int number = 1; number <= 3; number++) {
            queue.add(frame(7, number));
        }
        queue.add(frame(9, 1));
        queue.add(frame(8, 1));
        queue.add(frame(8, 2));
        assertEquals(30, queue.bytes(7));
        List<String> order = new ArrayList<>();
        for (TunnelFrame frame = queue.poll(); frame != null; frame = queue.poll()) {
            order.add(frame.stream() + ":" + frame.epoch().number());
        }
        assertEquals(List.of("7:1", "9:1", "8:1", "7:2", "8:2", "7:3"), order);
        assertTrue(queue.isEmpty());
        assertEquals(0, queue.bytes(7));
    }

    @Test
    void aHugeEpochDelaysEachOfFiftyOthersByOneFrameATurn() {
        int streams = 50;
        for (int number = 1; number <= 10_000; number++) {
            queue.add(frame(1, number));
        }
        for (int taken = 0; taken < 777; taken++) {
            assertEquals(1, queue.poll().stream());
        }
        int framesOfAnEpoch = 4;
        for (int stream = 2; stream <= streams; stream++) {
            for (int number = 1; number <= framesOfAnEpoch; number++) {
                queue.add(frame(stream, number));
            }
        }
        int[] left = new int[streams + 1];
        for (int polled = 1; polled <= framesOfAnEpoch * streams; polled++) {
            TunnelFrame frame = queue.poll();
            left[frame.stream()]++;
            int turn = (polled + streams - 1) / streams;
            assertTrue(left[frame.stream()] <= turn, "stream " + frame.stream() + " in turn " + turn);
        }
        for (int stream = 1; stream <= streams; stream++) {
            assertEquals(framesOfAnEpoch, left[stream], "stream " + stream);
        }
        assertEquals(1, queue.poll().stream());
    }

    @Test
    void streamsThatMayNotGoKeepTheirPlaces() {
        queue.add(frame(1, 1));
        queue.add(frame(1, 2));
        queue.add(frame(2, 1));
        queue.add(frame(3, 1));
        assertEquals(2, queue.poll(stream -> stream != 1).stream());
        assertEquals(3, queue.poll(stream -> stream != 1).stream());
        assertNull(queue.poll(stream -> stream != 1));
        queue.add(frame(2, 2));
        assertEquals(1, queue.poll().stream());
        assertEquals(2, queue.poll().stream());
        assertEquals(2, queue.poll().epoch().number());
        assertTrue(queue.isEmpty());
    }

    @Test
    void whatIsDroppedIsReleased() {
        queue.add(frame(1, 1));
        queue.add(frame(1, 2));
        queue.add(frame(2, 1));
        queue.discard(1);
        queue.discard(5);
        assertEquals(List.of(0, 0, 1), payloads.stream().map(ByteBuf::refCnt).toList());
        assertEquals(2, queue.poll().stream());
        assertNull(queue.poll());
        queue.add(frame(1, 3));
        queue.clear();
        assertEquals(0, payloads.getLast().refCnt());
        assertNull(queue.poll());
    }

    private TunnelFrame frame(int stream, long number) {
        ByteBuf payload = Unpooled.buffer().writeZero(10);
        payloads.add(payload);
        return new TunnelFrame(FrameType.DATA, 0, stream, new EpochId(1, number), payload);
    }
}
