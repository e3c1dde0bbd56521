package org.secondsite.replicator.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.PageSet;
import org.secondsite.testing.Allocation;

/**
 * Any bytes in place of an encoded epoch, behind one that is right: so pages have versions that can be referred to.
 *
 * <p>The first byte of an input chooses: 0 takes the rest as it is; any other one takes it as the plain content of one stored
 * block with these flags, which a fuzzer would not find through zstd.
 */
class EpochDecoderFuzzTest {
    private static final VmId VM = new VmId("web");
    private static final EpochId FIRST = new EpochId(2, 1);
    private static final EpochId SECOND = new EpochId(2, 2);
    private static final long MAX_BYTES = 1 << 20;
    private static final CodecSettings SETTINGS = CodecSettings.DEFAULT.withVersionBytes(1 << 20);
    private static final CodecBuffers BUFFERS = new CodecBuffers();
    private static final byte[] BEFORE;
    private static final byte[] NEXT;

    static {
        Epochs guest = new Epochs(VM, 16, 3);
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, BUFFERS)) {
            BEFORE = coded(encoder, guest.next(FIRST, 8));
            NEXT = coded(encoder, guest.next(SECOND, 8));
        }
    }

    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        seeds.add(prefixed(0, NEXT));
        seeds.add(prefixed(0, BEFORE));
        int flags = EpochBlock.STORED | EpochBlock.FIRST | EpochBlock.LAST;
        // Base 2/1, 16 pages of RAM, 3 pages of which 2 with content, no device state; nothing forgotten; page 0 zero,
        // 1 and 2
        // the same as before; no device pages, no streams; a checksum.
        byte[] plain = {2, 1, 16, 3, 2, 0, 0, 3, 0, 1, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
        seeds.add(prefixed(flags, plain));
        seeds.add(prefixed(flags | EpochBlock.RESTART, plain));
        return seeds;
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreAnEpochOrMalformed(byte[] in) {
        if (in.length == 0) {
            return;
        }
        long takenBefore = PageSet.takenBytes();
        // A page costs its sender one byte: beyond the input, the epoch and the versions have bounds of their own.
        Allocation.bounded(64, in, () -> feed(in, takenBefore));
        assertEquals(takenBefore, PageSet.takenBytes(), "memory outside the heap");
    }

    private static void feed(byte[] in, long takenBefore) {
        try (EpochDecoder decoder = new EpochDecoder(VM, SETTINGS, BUFFERS, MAX_BYTES)) {
            decoder.feed(FIRST, Unpooled.wrappedBuffer(BEFORE))
                    .complete()
                    .orElseThrow()
                    .close();
            switch (decoder.feed(SECOND, stream(in))) {
                case Decoded.Complete<Epoch, String>(Epoch epoch) -> {
                    assertEquals(epoch.checksum(), reencoded(epoch));
                    epoch.close();
                }
                case Decoded.NeedMore<Epoch, String>() ->
                    assertTrue(decoder.heldBytes() <= MAX_BYTES + PageSet.CHUNK_BYTES);
                case Decoded.Refused<Epoch, String>(String reason) -> assertTrue(!reason.isEmpty());
            }
            assertTrue(PageSet.takenBytes() - takenBefore
                    <= MAX_BYTES + SETTINGS.versionBytes() + 4 * PageSet.CHUNK_BYTES);
        }
    }

    /** What our encoder makes of an epoch that came out is that epoch. */
    private static long reencoded(Epoch epoch) {
        try (EpochEncoder encoder = new EpochEncoder(SETTINGS, BUFFERS);
                EpochDecoder decoder = new EpochDecoder(VM, SETTINGS, BUFFERS, MAX_BYTES)) {
            ByteBuf out = Unpooled.directBuffer();
            encoder.begin(epoch);
            while (!encoder.next(out)) {
                assertTrue(encoder.inEpoch());
            }
            try (Epoch back =
                    decoder.feed(epoch.header().epoch(), out).complete().orElseThrow()) {
                return back.checksum();
            } finally {
                out.release();
            }
        }
    }

    private static ByteBuf stream(byte[] in) {
        byte[] rest = Arrays.copyOfRange(in, 1, in.length);
        if (in[0] == 0) {
            return Unpooled.wrappedBuffer(rest);
        }
        ByteBuf out = Unpooled.buffer(EpochBlock.HEADER_BYTES + rest.length);
        new EpochBlock(in[0] & 0xff, rest.length, rest.length).write(out);
        return out.writeBytes(rest);
    }

    private static byte[] coded(EpochEncoder encoder, Epoch epoch) {
        try (epoch) {
            ByteBuf out = Unpooled.directBuffer();
            encoder.begin(epoch);
            while (!encoder.next(out)) {
                assertTrue(encoder.inEpoch());
            }
            byte[] bytes = ByteBufUtil.getBytes(out);
            out.release();
            return bytes;
        }
    }

    private static byte[] prefixed(int mode, byte[] rest) {
        byte[] out = new byte[1 + rest.length];
        out[0] = (byte) mode;
        System.arraycopy(rest, 0, out, 1, rest.length);
        return out;
    }
}
