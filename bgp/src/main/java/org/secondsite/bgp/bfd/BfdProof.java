package org.secondsite.bgp.bfd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * Proves packets of one session to the peer, and has the peer prove its own (RFC 5880 §4.4, §6.7.4).
 *
 * <pre>
 * behind the packet, whose A bit is set and whose length is 52:
 * 24 u8 type (4, 5), u8 length 28, u8 key, u8 reserved
 * 28 u32 sequence number
 * 32 20 octets: SHA-1 of all 52, in which the key stands in their place
 * </pre>
 *
 * <p>Not thread-safe. Times are nanoseconds of a monotonic clock.
 */
public final class BfdProof {
    /** Of the section. */
    public static final int OCTETS = 8 + BfdKey.OCTETS;

    private static final int TYPE_AT = BfdPacket.OCTETS;
    private static final int SEQUENCE_AT = TYPE_AT + 4;
    private static final int HASH_AT = SEQUENCE_AT + Integer.BYTES;

    private final BfdKey key;
    private final byte[] secret;
    private final MessageDigest sha1;
    private int sent;
    private OptionalInt received = OptionalInt.empty();
    private long acceptedNanos;

    /**
     * Nothing is sent or received yet.
     *
     * @param first the sequence number before that of the first packet; not guessable
     */
    public BfdProof(BfdKey key, int first) {
        this.key = key;
        this.secret = key.octets();
        this.sent = first;
        try {
            sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-1", e);
        }
    }

    /** Appends the packet with its proof. */
    public void encode(BfdPacket packet, ByteBuf out) {
        int start = out.writerIndex();
        packet.encode(out);
        out.setByte(start + 1, out.getByte(start + 1) | BfdPacket.AUTHENTICATION_BIT);
        out.setByte(start + 3, BfdPacket.OCTETS + OCTETS);
        sent++;
        out.writeByte(key.kind().code()).writeByte(OCTETS).writeByte(key.id()).writeByte(0);
        out.writeInt(sent).writeBytes(secret);
        byte[] hash = sha1.digest(ByteBufUtil.getBytes(out, start, BfdPacket.OCTETS + OCTETS));
        out.setBytes(start + HASH_AT, hash);
    }

    /**
     * Judges a datagram that {@link BfdPacket#decode} found sealed.
     *
     * @param datagram from its first octet on; is not moved
     * @param multiplier the sender's, which says how many packets may be lost
     * @param detectionUs the session's detection time
     * @return why it is to be discarded; empty: it is the peer's
     */
    public Optional<String> refusal(ByteBuf datagram, int multiplier, long detectionUs, long nowNanos) {
        int start = datagram.readerIndex();
        int octets = BfdPacket.OCTETS + OCTETS;
        if (datagram.readableBytes() < octets || datagram.getUnsignedByte(start + 3) != octets) {
            return Optional.of("no proof of " + OCTETS + " octets");
        }
        if (datagram.getUnsignedByte(start + TYPE_AT) != key.kind().code()
                || datagram.getUnsignedByte(start + TYPE_AT + 1) != OCTETS
                || datagram.getUnsignedByte(start + TYPE_AT + 2) != key.id()) {
            return Optional.of("a proof of another kind or by another key");
        }
        int sequence = datagram.getInt(start + SEQUENCE_AT);
        if (isForgotten(detectionUs, nowNanos)) {
            received = OptionalInt.empty();
        }
        if (received.isPresent() && !isNext(sequence, multiplier)) {
            return Optional.of("sequence number " + Integer.toUnsignedString(sequence) + " out of turn");
        }
        byte[] whole = ByteBufUtil.getBytes(datagram, start, octets);
        byte[] hash = ByteBufUtil.getBytes(datagram, start + HASH_AT, BfdKey.OCTETS);
        System.arraycopy(secret, 0, whole, HASH_AT, secret.length);
        if (!MessageDigest.isEqual(hash, sha1.digest(whole))) {
            return Optional.of("a wrong proof");
        }
        received = OptionalInt.of(sequence);
        acceptedNanos = nowNanos;
        return Optional.empty();
    }

    /** §6.8.1 bfd.AuthSeqKnown: a peer that was silent for two detection times may begin anew. */
    private boolean isForgotten(long detectionUs, long nowNanos) {
        return nowNanos - acceptedNanos >= 2 * TimeUnit.MICROSECONDS.toNanos(detectionUs);
    }

    /** §6.7.4: within three times the multiplier, around the largest number; 0 only where numbers may be repeated. */
    private boolean isNext(int sequence, int multiplier) {
        int ahead = sequence - received.getAsInt();
        int least = key.kind() == BfdKey.Kind.METICULOUS_SHA1 ? 1 : 0;
        return ahead >= least && ahead <= 3 * multiplier;
    }
}
