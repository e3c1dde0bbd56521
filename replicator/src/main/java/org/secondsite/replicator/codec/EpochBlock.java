package org.secondsite.replicator.codec;

import io.netty.buffer.ByteBuf;
import org.secondsite.replicator.PageSet;

/**
 * An encoded epoch is a sequence of blocks: HEAD, then any number of PAGES and DEVICE, then END. Numbers are big-endian.
 *
 * <pre>
 *  0      1       2          4            8            12
 * +------+-------+----------+------------+------------+------------------
 * | kind | coding| zero u16 | plain u32  | coded u32  | coded bytes ...
 * +------+-------+----------+------------+------------+------------------
 *
 * HEAD   (never compressed)
 * +----------------+--------+---------------+-----------------+---------------+
 * | generation u32 | 0 u32  | base term u64 | base number u64 | RAM bytes u64 |
 * +----------------+--------+--+------------+------+----------+---------------+
 * | pages u32 | of them stored u32 | device state bytes u32 | 0 u32 |
 * +-----------+--------------------+------------------------+-------+
 *
 * PAGES   count u16, then per page a variable-length number (7 bits a byte, low bits first, upper bit "more follows")
 *         of (page number - the one before it - 1) * 2 + (1 if it is all zeros); then the 4096 bytes of each other page
 * DEVICE  the next piece of the device state
 * END     (never compressed) checksum u64 of the plain epoch
 * </pre>
 *
 * @param kind what is in the block
 * @param coding how it is coded
 * @param plainBytes its length before coding
 * @param codedBytes its length as it stands on the wire, without these 12 bytes
 */
record EpochBlock(Kind kind, Coding coding, int plainBytes, int codedBytes) {
    static final int HEADER_BYTES = 12;
    static final int HEAD_BYTES = 48;
    static final int END_BYTES = 8;

    /** Pages with content in one block: 256 KiB, where zstd's ratio stops to gain and another VM need not wait long. */
    static final int MAX_STORED_PAGES = 64;

    /** Pages in one block, zero pages included. */
    static final int MAX_PAGES = 4096;

    /** Device state bytes in one block. */
    static final int MAX_DEVICE_BYTES = 256 << 10;

    static final int MAX_TABLE_BYTES = 2 + MAX_PAGES * 5;
    static final int MAX_PLAIN_BYTES = MAX_TABLE_BYTES + MAX_STORED_PAGES * PageSet.PAGE_BYTES;

    enum Kind {
        HEAD(1),
        PAGES(2),
        DEVICE(3),
        END(4);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        private static Kind of(int code) throws MalformedEpochException {
            return switch (code) {
                case 1 -> HEAD;
                case 2 -> PAGES;
                case 3 -> DEVICE;
                case 4 -> END;
                default -> throw new MalformedEpochException("unknown block kind " + code);
            };
        }
    }

    enum Coding {
        PLAIN(0),
        ZSTD(1);

        private final int code;

        Coding(int code) {
            this.code = code;
        }

        private static Coding of(int code) throws MalformedEpochException {
            return switch (code) {
                case 0 -> PLAIN;
                case 1 -> ZSTD;
                default -> throw new MalformedEpochException("unknown coding " + code);
            };
        }
    }

    void write(ByteBuf out) {
        out.writeByte(kind.code);
        out.writeByte(coding.code);
        out.writeShort(0);
        out.writeInt(plainBytes);
        out.writeInt(codedBytes);
    }

    /**
     * Reads and checks the 12 bytes at the reader index, which must be there.
     *
     * @throws MalformedEpochException if no such block can be
     */
    static EpochBlock read(ByteBuf in) throws MalformedEpochException {
        Kind kind = Kind.of(in.readUnsignedByte());
        Coding coding = Coding.of(in.readUnsignedByte());
        int zero = in.readUnsignedShort();
        long plainBytes = in.readUnsignedInt();
        long codedBytes = in.readUnsignedInt();
        if (zero != 0) {
            throw new MalformedEpochException("reserved bits are set: " + zero);
        }
        if (plainBytes > MAX_PLAIN_BYTES || codedBytes > plainBytes) {
            throw new MalformedEpochException("a block of " + plainBytes + " bytes, coded " + codedBytes);
        }
        if (coding == Coding.PLAIN && codedBytes != plainBytes) {
            throw new MalformedEpochException("a plain block of " + plainBytes + " bytes takes " + codedBytes);
        }
        return new EpochBlock(kind, coding, (int) plainBytes, (int) codedBytes);
    }
}
