package org.secondsite.openflow.pipeline;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * Up to 128 bits, right-aligned: the value or the mask of a header field.
 *
 * @param high bits 127..64
 * @param low bits 63..0
 */
public record Bits(long high, long low) {
    /** No bit set. */
    public static final Bits ZERO = new Bits(0, 0);

    /** The lowest {@code count} bits set, 0 to 128. */
    public static Bits low(int count) {
        return new Bits(ones(Math.max(0, count - 64)), ones(Math.min(64, count)));
    }

    /** A number of at most 64 bits. */
    public static Bits of(long number) {
        return new Bits(0, number);
    }

    /** The 32 or 128 bits of an address. */
    public static Bits of(InetAddress address) {
        ByteBuffer octets = ByteBuffer.wrap(address.getAddress());
        return octets.remaining() == 4
                ? of(Integer.toUnsignedLong(octets.getInt()))
                : new Bits(octets.getLong(), octets.getLong());
    }

    /** The bits that are set in both. */
    public Bits and(Bits other) {
        return new Bits(high & other.high, low & other.low);
    }

    /** Hexadecimal, without leading zeros. */
    @Override
    public String toString() {
        return high == 0 ? "0x" + Long.toHexString(low) : "0x" + Long.toHexString(high) + String.format("%016x", low);
    }

    private static long ones(int count) {
        return count == 0 ? 0 : -1L >>> (64 - count);
    }
}
