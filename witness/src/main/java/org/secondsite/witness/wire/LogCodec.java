package org.secondsite.witness.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.FieldReader.Malformed;

/**
 * The witness's log as bytes.
 *
 * <pre>
 *   file      +----------------------+-----------------------------+
 *             | "SSWITLG2": 8        | entries ...                 |
 *             +----------------------+-----------------------------+
 *
 *   entry     +---------+-----------+------------+--------------+-------------------+
 *             | a5: 1   | length: 3 | bodySum: 4 | headerSum: 4 | body: length      |     1 &lt;= length &lt;= 4096
 *             +---------+-----------+------------+--------------+-------------------+
 *               bodySum:   CRC-32C of the body
 *               headerSum: CRC-32C of the eight octets before it
 *
 *   body      record, siteA: name, siteB: name, asker: name, reason: text, client: 8, number: 8, 5a: 1
 *             (fields as in {@link MessageCodec})
 * </pre>
 *
 * <p><b>Cut off or damaged.</b> Entries are appended one at a time, each forced to the disk before the next, so a crash
 * can leave only the last one incomplete, and nobody was told of that one: it is dropped. Everything else that does not
 * check is damage to what may have been granted, and to go on without it could grant a term twice. An incomplete append
 * is recognised by what it is: the file ends within the entry, or a sector's share of it was never written and reads as
 * zeros (no share of a written entry does: its first and last octets are not zero, and no run of 512 is). A complete last
 * entry with a wrong sum is damage.
 */
public final class LogCodec {
    /** The octets of the file's head. */
    public static final int FILE_HEADER_OCTETS = 8;

    private static final long MAGIC = 0x53535749544c4732L;
    private static final int FIRST_OCTET = 0xa5;
    private static final int LAST_OCTET = 0x5a;
    private static final int HEADER_OCTETS = 12;
    private static final int MAX_BODY_OCTETS = 4096;
    private static final int SECTOR_OCTETS = 512;

    /** What a log holds. */
    public sealed interface Scan {
        /**
         * All of it checks, or all but an append that a crash cut off.
         *
         * @param entries the entries, oldest first
         * @param wholeOctets how much of the file is whole; what follows is to be cut off
         */
        record Legible(List<LogEntry> entries, int wholeOctets) implements Scan {}

        /**
         * Something that may have been granted is no longer readable.
         *
         * @param offset where
         * @param reason what is wrong
         */
        record Damaged(int offset, String reason) implements Scan {}
    }

    private LogCodec() {}

    /** Appends the head of a log file. */
    public static void encodeFileHeader(ByteBuf out) {
        out.writeLong(MAGIC);
    }

    /** Appends an entry. */
    public static void encode(LogEntry entry, ByteBuf out) {
        ByteBuf body = Unpooled.buffer(256, MAX_BODY_OCTETS);
        new FieldWriter(body)
                .record(entry.record())
                .name(entry.siteA().name())
                .name(entry.siteB().name())
                .name(entry.asker().name())
                .text(entry.reason())
                .u64(entry.request().client())
                .u64(entry.request().number())
                .u8(LAST_OCTET);
        int bodySum = sum(body, 0, body.readableBytes());
        int start = out.writerIndex();
        out.writeInt(FIRST_OCTET << 24 | body.readableBytes());
        out.writeInt(bodySum);
        out.writeInt(sum(out, start, 8));
        out.writeBytes(body);
    }

    /**
     * Reads a whole log file.
     *
     * @param file its content, from index 0
     */
    public static Scan scan(ByteBuf file) {
        int size = file.writerIndex();
        if (size < FILE_HEADER_OCTETS || file.getLong(0) != MAGIC) {
            return new Scan.Damaged(0, "this is no log of a witness");
        }
        List<LogEntry> entries = new ArrayList<>();
        int at = FILE_HEADER_OCTETS;
        while (at < size) {
            if (!whole(file, at)) {
                return cutOff(file, at)
                        ? new Scan.Legible(entries, at)
                        : new Scan.Damaged(at, "the sum of entry " + (entries.size() + 1) + " is wrong");
            }
            int length = length(file, at);
            try {
                entries.add(body(new FieldReader(file.slice(at + HEADER_OCTETS, length))));
            } catch (Malformed malformed) {
                return new Scan.Damaged(at, malformed.getMessage());
            }
            at += HEADER_OCTETS + length;
        }
        return new Scan.Legible(entries, at);
    }

    private static LogEntry body(FieldReader in) throws Malformed {
        OwnershipRecord record = in.record();
        SiteId siteA = in.site();
        SiteId siteB = in.site();
        SiteId asker = in.site();
        String reason = in.text();
        RequestId request = new RequestId(in.u64(), in.u64());
        if (in.u8() != LAST_OCTET) {
            throw new Malformed(WireFault.BAD_RECORD, "the last octet is wrong");
        }
        in.end();
        try {
            return new LogEntry(record, siteA, siteB, asker, reason, request);
        } catch (IllegalArgumentException e) {
            throw new Malformed(WireFault.BAD_RECORD, e.getMessage());
        }
    }

    private static boolean headerWhole(ByteBuf file, int at) {
        return file.writerIndex() - at >= HEADER_OCTETS
                && file.getUnsignedByte(at) == FIRST_OCTET
                && length(file, at) >= 1
                && length(file, at) <= MAX_BODY_OCTETS
                && sum(file, at, 8) == file.getInt(at + 8);
    }

    private static int length(ByteBuf file, int at) {
        return file.getInt(at) & 0xffffff;
    }

    private static boolean whole(ByteBuf file, int at) {
        if (!headerWhole(file, at)) {
            return false;
        }
        int length = length(file, at);
        return length <= file.writerIndex() - at - HEADER_OCTETS
                && sum(file, at + HEADER_OCTETS, length) == file.getInt(at + 4);
    }

    private static boolean cutOff(ByteBuf file, int at) {
        int size = file.writerIndex();
        int left = size - at;
        if (left > HEADER_OCTETS + MAX_BODY_OCTETS) {
            return false;
        }
        int needed = headerWhole(file, at) ? HEADER_OCTETS + length(file, at) : HEADER_OCTETS;
        if (headerWhole(file, at) && left > needed) {
            return false;
        }
        return left < needed || hasUnwrittenSector(file, at);
    }

    private static boolean hasUnwrittenSector(ByteBuf file, int from) {
        int size = file.writerIndex();
        for (int start = from; start < size; ) {
            int end = Math.min(size, (start / SECTOR_OCTETS + 1) * SECTOR_OCTETS);
            if (file.forEachByte(start, end - start, octet -> octet == 0) < 0) {
                return true;
            }
            start = end;
        }
        return false;
    }

    private static int sum(ByteBuf octets, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(octets.nioBuffer(from, length));
        return (int) crc.getValue();
    }
}
