package org.secondsite.replicator.codec;

import java.nio.ByteBuffer;

/** Unsigned numbers below 2^32, 7 bits a byte, low bits first; the upper bit of a byte says that another follows. */
final class VarInt {
    private static final int MAX_SHIFT = 28;

    private VarInt() {}

    static void put(ByteBuffer out, long value) {
        long rest = value;
        while (rest > 0x7f) {
            out.put((byte) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }

    /**
     * Reads one.
     *
     * @throws MalformedEpochException if it is cut off or longer than 5 bytes
     */
    static long get(ByteBuffer in) throws MalformedEpochException {
        long value = 0;
        for (int shift = 0; shift <= MAX_SHIFT; shift += 7) {
            if (!in.hasRemaining()) {
                throw new MalformedEpochException("a number is cut off");
            }
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new MalformedEpochException("a number takes more than 5 bytes");
    }
}
