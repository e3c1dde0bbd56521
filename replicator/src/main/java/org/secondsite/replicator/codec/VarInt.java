package org.secondsite.replicator.codec;

import java.nio.ByteBuffer;

/** Numbers from 0 to 2^63 - 1, 7 bits a byte, low bits first; the upper bit of a byte says that another follows. */
final class VarInt {
    /** The most bytes of a number below 2^31. */
    static final int MAX_INT_BYTES = 5;

    private static final int MAX_LONG_BYTES = 9;

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
     * Reads one of up to 63 bits.
     *
     * @throws MalformedEpochException if it is cut off, or longer
     */
    static long get(ByteBuffer in) throws MalformedEpochException {
        long value = 0;
        for (int i = 0; i < MAX_LONG_BYTES; i++) {
            if (!in.hasRemaining()) {
                throw new MalformedEpochException("a number is cut off");
            }
            byte next = in.get();
            value |= (long) (next & 0x7f) << (7 * i);
            if (next >= 0) {
                return value;
            }
        }
        throw new MalformedEpochException("a number takes more than " + MAX_LONG_BYTES + " bytes");
    }

    /**
     * Reads one that must not be above a bound.
     *
     * @throws MalformedEpochException if it is
     */
    static int get(ByteBuffer in, int max, String what) throws MalformedEpochException {
        long value = get(in);
        if (value > max) {
            throw new MalformedEpochException(value + " " + what + ", at most " + max + " can be");
        }
        return (int) value;
    }
}
