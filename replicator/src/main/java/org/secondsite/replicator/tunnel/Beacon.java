package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * A heartbeat beside the tunnel: one datagram, to the same port number. It goes on when TCP stands still, so a lost segment
 * is not taken for a lost site.
 *
 * <pre>
 * | "SSGB" u32 | 0 u32 | incarnation u64 | sequence u64 | sent u64 | echoed u64 | held u64 | HMAC-SHA256, 32 bytes |
 * </pre>
 *
 * @param incarnation the sender's, as in its {@link Hello}
 * @param sequence from 1, growing; a datagram that does not grow is a replay, or late, and is dropped
 * @param sentNanos the sender's clock
 * @param echoedNanos {@code sentNanos} of the last beacon that the sender heard, 0 if it heard none
 * @param heldNanos how long ago that was
 */
public record Beacon(long incarnation, long sequence, long sentNanos, long echoedNanos, long heldNanos) {
    /** The length of a datagram. */
    public static final int BYTES = 48 + BeaconKey.SIGNATURE_BYTES;

    private static final int MAGIC = 0x53534742;
    private static final int SIGNED_BYTES = BYTES - BeaconKey.SIGNATURE_BYTES;

    /** The datagram, signed. */
    public ByteBuf encode(ByteBufAllocator allocator, BeaconKey key) {
        ByteBuf out = allocator.directBuffer(BYTES, BYTES);
        out.writeInt(MAGIC).writeInt(0).writeLong(incarnation).writeLong(sequence);
        out.writeLong(sentNanos).writeLong(echoedNanos).writeLong(heldNanos);
        out.writeBytes(key.sign(out.nioBuffer(0, SIGNED_BYTES)));
        return out;
    }

    /**
     * Reads a datagram.
     *
     * @return empty if it is none of the key's owner
     */
    public static Optional<Beacon> decode(ByteBuf in, BeaconKey key) {
        if (in.readableBytes() != BYTES || in.getInt(in.readerIndex()) != MAGIC) {
            return Optional.empty();
        }
        ByteBuffer signed = in.nioBuffer(in.readerIndex(), SIGNED_BYTES);
        byte[] signature = new byte[BeaconKey.SIGNATURE_BYTES];
        in.getBytes(in.readerIndex() + SIGNED_BYTES, signature);
        if (!MessageDigest.isEqual(signature, key.sign(signed))) {
            return Optional.empty();
        }
        in.skipBytes(8);
        return Optional.of(new Beacon(in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong()));
    }
}
