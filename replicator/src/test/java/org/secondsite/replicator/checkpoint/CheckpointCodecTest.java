package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;

class CheckpointCodecTest {
    private static final VmId VM = new VmId("vm1");
    private static final EpochId E = new EpochId(7, 41);
    private static final Dialect OLD = new Dialect(3, Set.of());
    private static final Dialect NEW = new Dialect(4, Set.of());
    private static final Dialect ABLE = new Dialect(4, Set.of(Capability.DISKS));

    static Stream<CheckpointMessage> everyMessage() {
        return Stream.of(
                new CheckpointMessage.Hello(OLD, VM, 128 << 20, true, E, "QEMU 7.2.22, größer"),
                new CheckpointMessage.Hello(OLD, VM, 4096, false, EpochId.NONE, ""),
                new CheckpointMessage.Hello(NEW, VM, 128 << 20, true, E, ""),
                new CheckpointMessage.Hello(ABLE, VM, 4096, false, E, "one that carries disks"),
                new CheckpointMessage.Hello(
                        new Dialect(1, Set.of()), VM, 77, false, EpochId.NONE, "of another version"),
                new CheckpointMessage.Welcome(OLD, 16, 1L << 40, true),
                new CheckpointMessage.Welcome(NEW, 16, 1L << 40, false),
                new CheckpointMessage.Welcome(ABLE, 1, 1, true),
                new CheckpointMessage.Refused("no such VM"),
                new CheckpointMessage.Start(E, true, 25),
                new CheckpointMessage.Start(E, false, Integer.MAX_VALUE),
                new CheckpointMessage.Interval(100),
                new CheckpointMessage.Window(16, 1L << 40, true),
                new CheckpointMessage.Term(0),
                new CheckpointMessage.Term(Long.MAX_VALUE),
                new CheckpointMessage.CheckpointNow(),
                new CheckpointMessage.Retitle(new EpochId(8, 1)),
                new CheckpointMessage.Seal(E),
                new CheckpointMessage.Sealed(E),
                new CheckpointMessage.Begin(
                        new EpochHeader(VM, E, new EpochId(7, 40), 128 << 20), 1000, Limits.DEVICE_STATE_BYTES),
                new CheckpointMessage.Pages(pages(3, 900, 4)),
                new CheckpointMessage.DeviceState(Unpooled.wrappedBuffer(new byte[] {1, 2, 3})),
                new CheckpointMessage.DeviceSame(0, 1),
                new CheckpointMessage.DeviceSame(Integer.MAX_VALUE, Integer.MAX_VALUE),
                new CheckpointMessage.End(E, -2, 5_000_000),
                new CheckpointMessage.Credit(E),
                new CheckpointMessage.Stop(),
                new CheckpointMessage.PauseVm(),
                new CheckpointMessage.VmPaused(E),
                new CheckpointMessage.ResumeVm(),
                new CheckpointMessage.StopVm("term 9 belongs to b"),
                new CheckpointMessage.VmStopped(),
                new CheckpointMessage.Applied(E),
                new CheckpointMessage.Activate(E),
                new CheckpointMessage.Activated(E),
                new CheckpointMessage.Release(),
                new CheckpointMessage.Failed(FailureKind.ACTIVATION, E, "replica is at 7/40"),
                new CheckpointMessage.Ping(3),
                new CheckpointMessage.Pong(-1));
    }

    /** A batch of {@code count} pages from {@code first} on, every {@code zeroEach}-th one zero. */
    private static ByteBuf pages(int count, int first, int zeroEach) {
        ByteBuf body = Unpooled.buffer();
        body.writeInt(count);
        for (int i = 0; i < count; i++) {
            body.writeInt(CheckpointMessage.Pages.entry(first + i, (first + i) % zeroEach == 0));
        }
        for (int i = 0; i < count; i++) {
            if ((first + i) % zeroEach != 0) {
                body.writeZero(4095).writeByte(i);
            }
        }
        return body;
    }

    private static Side sender(CheckpointMessage message) {
        ByteBuf frame = frame(message);
        return MessageType.of(frame.getUnsignedByte(4)).maySend(Side.AGENT) ? Side.AGENT : Side.GATEWAY;
    }

    private static ByteBuf frame(CheckpointMessage message) {
        ByteBuf frame = Unpooled.buffer();
        CheckpointCodec.encode(message, frame);
        return frame;
    }

    /** It goes into the logs, the timeline and the terminals of whoever hears it, at either site. */
    @Test
    void whatAHostSaysForgesNoLine() {
        String said = "gone\n2026-11-30 ERROR forged\u001b[2J\u202e";
        String heard = "gone 2026-11-30 ERROR forged [2J ";
        assertEquals(
                new CheckpointMessage.Failed(FailureKind.CHECKPOINT, E, heard),
                heardOf(new CheckpointMessage.Failed(FailureKind.CHECKPOINT, E, said)));
        assertEquals(
                new CheckpointMessage.OfDisks(new DiskTalk.Compared(E, heard)),
                heardOf(new CheckpointMessage.OfDisks(new DiskTalk.Compared(E, said))));
    }

    private static CheckpointMessage heardOf(CheckpointMessage message) {
        return CheckpointCodec.decode(frame(message), sender(message))
                .complete()
                .orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void readsBackWhatItWrote(CheckpointMessage message) {
        ByteBuf twice = Unpooled.buffer();
        CheckpointCodec.encode(message, twice);
        CheckpointCodec.encode(message, twice);

        for (int i = 0; i < 2; i++) {
            CheckpointMessage decoded =
                    CheckpointCodec.decode(twice, sender(message)).complete().orElseThrow();
            assertEquals(message, decoded);
        }
        assertEquals(0, twice.readableBytes());
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void truncatedAtEveryByteAsksForMoreAndTakesNothing(CheckpointMessage message) {
        ByteBuf whole = frame(message);
        for (int length = 0; length < whole.readableBytes(); length++) {
            ByteBuf part = whole.slice(0, length);
            assertInstanceOf(Decoded.NeedMore.class, CheckpointCodec.decode(part, sender(message)));
            assertEquals(length, part.readableBytes());
        }
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void aBodyCutShortButFramedAsWholeIsRefusedOrAnotherMessage(CheckpointMessage message) {
        ByteBuf whole = frame(message);
        int body = whole.readableBytes() - CheckpointCodec.HEADER_BYTES;
        for (int cut = 0; cut < Math.min(body, 300); cut++) {
            ByteBuf part = whole.copy(0, CheckpointCodec.HEADER_BYTES + cut);
            part.setInt(0, cut);
            Decoded<CheckpointMessage, Reset> result = CheckpointCodec.decode(part, sender(message));
            if (!(message instanceof CheckpointMessage.DeviceState)) {
                assertInstanceOf(Decoded.Refused.class, result, "cut to " + cut);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void everyBitFlipIsAnswered(CheckpointMessage message) {
        ByteBuf whole = frame(message);
        int bits = Math.min(whole.readableBytes(), 200) * 8;
        for (int bit = 0; bit < bits; bit++) {
            ByteBuf flipped = whole.copy();
            flipped.setByte(bit / 8, flipped.getByte(bit / 8) ^ 1 << bit % 8);
            CheckpointCodec.decode(flipped, Side.AGENT);
            flipped.readerIndex(0);
            CheckpointCodec.decode(flipped, Side.GATEWAY);
        }
    }

    @Test
    void randomBytesBehindEveryTypeNeverThrow() {
        long seed = 20260101;
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            MessageType type = MessageType.of(1 + random.nextInt(MessageType.values().length));
            int length = type.minBodyBytes + random.nextInt(Math.min(200, type.maxBodyBytes - type.minBodyBytes + 1));
            byte[] body = new byte[length];
            random.nextBytes(body);
            ByteBuf frame = Unpooled.buffer();
            CheckpointCodec.header(type, length, frame);
            frame.writeBytes(body);
            Side side = type.maySend(Side.AGENT) ? Side.AGENT : Side.GATEWAY;
            Decoded<CheckpointMessage, Reset> result = CheckpointCodec.decode(frame, side);
            assertTrue(!(result instanceof Decoded.NeedMore), "seed " + seed + " round " + round);
        }
    }

    private static void assertReset(ResetCode code, ByteBuf frame, Side sender) {
        Reset reset = CheckpointCodec.decode(frame, sender).refused().orElseThrow();
        assertEquals(code, reset.code(), reset.reason());
    }

    @Test
    void refusesWhatHasNoMeaning() {
        assertReset(ResetCode.BAD_TYPE, frame(new CheckpointMessage.Stop()).setByte(4, 0), Side.GATEWAY);
        assertReset(ResetCode.BAD_TYPE, frame(new CheckpointMessage.Stop()).setByte(4, 200), Side.GATEWAY);
        assertReset(ResetCode.BAD_RESERVED, frame(new CheckpointMessage.Stop()).setByte(7, 1), Side.GATEWAY);
        assertReset(ResetCode.BAD_DIRECTION, frame(new CheckpointMessage.Stop()), Side.AGENT);
        assertReset(ResetCode.BAD_DIRECTION, frame(new CheckpointMessage.VmStopped()), Side.GATEWAY);
        assertReset(ResetCode.BAD_FIELD, frame(new CheckpointMessage.Interval(0)), Side.GATEWAY);
        assertReset(ResetCode.BAD_FIELD, frame(new CheckpointMessage.Seal(E)).setLong(8, -1), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, frame(new CheckpointMessage.Hello(NEW, VM, 5000, true, E, "")), Side.AGENT);
        assertReset(
                ResetCode.BAD_FIELD,
                frame(new CheckpointMessage.Hello(OLD, VM, 8192, true, E, "")).setByte(11, 2),
                Side.AGENT);
    }

    @Test
    void aLengthThatNoBodyMayHaveIsRefusedBeforeTheBodyComes() {
        for (int length : List.of(-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 17)) {
            ByteBuf header =
                    frame(new CheckpointMessage.Seal(E)).setInt(0, length).slice(0, 8);
            assertReset(ResetCode.BAD_LENGTH, header, Side.AGENT);
        }
    }

    @Test
    void refusesBatchesThatContradictThemselves() {
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).setInt(0, 3)), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).setInt(0, 0)), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).setInt(0, Integer.MIN_VALUE)), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).setInt(8, 8)), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).setInt(8, 7)), Side.AGENT);
        assertReset(ResetCode.BAD_FIELD, framePages(pages(2, 8, 9).writeByte(0)), Side.AGENT);
    }

    private static ByteBuf framePages(ByteBuf body) {
        ByteBuf frame = Unpooled.buffer();
        CheckpointCodec.header(MessageType.PAGES, body.readableBytes(), frame);
        return frame.writeBytes(body);
    }

    @Test
    void cutsTextsThatAreTooLong() {
        for (String character : List.of("x", "ö", "€", "😀")) {
            var message = new CheckpointMessage.Refused(character.repeat(2000));
            CheckpointMessage decoded = CheckpointCodec.decode(frame(message), Side.GATEWAY)
                    .complete()
                    .orElseThrow();
            String text = ((CheckpointMessage.Refused) decoded).reason();
            int bytes = text.getBytes(StandardCharsets.UTF_8).length;
            assertTrue(bytes <= Limits.TEXT_BYTES && bytes > Limits.TEXT_BYTES - 8, bytes + " bytes of " + character);
        }
    }
}
