package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.HexFormat;

/** An immutable run of octets, with value equality and hex as its text. */
public final class Octets {
    /** No octets. */
    public static final Octets NONE = new Octets(new byte[0]);

    private final byte[] value;

    private Octets(byte[] value) {
        this.value = value;
    }

    /** A copy of the given octets; of each number the low 8 bits are taken. */
    public static Octets of(int... octets) {
        byte[] value = new byte[octets.length];
        for (int i = 0; i < octets.length; i++) {
            value[i] = (byte) octets[i];
        }
        return new Octets(value);
    }

    /** A copy of the given octets. */
    public static Octets copyOf(byte[] octets) {
        return new Octets(octets.clone());
    }

    /** A copy of all readable octets; the buffer's reader index stays. */
    public static Octets copyOf(ByteBuf buffer) {
        byte[] value = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), value);
        return new Octets(value);
    }

    /** Reads pairs of hex digits. */
    public static Octets ofHex(String hex) {
        return new Octets(HexFormat.of().parseHex(hex));
    }

    /** The number of octets. */
    public int length() {
        return value.length;
    }

    /** One octet, 0 to 255. */
    public int at(int index) {
        return value[index] & 0xff;
    }

    /** A copy as an array. */
    public byte[] toArray() {
        return value.clone();
    }

    void writeTo(ByteBuf out) {
        out.writeBytes(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Octets that && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(value);
    }
}
