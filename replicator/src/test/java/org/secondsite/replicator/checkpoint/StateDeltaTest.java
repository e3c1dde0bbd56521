package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/** Device states that are sent by what differs, and put together again. */
class StateDeltaTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 4 << 20;

    private static byte[] random(int bytes, long seed) {
        byte[] some = new byte[bytes];
        new Random(seed).nextBytes(some);
        return some;
    }

    private static byte[] joined(byte[]... parts) {
        ByteBuf all = Unpooled.wrappedBuffer(parts);
        byte[] bytes = new byte[all.readableBytes()];
        all.readBytes(bytes);
        return bytes;
    }

    private static Epoch epoch(long number, byte[] state) {
        EpochHeader header = new EpochHeader(VM, new EpochId(2, number), EpochId.NONE, RAM_BYTES);
        return new Epoch(header, PageSet.empty(), state);
    }

    private static List<ByteBuf> frames(Epoch epoch, byte[] before) {
        List<ByteBuf> frames = new ArrayList<>();
        EpochFrames source = new EpochFrames(epoch, 0, before);
        for (ByteBuf frame = source.next(UnpooledByteBufAllocator.DEFAULT);
                frame != null;
                frame = source.next(UnpooledByteBufAllocator.DEFAULT)) {
            frames.add(frame);
        }
        return frames;
    }

    /** Sends states one after the other, compares what arrives, and returns the bytes of the frames of the last one. */
    private static int sent(byte[]... states) {
        int bytes = 0;
        byte[] before = new byte[0];
        try (EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            for (int i = 0; i < states.length; i++) {
                bytes = 0;
                Decoded<EpochAssembler.Arrived, String> outcome = Decoded.needMore();
                try (Epoch epoch = epoch(i + 1, states[i])) {
                    for (ByteBuf frame : frames(epoch, before)) {
                        bytes += frame.readableBytes();
                        assertInstanceOf(Decoded.NeedMore.class, outcome);
                        outcome =
                                assembler.accept((CheckpointMessage.EpochPart) CheckpointCodec.decode(frame, Side.AGENT)
                                        .complete()
                                        .orElseThrow());
                    }
                }
                Epoch arrived = outcome.complete().orElseThrow().epoch();
                assertArrayEquals(states[i], arrived.deviceState());
                arrived.close();
                before = states[i];
            }
        }
        return bytes;
    }

    @Test
    void whatStaysIsNotSentAgainWhereverItStands() {
        byte[] firmware = random(4 << 20, 1);
        byte[] video = new byte[1 << 20];
        byte[] devices = random(100_000, 2);
        byte[] before = joined(firmware, video, devices);
        assertTrue(sent(before, before) < 500, "nothing has changed");

        byte[] clock = before.clone();
        for (int at = 4200; at < clock.length; at += 500_000) {
            clock[at]++;
        }
        assertTrue(sent(before, clock) < 12 * 600, "some bytes have");

        byte[] drawn = joined(firmware, random(8192, 3), video, new byte[] {1}, devices, new byte[] {1, 2, 3});
        assertTrue(sent(before, drawn) < 20_000, () -> sent(before, drawn) + " bytes of a state that has grown");
        assertTrue(sent(drawn, before) < 20_000, () -> sent(drawn, before) + " bytes of a state that has shrunk");

        byte[] other = random(before.length, 4);
        int whole = sent(before, other);
        assertTrue(whole > other.length && whole < other.length + 2000, "nothing stays");
        assertTrue(sent(other, new byte[0]) < 300);
        assertTrue(sent(new byte[0], other) < other.length + 2000);
    }

    @Test
    void anyStateIsPutTogetherAgainAfterAnyOther() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            byte[] before = random(random.nextInt(3000), random.nextInt(5));
            if (random.nextBoolean()) {
                Arrays.fill(before, before.length / 3, before.length, (byte) 0);
            }
            byte[] now = before;
            for (int edit = random.nextInt(6); edit > 0; edit--) {
                int from = random.nextInt(now.length + 1);
                int to = from + random.nextInt(now.length - from + 1);
                now = joined(
                        Arrays.copyOf(now, from),
                        random(random.nextInt(300), random.nextInt(5)),
                        Arrays.copyOfRange(now, random.nextBoolean() ? from : to, now.length));
            }
            sent(before, now, before);
        }
    }

    @Test
    void piecesAscendAndAreNoLongerThanAllowed() {
        byte[] before = random(50_000, 6);
        byte[] now = joined(Arrays.copyOfRange(before, 20_000, 50_000), Arrays.copyOf(before, 20_000), random(9000, 7));
        StateDelta delta = new StateDelta(before, now, 1000);
        int at = 0;
        int used = 0;
        for (StateDelta.Piece piece = delta.next(); piece != null; piece = delta.next()) {
            assertEquals(at, piece.at());
            at += piece.bytes();
            if (piece.isSame()) {
                assertTrue(piece.from() >= used);
                used = piece.from() + piece.bytes();
                assertTrue(piece.bytes() >= StateDelta.LEAST_BYTES);
            } else {
                assertTrue(piece.bytes() <= 1000);
            }
        }
        assertEquals(now.length, at);
        assertEquals(50_000, used, "the first of two that have changed places");
    }

    @Test
    void whatDoesNotStandInTheStateBeforeIsRefused() {
        assertFalse(isTaken(1000, 0, 1001), "more than it has");
        assertFalse(isTaken(1000, 999, 2));
        assertFalse(isTaken(1000, Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertFalse(isTaken(1000, 0, 600, 599, 1), "twice");
        assertFalse(isTaken(1000, 600, 1, 0, 1), "backwards");
        assertFalse(isTaken(0, 0, 1), "there is none");
        assertFalse(isTaken(3000, 0, 2001), "more than is announced");
        assertTrue(isTaken(1000, 0, 600, 600, 400));
    }

    /** Whether a state of 2000 bytes may begin with pieces (from, bytes) of one that came before. */
    private static boolean isTaken(int bytesBefore, int... pieces) {
        try (EpochAssembler assembler = new EpochAssembler(VM, RAM_BYTES)) {
            try (Epoch first = epoch(1, random(bytesBefore, 8))) {
                for (ByteBuf frame : frames(first, new byte[0])) {
                    var outcome = assembler.accept((CheckpointMessage.EpochPart)
                            CheckpointCodec.decode(frame, Side.AGENT).complete().orElseThrow());
                    outcome.complete().ifPresent(arrived -> arrived.epoch().close());
                }
            }
            try (Epoch second = epoch(2, new byte[2000])) {
                assembler.accept(new CheckpointMessage.Begin(second.header(), 0, 2000));
                for (int i = 0; i < pieces.length; i += 2) {
                    if (assembler.accept(new CheckpointMessage.DeviceSame(pieces[i], pieces[i + 1]))
                            instanceof Decoded.Refused) {
                        return false;
                    }
                }
            }
            return true;
        }
    }
}
