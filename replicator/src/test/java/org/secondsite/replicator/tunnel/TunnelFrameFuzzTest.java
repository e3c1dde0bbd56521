package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Dialect;
import org.secondsite.testing.Allocation;

/** Any bytes on a tunnel's connection, and what is in the frames of control. */
class TunnelFrameFuzzTest {
    private static final UnpooledByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;
    private static final int HEADER_BYTES = TunnelFrame.HEADER_BYTES;
    private static final int CRC_OFFSET = HEADER_BYTES - Integer.BYTES;
    private static final Hello OWN = new Hello(
            2,
            new Dialect(2, Set.of()),
            5,
            new BeaconKey(new byte[BeaconKey.BYTES]),
            1 << 20,
            20,
            1 << 28,
            1L << 32,
            9,
            0,
            "a",
            "b");

    static List<byte[]> seeds() {
        EpochId epoch = new EpochId(3, 9);
        SiteId a = new SiteId("a");
        GroupId shop = new GroupId("shop");
        List<byte[]> seeds = new ArrayList<>();
        for (TunnelFrame frame : List.of(
                TunnelFrame.control(FrameType.HELLO, OWN.encode(ALLOCATOR)),
                TunnelFrame.control(
                        FrameType.RESUME,
                        new Resume(List.of(new Resume.Position(1, epoch, new EpochId(3, 7)))).encode(ALLOCATOR)),
                TunnelFrame.message(
                        new PeerMessage.RecordNews(new OwnershipRecord(shop, 7, 3, a, Set.of(a, new SiteId("b"))))),
                TunnelFrame.message(new PeerMessage.StandbyState(shop, true, 12, 6, "ü reason")),
                TunnelFrame.message(new PeerMessage.VmsActive(shop, 13)),
                TunnelFrame.refused(4, epoch, "no room"),
                TunnelFrame.about(FrameType.DISCARD, 4, EpochId.NONE).at(8),
                new TunnelFrame(
                        FrameType.DATA, TunnelFrame.FIRST, 4, epoch, 7, Unpooled.wrappedBuffer(new byte[] {1, 2, 3
                        })))) {
            seeds.add(wire(frame));
        }
        seeds.add(ByteBufUtil.getBytes(FirstFrameTest.versionOne("b", "a")));
        return seeds;
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreAFrameOrAResetOrAskForMore(byte[] in) {
        Allocation.bounded(64, in, () -> {
            read(in);
            read(repaired(in));
        });
    }

    @Test
    void cutAtEveryByteAndMadeWholeAgain() {
        for (byte[] seed : seeds()) {
            for (int length = 0; length < seed.length; length++) {
                anyBytesAreAFrameOrAResetOrAskForMore(Arrays.copyOf(seed, length));
            }
        }
    }

    private static void read(byte[] in) {
        FirstFrame.decode(Unpooled.wrappedBuffer(in), OWN);
        ByteBuf wire = Unpooled.wrappedBuffer(in);
        int start = wire.readerIndex();
        while (TunnelFrame.decode(wire) instanceof Decoded.Complete<TunnelFrame, Reset>(TunnelFrame frame)) {
            assertTrue(wire.readerIndex() > start);
            assertEquals(ByteBufUtil.hexDump(in, start, wire.readerIndex() - start), ByteBufUtil.hexDump(wire(frame)));
            start = wire.readerIndex();
            payload(frame.payload());
        }
        assertEquals(start, wire.readerIndex(), "what is no frame is left");
    }

    /** Whatever the frame's type says: each payload is read by all. */
    private static void payload(ByteBuf payload) {
        Hello.decode(payload.duplicate()).ifPresent(hello -> {
            String again = ByteBufUtil.hexDump(hello.encode(ALLOCATOR));
            assertTrue(ByteBufUtil.hexDump(payload).startsWith(again), "later versions may append to it");
            OWN.objection(hello);
        });
        Resume.decode(payload.duplicate())
                .ifPresent(resume ->
                        assertEquals(ByteBufUtil.hexDump(payload), ByteBufUtil.hexDump(resume.encode(ALLOCATOR))));
        PeerMessageCodec.decode(payload.duplicate()).ifPresent(message -> {
            ByteBuf again = PeerMessageCodec.encode(message);
            assertTrue(again.readableBytes() <= FrameType.Limit.DATA_BYTES);
            assertEquals(PeerMessageCodec.decode(again.duplicate()), PeerMessageCodec.decode(again));
        });
    }

    /** With the right length and checksum, so that what stands behind them is reached. */
    private static byte[] repaired(byte[] in) {
        if (in.length < HEADER_BYTES) {
            return in;
        }
        ByteBuf out = Unpooled.copiedBuffer(in);
        out.setInt(0, in.length - Integer.BYTES);
        CRC32C crc = new CRC32C();
        crc.update(out.array(), 0, CRC_OFFSET);
        crc.update(out.array(), HEADER_BYTES, in.length - HEADER_BYTES);
        out.setInt(CRC_OFFSET, (int) crc.getValue());
        return out.array();
    }

    private static byte[] wire(TunnelFrame frame) {
        return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(
                frame.encodeHeader(ALLOCATOR), frame.payload().duplicate()));
    }
}
