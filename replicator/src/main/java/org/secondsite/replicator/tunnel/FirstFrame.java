package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.secondsite.net.Decoded;

/**
 * The first frame in each direction, as far as every version of the protocol agrees about it: enough for two ends that have no
 * version in common to say so, instead of taking each other for a line that corrupts. These bytes never change:
 *
 * <pre>
 *  0            4           5                  36          40         44           46            48
 * +------------+-----------+------------------+-----------+----------+------------+-------------+---------------------
 * | length u32 | HELLO = 1 | 31 bytes of zero | CRC32C u32| "SSGT"   | lowest u16 | highest u16 | of the version ...
 * +------------+-----------+------------------+-----------+----------+------------+-------------+---------------------
 *
 * length           of all that follows it, at most 4132
 * CRC32C           over everything else
 * lowest, highest  the versions that the sender speaks
 * </pre>
 *
 * <p>What follows byte 48 is to be read only by an end that has a version in common with the sender: from version 2 on it is
 * {@link Hello}, and what a later version appends to it is passed over. Version 1 numbered no frames: there everything from the
 * checksum on stands 8 bytes earlier.
 */
public final class FirstFrame {
    private static final int TYPE_OFFSET = 4;
    private static final int CRC_BYTES = Integer.BYTES;
    private static final int VERSIONS_BYTES = Integer.BYTES + 2 * Short.BYTES;
    private static final int VERSION_1_HEADER_BYTES = 32;

    private FirstFrame() {}

    /**
     * Reads the first frame of a connection at the reader index, as {@link TunnelFrame#decode} does.
     *
     * @param own what this end says of itself
     * @return what {@link TunnelFrame#decode} returns, or a reset with {@link ResetCode#VERSION} if the frame is whole, its
     *     checksum is right, and it names versions of which this end speaks none
     */
    public static Decoded<TunnelFrame, Reset> decode(ByteBuf in, Hello own) {
        if (isWhole(in)) {
            Optional<Reset> objection = versionObjection(in, TunnelFrame.HEADER_BYTES, own)
                    .or(() -> versionObjection(in, VERSION_1_HEADER_BYTES, own));
            if (objection.isPresent()) {
                return new Decoded.Refused<>(objection.get());
            }
        }
        return TunnelFrame.decode(in);
    }

    private static boolean isWhole(ByteBuf in) {
        int readable = in.readableBytes();
        return readable >= Integer.BYTES && frameBytes(in) <= Math.min(readable, maxFrameBytes());
    }

    private static long frameBytes(ByteBuf in) {
        return Integer.BYTES + in.getUnsignedInt(in.readerIndex());
    }

    private static int maxFrameBytes() {
        return TunnelFrame.HEADER_BYTES + FrameType.Limit.CONTROL_BYTES;
    }

    private static Optional<Reset> versionObjection(ByteBuf in, int headerBytes, Hello own) {
        int start = in.readerIndex();
        int bytes = (int) frameBytes(in);
        boolean hello = bytes >= headerBytes + VERSIONS_BYTES
                && in.getUnsignedByte(start + TYPE_OFFSET) == FrameType.HELLO.code()
                && isZero(in, start + TYPE_OFFSET + 1, start + headerBytes - CRC_BYTES)
                && in.getInt(start + headerBytes) == Hello.MAGIC
                && in.getInt(start + headerBytes - CRC_BYTES) == crc(in, start, headerBytes, bytes);
        if (!hello) {
            return Optional.empty();
        }
        int lowest = in.getUnsignedShort(start + headerBytes + Integer.BYTES);
        int highest = in.getUnsignedShort(start + headerBytes + Integer.BYTES + Short.BYTES);
        return own.versionObjection(lowest, highest);
    }

    private static boolean isZero(ByteBuf in, int from, int to) {
        for (int i = from; i < to; i++) {
            if (in.getByte(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private static int crc(ByteBuf in, int start, int headerBytes, int bytes) {
        CRC32C crc = new CRC32C();
        crc.update(in.nioBuffer(start, headerBytes - CRC_BYTES));
        crc.update(in.nioBuffer(start + headerBytes, bytes - headerBytes));
        return (int) crc.getValue();
    }
}
