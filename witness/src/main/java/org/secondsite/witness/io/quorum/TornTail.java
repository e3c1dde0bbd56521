package org.secondsite.witness.io.quorum;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts off what a power failure left of an append to Ratis's open log segment, so that the node can start.
 *
 * <pre>
 *   segment   "RaftLog1": 8, entries, zeros (preallocated)
 *   entry     length: varint, LogEntryProto: length, CRC-32C of both: 4
 * </pre>
 *
 * Ratis itself drops an entry that the file ends within, but takes an entry that stands in preallocated space and was written
 * in part for damage. The two can be told apart: of the last entry a sector's share was never written and reads as zeros, and
 * nothing but zeros follows. It was not forced, so nobody was told of it. Everything else that does not check is damage to
 * what may have been acknowledged, is left as it is, and stops the start.
 */
final class TornTail {
    private static final Logger LOG = LoggerFactory.getLogger(TornTail.class);
    private static final int HEADER_OCTETS = 8;
    private static final int SUM_OCTETS = 4;
    private static final int SECTOR_OCTETS = 512;
    private static final int LARGEST_ENTRY_OCTETS = 64 << 10;
    private static final int LARGEST_SEGMENT_OCTETS = 16 << 20;

    private TornTail() {}

    /**
     * Looks at the open segment of every group in Ratis's directory.
     *
     * @throws IOException if a file cannot be read or cut
     */
    static void cut(Path directory) throws IOException {
        List<Path> segments;
        try (Stream<Path> files = Files.find(directory, 3, (file, attributes) -> file.getFileName()
                .toString()
                .startsWith("log_inprogress_"))) {
            segments = files.toList();
        }
        for (Path segment : segments) {
            if (Files.size(segment) > LARGEST_SEGMENT_OCTETS) {
                throw new IOException(
                        segment + " has " + Files.size(segment) + " octets, more than a segment can have");
            }
            byte[] content = Files.readAllBytes(segment);
            int whole = tornAt(content);
            if (whole >= 0) {
                LOG.warn("{}: an append that was cut off at octet {}, and never answered, is dropped", segment, whole);
                try (FileChannel file = FileChannel.open(segment, StandardOpenOption.WRITE)) {
                    file.truncate(whole);
                    file.force(true);
                }
            }
        }
    }

    /** Where the append begins that was cut off; -1 if there is none. */
    static int tornAt(byte[] file) {
        int end = file.length;
        while (end > 0 && file[end - 1] == 0) {
            end--;
        }
        int at = HEADER_OCTETS;
        while (at < end) {
            int next = nextEntry(file, at);
            if (next < 0) {
                return hasUnwrittenSector(file, at, end) && end - at <= LARGEST_ENTRY_OCTETS ? at : -1;
            }
            at = next;
        }
        return -1;
    }

    /** Where the next entry begins; -1 if this one does not check. */
    private static int nextEntry(byte[] file, int at) {
        int length = 0;
        int shift = 0;
        int start = at;
        while (start < file.length && shift <= 28) {
            byte octet = file[start++];
            length |= (octet & 0x7f) << shift;
            if (octet >= 0) {
                break;
            }
            shift += 7;
        }
        if (length <= 0 || length > file.length - start - SUM_OCTETS) {
            return -1;
        }
        CRC32C crc = new CRC32C();
        crc.update(file, at, start - at + length);
        int sum = ByteBuffer.wrap(file, start + length, SUM_OCTETS).getInt();
        return sum == (int) crc.getValue() ? start + length + SUM_OCTETS : -1;
    }

    /** Whether the entry that begins at {@code from} lacks a sector: either a share of it within, or all after its last octet. */
    private static boolean hasUnwrittenSector(byte[] file, int from, int end) {
        for (int start = from; start < end; ) {
            int stop = Math.min(file.length, (start / SECTOR_OCTETS + 1) * SECTOR_OCTETS);
            boolean zeros = true;
            for (int i = start; i < stop; i++) {
                zeros &= file[i] == 0;
            }
            if (zeros) {
                return true;
            }
            start = stop;
        }
        int claimed = claimedEnd(file, from);
        return claimed > 0 && claimed / SECTOR_OCTETS > (end - 1) / SECTOR_OCTETS;
    }

    /** Where the entry says that it ends, its sum included; 0 if it does not say. */
    private static int claimedEnd(byte[] file, int at) {
        int length = 0;
        for (int i = 0; i < 5 && at + i < file.length; i++) {
            length |= (file[at + i] & 0x7f) << (7 * i);
            if (file[at + i] >= 0) {
                return length <= 0 || length > LARGEST_ENTRY_OCTETS ? 0 : at + i + 1 + length + SUM_OCTETS;
            }
        }
        return 0;
    }
}
