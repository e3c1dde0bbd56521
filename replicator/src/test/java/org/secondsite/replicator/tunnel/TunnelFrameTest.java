package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;

class TunnelFrameTest {
    private static final ByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;
    private static final List<PeerMessage> MESSAGES = List.of(
            new PeerMessage.RecordNews(new OwnershipRecord(
                    new GroupId("shop"), 7, 3, new SiteId("a"), Set.of(new SiteId("a"), new SiteId("b")))),
            new PeerMessage.StandbyState(new GroupId("shop"), true, 12, 6, "ü reason"),
            new PeerMessage.VmsActive(new GroupId("shop"), 13),
            new PeerMessage.OfDisks(new GroupId("shop"), new VmId("vm1"), new DiskTalk.Ask(new EpochId(3, 1))),
            new PeerMessage.OfDisks(
                    new GroupId("shop"),
                    new VmId("vm1"),
                    new DiskTalk.Answer(
                            new EpochId(3, 1),
                            new DiskPart(DiskPart.Question.HASHES, 0, 0, 192),
                            ByteBuffer.wrap(new byte[3072]))),
            new PeerMessage.Members(
                    new GroupId("shop"),
                    7,
                    12,
                    List.of(new VmId("vm1"), new VmId("vm2")),
                    List.of(new VmId("vm3")),
                    new PeerMessage.Takeover(5, List.of(new VmId("vm4")))),
            new PeerMessage.MembersTaken(
                    new GroupId("shop"),
                    12,
                    11,
                    List.of(new PeerMessage.Lack(new VmId("vm3"), "no agent beside its hypervisor"))),
            new PeerMessage.OwnerLacks(
                    new GroupId("shop"), List.of(new PeerMessage.Lack(new VmId("vm3"), "it does not run here"))),
            new PeerMessage.TicksMade(new GroupId("shop"), List.of(new VmId("vm1")), List.of(new VmId("vm2"))),
            new PeerMessage.ViewDigest("0a".repeat(32)),
            new PeerMessage.ViewAsked("1b".repeat(32)),
            new PeerMessage.ViewPart(
                    "2c".repeat(32),
                    1,
                    3,
                    List.of(
                            new PeerMessage.ViewPart.Entry("dataPlane.insideMac", "02:00:5e:00:01:01"),
                            new PeerMessage.ViewPart.Entry("groups[shop].prefixes", ""))));

    @Test
    void framesComeBackAsTheyWere() {
        Random random = new Random(4);
        for (int size : new int[] {1, 7, 4096, TunnelFrame.MAX_PAYLOAD_BYTES}) {
            byte[] content = new byte[size];
            random.nextBytes(content);
            TunnelFrame sent = new TunnelFrame(
                    FrameType.DATA, TunnelFrame.LAST, 77, new EpochId(5, 6), size, Unpooled.wrappedBuffer(content));
            ByteBuf wire = wire(sent);
            TunnelFrame got = TunnelFrame.decode(wire).complete().orElseThrow();
            assertEquals(sent, got);
            assertFalse(wire.isReadable());
        }
    }

    @Test
    void theLayoutIsWhatTheDrawingSays() {
        ByteBuf wire = wire(TunnelFrame.about(FrameType.ACKNOWLEDGED, 0x01020304, new EpochId(0x11, 0x22)));
        assertEquals(
                "00000024" + "09" + "00" + "0000" + "01020304" + "0000000000000011" + "0000000000000022"
                        + "0000000000000000",
                ByteBufUtil.hexDump(wire, 0, 36));
        assertEquals(40, wire.readableBytes());
    }

    @Test
    void truncatedAtEveryByteAsksForMore() {
        ByteBuf wire = wire(TunnelFrame.message(MESSAGES.get(0)));
        for (int length = 0; length < wire.readableBytes(); length++) {
            ByteBuf cut = wire.slice(0, length);
            assertInstanceOf(Decoded.NeedMore.class, TunnelFrame.decode(cut));
            assertEquals(0, cut.readerIndex());
        }
    }

    @Test
    void anyFlippedBitIsARequestForMoreOrAReset() {
        ByteBuf wire = wire(TunnelFrame.message(MESSAGES.get(1)));
        for (int bit = 0; bit < wire.readableBytes() * 8; bit++) {
            ByteBuf damaged = Unpooled.copiedBuffer(wire);
            damaged.setByte(bit / 8, damaged.getByte(bit / 8) ^ 1 << bit % 8);
            assertFalse(TunnelFrame.decode(damaged) instanceof Decoded.Complete, "bit " + bit);
        }
    }

    @Test
    void oversizedAndUndersizedLengthsResetBeforeMoreIsRead() {
        for (int length : new int[] {0, 35, 36 + TunnelFrame.MAX_PAYLOAD_BYTES + 1, Integer.MAX_VALUE, -1}) {
            ByteBuf wire = Unpooled.buffer().writeInt(length);
            Reset reset = TunnelFrame.decode(wire).refused().orElseThrow();
            assertEquals(ResetCode.FRAMING, reset.code());
        }
    }

    @Test
    void randomBytesNeverThrow() {
        for (long seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            if (noise.length > 4 && random.nextBoolean()) {
                noise[0] = 0;
                noise[1] = 0;
                noise[2] = 0;
                noise[3] = (byte) (noise.length - 4);
            }
            ByteBuf wire = Unpooled.wrappedBuffer(noise);
            assertFalse(TunnelFrame.decode(wire) instanceof Decoded.Complete, "seed " + seed);
            PeerMessageCodec.decode(Unpooled.wrappedBuffer(noise.length == 0 ? new byte[1] : noise));
            Hello.decode(Unpooled.wrappedBuffer(noise));
            Resume.decode(Unpooled.wrappedBuffer(noise));
        }
    }

    @Test
    void aFrameThatBreaksTheRulesOfItsTypeIsNotSent() {
        TunnelFrame noPlace = TunnelFrame.about(FrameType.DISCARD, 1, EpochId.NONE);
        assertThrows(IllegalArgumentException.class, () -> noPlace.encodeHeader(ALLOCATOR));
        TunnelFrame answer =
                TunnelFrame.about(FrameType.ACKNOWLEDGED, 1, new EpochId(1, 1)).at(4);
        assertThrows(IllegalArgumentException.class, () -> answer.encodeHeader(ALLOCATOR));
        TunnelFrame noStream = TunnelFrame.about(FrameType.ACKNOWLEDGED, 0, new EpochId(1, 1));
        assertThrows(IllegalArgumentException.class, () -> noStream.encodeHeader(ALLOCATOR));
        TunnelFrame tooLong =
                TunnelFrame.control(FrameType.MESSAGE, Unpooled.buffer().writeZero(70_000));
        assertThrows(IllegalArgumentException.class, () -> tooLong.encodeHeader(ALLOCATOR));
    }

    @Test
    void theLargestGroupFitsInAFrame() {
        List<VmId> vms = IntStream.range(0, PeerMessage.Members.MAX_VMS)
                .mapToObj(i -> new VmId("v".repeat(60) + String.format("%03d", i)))
                .toList();
        List<PeerMessage.Lack> lacks = vms.stream()
                .map(vm -> new PeerMessage.Lack(vm, "ü".repeat(500)))
                .toList();
        for (PeerMessage message : List.of(
                new PeerMessage.Members(
                        new GroupId("g".repeat(63)), 1, 1, vms, List.of(), new PeerMessage.Takeover(1, vms)),
                new PeerMessage.MembersTaken(new GroupId("shop"), 1, 1, lacks),
                new PeerMessage.MembersTaken(new GroupId("g".repeat(63)), 1, 1, lacks.subList(0, 100)),
                new PeerMessage.OwnerLacks(new GroupId("g".repeat(63)), lacks),
                new PeerMessage.TicksMade(new GroupId("g".repeat(63)), vms, List.of()),
                new PeerMessage.ViewPart("0a".repeat(32), 255, 256, full()))) {
            wire(TunnelFrame.message(message));
        }
        ByteBuf tooMany = PeerMessageCodec.encode(
                new PeerMessage.Members(new GroupId("s"), 1, 1, vms, List.of(), PeerMessage.Takeover.NONE));
        tooMany.setShort(1 + 2 + 1 + 16, PeerMessage.Members.MAX_VMS + 1);
        assertTrue(PeerMessageCodec.decode(tooMany).isEmpty());
    }

    private static List<PeerMessage.ViewPart.Entry> full() {
        int each = 2 * PeerMessage.ViewPart.MAX_TEXT_BYTES;
        return IntStream.range(0, PeerMessage.ViewPart.MAX_BYTES / each)
                .mapToObj(i -> new PeerMessage.ViewPart.Entry("n".repeat(each / 2), "v".repeat(each / 2)))
                .toList();
    }

    @Test
    void aPartOfAViewThatCannotBeIsRefused() {
        String digest = "0a".repeat(32);
        ByteBuf part = PeerMessageCodec.encode(new PeerMessage.ViewPart(digest, 0, 1, List.of()));
        int place = 1 + 2 + digest.length();
        assertTrue(PeerMessageCodec.decode(part.copy().setShort(place, 1)).isEmpty(), "part 1 of 1");
        assertTrue(PeerMessageCodec.decode(part.copy().setShort(place + 2, 257)).isEmpty(), "of 257");
        assertTrue(PeerMessageCodec.decode(part.copy().setByte(3, 'g')).isEmpty(), "no digest");
        assertTrue(PeerMessageCodec.decode(part).isPresent());
    }

    @Test
    void messagesComeBackAndAreRefusedWhenCut() {
        for (PeerMessage message : MESSAGES) {
            ByteBuf payload = PeerMessageCodec.encode(message);
            assertEquals(Optional.of(message), PeerMessageCodec.decode(payload.duplicate()));
            for (int length = 1; length < payload.readableBytes(); length++) {
                assertTrue(PeerMessageCodec.decode(payload.slice(0, length)).isEmpty(), message + " cut at " + length);
            }
        }
    }

    @Test
    void hellosAgreeOrObjectWithTheReason() {
        Hello a = hello(1, 3, "a", "b");
        assertEquals(Optional.empty(), a.objection(hello(3, 5, "b", "a")));
        assertEquals(
                ResetCode.VERSION,
                a.objection(hello(4, 5, "b", "a")).orElseThrow().code());
        assertEquals(
                ResetCode.IDENTITY,
                a.objection(hello(1, 3, "b", "c")).orElseThrow().code());
        ByteBuf payload = a.encode(ALLOCATOR);
        Hello back = Hello.decode(payload.duplicate()).orElseThrow();
        assertEquals("a", back.self());
        assertEquals(a.incarnation(), back.incarnation());
        for (int length = 0; length < payload.readableBytes(); length++) {
            assertTrue(Hello.decode(payload.slice(0, length)).isEmpty());
        }
    }

    @Test
    void aResumeThatContradictsItselfIsRefused() {
        Resume resume = new Resume(List.of(
                new Resume.Position(1, new EpochId(3, 9), new EpochId(3, 7)),
                new Resume.Position(4, EpochId.NONE, EpochId.NONE)));
        ByteBuf payload = resume.encode(ALLOCATOR);
        assertEquals(Optional.of(resume), Resume.decode(payload.duplicate()));
        for (int length = 0; length < payload.readableBytes(); length++) {
            assertTrue(Resume.decode(payload.slice(0, length)).isEmpty());
        }
        Resume wrong = new Resume(List.of(new Resume.Position(1, new EpochId(3, 7), new EpochId(3, 9))));
        assertTrue(Resume.decode(wrong.encode(ALLOCATOR)).isEmpty());
    }

    @Test
    void aBeaconIsTakenOnlyUnderItsKey() {
        BeaconKey key = key(1);
        Beacon beacon = new Beacon(42, 7, 1000, 900, 5);
        ByteBuf datagram = beacon.encode(ALLOCATOR, key);
        assertEquals(Optional.of(beacon), Beacon.decode(datagram.duplicate(), key));
        assertTrue(Beacon.decode(datagram.duplicate(), key(2)).isEmpty());
        for (int bit = 0; bit < Beacon.BYTES * 8; bit++) {
            ByteBuf forged = Unpooled.copiedBuffer(datagram);
            forged.setByte(bit / 8, forged.getByte(bit / 8) ^ 1 << bit % 8);
            assertTrue(Beacon.decode(forged, key).isEmpty(), "bit " + bit);
        }
        assertTrue(Beacon.decode(datagram.slice(0, Beacon.BYTES - 1), key).isEmpty());
    }

    private static Hello hello(int lowest, int highest, String self, String peer) {
        return new Hello(
                lowest, new Dialect(highest, Set.of()), 5, key(3), 1 << 20, 20, 1 << 28, 1L << 32, 9, 3, self, peer);
    }

    private static BeaconKey key(int seed) {
        byte[] secret = new byte[BeaconKey.BYTES];
        new Random(seed).nextBytes(secret);
        return new BeaconKey(secret);
    }

    private static ByteBuf wire(TunnelFrame frame) {
        return Unpooled.buffer()
                .writeBytes(frame.encodeHeader(ALLOCATOR))
                .writeBytes(frame.payload().duplicate());
    }
}
