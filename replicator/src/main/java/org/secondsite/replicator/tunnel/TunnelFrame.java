package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.secondsite.config.EpochId;
import org.secondsite.net.Decoded;

/**
 * A frame of the tunnel. Numbers are big-endian.
 *
 * <pre>
 *  0             4      5       6         8            12         20         28         36          40
 * +-------------+------+-------+---------+------------+----------+----------+----------+-----------+-------------
 * | length u32  | type | flags | 0 u16   | stream u32 | term u64 | epoch u64| seq. u64 | CRC32C u32| payload ...
 * +-------------+------+-------+---------+------------+----------+----------+----------+-----------+-------------
 *
 * length  of all that follows it: 36 and the payload
 * flags   1 first, 2 last piece of an epoch
 * seq.    from 1 over all connections of a session: the order of the frames that belong to streams; 0 for others
 * stream  one chain of epochs of one VM, numbered from 1 by its sender over the lifetime of its process; 0 where there is none
 * CRC32C  over everything else (RFC 3385's polynomial), so that a damaged frame is told from a wrong one
 * </pre>
 *
 * @param type what kind
 * @param flags {@link #FIRST}, {@link #LAST}
 * @param stream the stream, 0 for none
 * @param epoch term and epoch, {@link EpochId#NONE} for none
 * @param sequence its place among the frames of all connections, 0 if it has none
 * @param payload the rest; whoever decodes a frame releases it
 */
public record TunnelFrame(FrameType type, int flags, int stream, EpochId epoch, long sequence, ByteBuf payload) {
    /** The first piece of an epoch. */
    public static final int FIRST = 1;

    /** The last piece of an epoch. */
    public static final int LAST = 2;

    /** The most bytes of payload in a frame. */
    public static final int MAX_PAYLOAD_BYTES = FrameType.Limit.DATA_BYTES;

    /** The bytes before the payload. */
    public static final int HEADER_BYTES = 40;

    private static final int CRC_OFFSET = 36;
    private static final int MIN_LENGTH = HEADER_BYTES - Integer.BYTES;

    /** A frame without a place among others. */
    public TunnelFrame(FrameType type, int flags, int stream, EpochId epoch, ByteBuf payload) {
        this(type, flags, stream, epoch, 0, payload);
    }

    /** The same frame at a place. */
    public TunnelFrame at(long place) {
        return new TunnelFrame(type, flags, stream, epoch, place, payload);
    }

    /** A frame without stream and epoch. */
    public static TunnelFrame control(FrameType type, ByteBuf payload) {
        return new TunnelFrame(type, 0, 0, EpochId.NONE, payload);
    }

    /** A frame about an epoch of a stream. */
    public static TunnelFrame about(FrameType type, int stream, EpochId epoch) {
        return new TunnelFrame(type, 0, stream, epoch, Unpooled.EMPTY_BUFFER);
    }

    /** A message. */
    public static TunnelFrame message(PeerMessage message) {
        return control(FrameType.MESSAGE, PeerMessageCodec.encode(message));
    }

    /** The answer that an epoch will not be held; a reason that is too long is cut. */
    public static TunnelFrame refused(int stream, EpochId epoch, String reason) {
        return new TunnelFrame(
                FrameType.REFUSED,
                0,
                stream,
                epoch,
                Unpooled.copiedBuffer(PeerMessageCodec.cut(reason), StandardCharsets.UTF_8));
    }

    /** The message of a MESSAGE frame, empty if its payload is none. */
    public Optional<PeerMessage> message() {
        return PeerMessageCodec.decode(payload);
    }

    /**
     * Reads the frame at the reader index and moves it behind the frame, if there is one. Never throws on content.
     *
     * @return a frame, its checksum and shape proved, whose payload is a retained slice of {@code in}; or that more is needed; or, if what is there cannot
     *     be a frame, why the connection must end
     */
    public static Decoded<TunnelFrame, Reset> decode(ByteBuf in) {
        int start = in.readerIndex();
        int readable = in.readableBytes();
        if (readable < Integer.BYTES) {
            return Decoded.needMore();
        }
        long length = in.getUnsignedInt(start);
        if (length < MIN_LENGTH || length > MIN_LENGTH + MAX_PAYLOAD_BYTES) {
            return refused(ResetCode.FRAMING, "a frame of " + length + " bytes");
        }
        if (readable - Integer.BYTES < length) {
            return Decoded.needMore();
        }
        int payloadBytes = (int) length - MIN_LENGTH;
        int crc = crc(in, start, in, start + HEADER_BYTES, payloadBytes);
        if (crc != in.getInt(start + CRC_OFFSET)) {
            return refused(ResetCode.CORRUPT, "a frame of " + length + " bytes has a wrong checksum");
        }
        FrameType type = FrameType.of(in.getUnsignedByte(start + 4));
        int flags = in.getUnsignedByte(start + 5);
        int stream = in.getInt(start + 8);
        long term = in.getLong(start + 12);
        long number = in.getLong(start + 20);
        long sequence = in.getLong(start + 28);
        if (type == null || in.getUnsignedShort(start + 6) != 0 || stream < 0 || term < 0 || number < 0) {
            return refused(
                    ResetCode.FRAMING,
                    "type " + in.getUnsignedByte(start + 4) + ", stream " + stream + ", epoch " + term + "/" + number);
        }
        String fault = type.fault(flags, stream, sequence, payloadBytes);
        if (fault != null) {
            return refused(ResetCode.FRAMING, fault);
        }
        in.skipBytes(HEADER_BYTES);
        return new Decoded.Complete<>(new TunnelFrame(
                type, flags, stream, new EpochId(term, number), sequence, in.readRetainedSlice(payloadBytes)));
    }

    private static Decoded<TunnelFrame, Reset> refused(ResetCode code, String reason) {
        return new Decoded.Refused<>(new Reset(code, reason));
    }

    /**
     * Writes the header, with the checksum over header and payload, into a new buffer; the payload follows it on the wire as
     * it is, without a copy.
     *
     * @throws IllegalArgumentException if the frame breaks the rules of its type
     */
    public ByteBuf encodeHeader(ByteBufAllocator allocator) {
        int payloadBytes = payload.readableBytes();
        String fault = type.fault(flags, stream, sequence, payloadBytes);
        if (fault != null) {
            throw new IllegalArgumentException(fault);
        }
        ByteBuf header = allocator.directBuffer(HEADER_BYTES, HEADER_BYTES);
        header.writeInt(MIN_LENGTH + payloadBytes);
        header.writeByte(type.code());
        header.writeByte(flags);
        header.writeShort(0);
        header.writeInt(stream);
        header.writeLong(epoch.term());
        header.writeLong(epoch.number());
        header.writeLong(sequence);
        header.writeInt(crc(header, 0, payload, payload.readerIndex(), payloadBytes));
        return header;
    }

    private static int crc(ByteBuf header, int headerIndex, ByteBuf payload, int payloadIndex, int payloadBytes) {
        CRC32C crc = new CRC32C();
        update(crc, header, headerIndex, CRC_OFFSET);
        update(crc, payload, payloadIndex, payloadBytes);
        return (int) crc.getValue();
    }

    /** Adds the parts of a composite buffer one by one: as one they would have to be copied. */
    private static void update(CRC32C crc, ByteBuf bytes, int index, int length) {
        if (bytes.nioBufferCount() == 1) {
            crc.update(bytes.nioBuffer(index, length));
        } else if (length > 0) {
            for (ByteBuffer part : bytes.nioBuffers(index, length)) {
                crc.update(part);
            }
        }
    }
}
