package org.secondsite.replicator.disk;

import java.nio.ByteBuffer;

/**
 * Writes the heads of NBD replies. To READ and BLOCK_STATUS a client that asked for structured replies gets those, and simple
 * ones to all else, as the protocol allows.
 */
public final class NbdReply {
    /** The longest reply without the data of a READ. */
    public static final int MAX_BYTES = Nbd.STRUCTURED_REPLY_BYTES + 16;

    private NbdReply() {}

    /** The answer to a request without data, or to one that failed. */
    public static void simple(ByteBuffer out, int error, long cookie) {
        out.putInt(Nbd.SIMPLE_REPLY_MAGIC).putInt(error).putLong(cookie);
    }

    /** The answer to a READ or BLOCK_STATUS that failed. */
    public static void failed(ByteBuffer out, boolean structured, int error, long cookie) {
        if (structured) {
            chunk(out, Nbd.CHUNK_ERROR, cookie, Integer.BYTES + Short.BYTES);
            out.putInt(error).putShort((short) 0);
        } else {
            simple(out, error, cookie);
        }
    }

    /** What stands before the bytes of a READ. */
    public static void data(ByteBuffer out, boolean structured, long cookie, long offset, int length) {
        if (structured) {
            chunk(out, Nbd.CHUNK_OFFSET_DATA, cookie, Long.BYTES + length);
            out.putLong(offset);
        } else {
            simple(out, Nbd.OK, cookie);
        }
    }

    /** The bytes that {@link #data} writes. */
    public static int dataHeadBytes(boolean structured) {
        return structured ? Nbd.STRUCTURED_REPLY_BYTES + Long.BYTES : Nbd.SIMPLE_REPLY_BYTES;
    }

    /** One extent of the allocation, from where was asked. */
    public static void extent(ByteBuffer out, long cookie, long length, boolean hole) {
        chunk(out, Nbd.CHUNK_BLOCK_STATUS, cookie, 3 * Integer.BYTES);
        out.putInt(Nbd.BASE_ALLOCATION_ID).putInt((int) length).putInt(hole ? Nbd.STATUS_HOLE | Nbd.STATUS_ZERO : 0);
    }

    private static void chunk(ByteBuffer out, int type, long cookie, int length) {
        out.putInt(Nbd.STRUCTURED_REPLY_MAGIC)
                .putShort((short) Nbd.CHUNK_DONE)
                .putShort((short) type)
                .putLong(cookie)
                .putInt(length);
    }
}
