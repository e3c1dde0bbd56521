package org.secondsite.lab.wan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WanSegmentTest {
    private static final int A = 0;
    private static final int B = 1;
    private static final int W = 2;
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long MILLISECOND = 1_000_000L;

    private final Arena arena = Arena.ofConfined();
    private final FramePool pool = new FramePool(arena.allocate(4096L * FramePool.SLOT_BYTES));
    private final WanSegment segment = new WanSegment(List.of("a", "b", "w"), pool, 42);
    private final List<Arrival> arrivals = new ArrayList<>();

    private record Arrival(int port, long atNanos, int number, MemorySegment content) {}

    @AfterEach
    void everySlotComesBack() {
        runUntil(Long.MAX_VALUE - 1);
        assertEquals(4096, pool.available());
        arena.close();
    }

    @Test
    void carriesAFrameToItsHostAfterTheDelayOfThatDirectionOnly() {
        introduce();
        segment.execute(WanCommand.parse("set a>b delayMs=100"));
        send(A, B, 7, 1_000, 64);
        send(B, A, 8, 1_000, 64);
        runUntil(1_000);
        assertEquals(List.of(8), numbersAt(A));
        runUntil(1_000 + 100 * MILLISECOND - 1);
        assertEquals(List.of(), numbersAt(B));
        runUntil(1_000 + 100 * MILLISECOND);
        assertEquals(List.of(7), numbersAt(B));
        assertEquals(List.of(), numbersAt(W));
    }

    @Test
    void floodsBroadcastsEachByItsOwnLink() {
        segment.execute(WanCommand.parse("set a w delayMs=5"));
        offer(A, BROADCAST, host(A), 1, 0, 64);
        runUntil(0);
        assertEquals(List.of(1), numbersAt(B));
        assertEquals(List.of(), numbersAt(W));
        runUntil(5 * MILLISECOND);
        assertEquals(List.of(1), numbersAt(W));
    }

    @Test
    void spacesFramesByTheRateAndDropsTheTailWhenTheQueueIsFull() {
        introduce();
        // 12 Mbit/s: 1500 bytes take 1 ms; 15 KiB hold ten frames.
        segment.execute(WanCommand.parse("set a>b rateMbit=12 queueKiB=15"));
        for (int i = 0; i < 20; i++) {
            send(A, B, i, 0, 1500);
        }
        runUntil(1_000 * MILLISECOND);
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), numbersAt(B));
        List<Long> times = arrivals.stream().map(Arrival::atNanos).toList();
        for (int i = 0; i < 10; i++) {
            assertTrue(Math.abs((i + 1) * MILLISECOND - times.get(i)) <= 10, "frame " + i + " at " + times.get(i));
        }
        assertEquals(10, segment.counters().get("a>b").overflowed());
    }

    @Test
    void aCutTakesWhatIsOnTheWayAndAHealKeepsTheOtherConditions() {
        introduce();
        segment.execute(WanCommand.parse("set a-b delayMs=10"));
        send(A, B, 1, 0, 64);
        segment.execute(WanCommand.parse("cut a>b"));
        send(A, B, 2, 1, 64);
        send(B, A, 3, 1, 64);
        runUntil(20 * MILLISECOND);
        assertEquals(List.of(), numbersAt(B));
        assertEquals(List.of(3), numbersAt(A));
        assertEquals(2, segment.counters().get("a>b").cut());
        segment.execute(WanCommand.parse("heal all"));
        send(A, B, 4, 20 * MILLISECOND, 64);
        runUntil(30 * MILLISECOND - 1);
        assertEquals(List.of(), numbersAt(B));
        runUntil(30 * MILLISECOND);
        assertEquals(List.of(4), numbersAt(B));
    }

    @Test
    void losesDuplicatesAndCorruptsTheAskedShare() {
        introduce();
        segment.execute(WanCommand.parse("set a>b loss=0.1 duplicate=0.05 corrupt=0.02"));
        int frames = 20_000;
        for (int i = 0; i < frames; i++) {
            send(A, B, i, i, 64);
            runUntil(i);
        }
        LinkCounters counters = segment.counters().get("a>b");
        assertEquals(0.1, counters.lost() / (double) frames, 0.01);
        assertEquals(0.05, counters.duplicated() / (0.9 * frames), 0.01);
        assertEquals(0.02, counters.corrupted() / (0.9 * frames), 0.005);
        assertEquals(frames + 1, counters.offered(), "with the one that introduced a");
        assertEquals(counters.offered() - counters.lost() + counters.duplicated(), counters.delivered());
    }

    @Test
    void corruptionFlipsOneBitBehindTheEthernetHeader() {
        introduce();
        segment.execute(WanCommand.parse("set a>b corrupt=1"));
        send(A, B, 5, 0, 64);
        MemorySegment sent = arena.allocate(64);
        write(sent, host(B), host(A), 5);
        runUntil(0);
        MemorySegment got = arrivals.getFirst().content();
        int flipped = 0;
        for (int i = 0; i < 64; i++) {
            int difference = (sent.get(ValueLayout.JAVA_BYTE, i) ^ got.get(ValueLayout.JAVA_BYTE, i)) & 0xff;
            flipped += Integer.bitCount(difference);
            assertTrue(difference == 0 || i >= 14, "the Ethernet header is whole");
        }
        assertEquals(1, flipped);
    }

    @Test
    void jitterVariesTheDelayAndKeepsTheOrder() {
        introduce();
        segment.execute(WanCommand.parse("set a>b delayMs=10 jitterMs=20"));
        for (int i = 0; i < 200; i++) {
            send(A, B, i, i * MILLISECOND, 64);
            runUntil(i * MILLISECOND);
        }
        runUntil(1_000 * MILLISECOND);
        for (int i = 0; i < 200; i++) {
            assertEquals(i, arrivals.get(i).number());
            long delayNanos = arrivals.get(i).atNanos() - i * MILLISECOND;
            assertTrue(delayNanos >= 10 * MILLISECOND && delayNanos <= 30 * MILLISECOND, "delay " + delayNanos);
        }
    }

    @Test
    void aReorderedFrameIsOvertaken() {
        introduce();
        segment.execute(WanCommand.parse("set a>b delayMs=10 reorder=1 reorderMs=3"));
        send(A, B, 1, 0, 64);
        segment.execute(WanCommand.parse("set a>b reorder=0"));
        send(A, B, 2, MILLISECOND, 64);
        runUntil(100 * MILLISECOND);
        assertEquals(List.of(2, 1), numbersAt(B));
        assertEquals(13 * MILLISECOND, arrivals.getLast().atNanos());
    }

    @Test
    void loweringTheDelayDoesNotOvertake() {
        introduce();
        segment.execute(WanCommand.parse("set a>b delayMs=100"));
        send(A, B, 1, 0, 64);
        segment.execute(WanCommand.parse("set a>b delayMs=0"));
        send(A, B, 2, MILLISECOND, 64);
        runUntil(100 * MILLISECOND);
        assertEquals(List.of(1, 2), numbersAt(B));
    }

    @Test
    void whatIsLongerThanTheMtuIsDroppedAndItsSenderToldByTheWayBack() {
        introduce();
        segment.execute(WanCommand.parse("set a>b mtu=1400 delayMs=3"));
        segment.execute(WanCommand.parse("set b>a delayMs=5"));
        sendIp(A, B, 0, 14 + 1400);
        sendIp(A, B, 0, 14 + 1401);
        sendIp(B, A, 0, 14 + 1500);
        runUntil(100 * MILLISECOND);
        assertEquals(1, arrivals.stream().filter(arrival -> arrival.port() == B).count());
        LinkCounters counters = segment.counters().get("a>b");
        assertEquals(1, counters.tooBig());
        assertEquals(1, counters.tooBigTold());
        assertEquals(3, segment.counters().get("b>a").delivered(), "the first frame, the long one, and the answer");
        assertEquals(5 * MILLISECOND, arrivals.getLast().atNanos());
        segment.execute(WanCommand.parse("set a>b mtu=0"));
        sendIp(A, B, 200 * MILLISECOND, 14 + 1500);
        runUntil(300 * MILLISECOND);
        assertEquals(1, segment.counters().get("a>b").tooBig());
    }

    @Test
    void inABlackHoleNobodyIsTold() {
        introduce();
        segment.execute(WanCommand.parse("set a-b mtu=1400 blackhole=1"));
        sendIp(A, B, 0, 14 + 1401);
        runUntil(100 * MILLISECOND);
        assertEquals(List.of(), arrivals);
        assertEquals(1, segment.counters().get("a>b").tooBig());
        assertEquals(0, segment.counters().get("a>b").tooBigTold());
    }

    @Test
    void equalSeedsGiveEqualFates() {
        WanSegment other = new WanSegment(List.of("a", "b", "w"), pool, 42);
        WanCommand harsh = WanCommand.parse("set all loss=0.5 jitterMs=3 duplicate=0.2");
        segment.execute(harsh);
        other.execute(harsh);
        for (WanSegment each : List.of(segment, other)) {
            for (int i = 0; i < 300; i++) {
                int slot = pool.take();
                write(pool.bytes(slot), BROADCAST, host(A), i);
                each.offer(A, slot, 64, i);
                each.deliverDue(i, (port, got, length) -> pool.release(got));
            }
            each.deliverDue(MILLISECOND * 10, (port, got, length) -> pool.release(got));
        }
        assertEquals(segment.counters(), other.counters());
        assertTrue(segment.counters().get("a>b").lost() > 100);
    }

    @Test
    void aWrongCommandChangesNothingAndSaysWhy() {
        String before = segment.execute(new WanCommand.Show());
        for (String wrong : List.of(
                "set a-x delayMs=1",
                "set a-b delayMs=-1",
                "set a-b dalay=1",
                "set a-b loss=2",
                "set a-b",
                "cut",
                "cut a-a",
                "heal a-b c",
                "explode all",
                "")) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> segment.execute(WanCommand.parse(wrong)), wrong);
            assertTrue(refused.getMessage().length() > 10, wrong);
        }
        assertEquals(before, segment.execute(new WanCommand.Show()));
    }

    @Test
    void showTellsConditionsAndCounters() {
        segment.execute(WanCommand.parse("set a b delayMs=2.5"));
        String shown = segment.execute(WanCommand.parse("show"));
        assertTrue(
                shown.contains("{\"from\":\"a\",\"to\":\"b\",\"conditions\":{\"cut\":false,\"delayMs\":2.5,"), shown);
        assertTrue(shown.contains("\"counters\":{\"offered\":0,"), shown);
    }

    private void introduce() {
        for (int port = A; port <= W; port++) {
            offer(port, BROADCAST, host(port), -1, -1_000, 64);
        }
        runUntil(-1_000);
        arrivals.clear();
    }

    private void send(int from, int to, int number, long nowNanos, int lengthBytes) {
        offer(from, host(to), host(from), number, nowNanos, lengthBytes);
    }

    /** An IPv4 packet with DF. */
    private void sendIp(int from, int to, long nowNanos, int lengthBytes) {
        int slot = pool.take();
        MemorySegment frame = pool.bytes(slot);
        write(frame, host(to), host(from), 0);
        frame.set(ValueLayout.JAVA_BYTE, 12, (byte) 0x08);
        frame.set(ValueLayout.JAVA_BYTE, 14, (byte) 0x45);
        frame.set(ValueLayout.JAVA_BYTE, 20, (byte) 0x40);
        segment.offer(from, slot, lengthBytes, nowNanos);
    }

    private void offer(int port, long destination, long source, int number, long nowNanos, int lengthBytes) {
        int slot = pool.take();
        write(pool.bytes(slot), destination, source, number);
        segment.offer(port, slot, lengthBytes, nowNanos);
    }

    private static long host(int port) {
        return 0x0200_0000_0001L + port;
    }

    private static void write(MemorySegment frame, long destination, long source, int number) {
        for (int i = 0; i < 6; i++) {
            frame.set(ValueLayout.JAVA_BYTE, i, (byte) (destination >>> (8 * (5 - i))));
            frame.set(ValueLayout.JAVA_BYTE, 6 + i, (byte) (source >>> (8 * (5 - i))));
        }
        frame.asSlice(12, 52).fill((byte) 0);
        frame.set(ValueLayout.JAVA_INT_UNALIGNED, 14, number);
    }

    /** Like the emulator's thread: goes from one due time to the next. */
    private void runUntil(long endNanos) {
        while (segment.nextDueNanos() <= endNanos) {
            long nowNanos = segment.nextDueNanos();
            segment.deliverDue(nowNanos, (port, slot, lengthBytes) -> {
                MemorySegment content =
                        arena.allocate(64).copyFrom(pool.bytes(slot).asSlice(0, 64));
                arrivals.add(new Arrival(port, nowNanos, content.get(ValueLayout.JAVA_INT_UNALIGNED, 14), content));
                pool.release(slot);
            });
        }
    }

    private List<Integer> numbersAt(int port) {
        return arrivals.stream()
                .filter(arrival -> arrival.port() == port)
                .map(Arrival::number)
                .toList();
    }
}
