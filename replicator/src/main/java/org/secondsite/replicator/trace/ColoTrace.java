package org.secondsite.replicator.trace;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/**
 * Reads the epochs out of a recorded COLO exchange of QEMU: first the whole RAM of the initial migration, then one epoch for
 * each checkpoint.
 *
 * <pre>
 * initial migration   "QEVM" u32, version u32, then sections:
 *   7 configuration   | length u32 | bytes |
 *   8 command         | command u16 | length u16 | bytes |
 *   1 start, 2 part, 3 end of a section with RAM
 *                     | section u32 | start only: name length u8, name, instance u32, version u32 | RAM records | 0x7e | section u32 |
 *   4 full            the device state; with it the migration ends when the standby answers
 * checkpoint          | REQUEST u32 = 1 | SEND u32 = 3 | RAM sections as above, without start | 0 | SIZE u32 = 4 | length u64 | device state |
 * RAM record          | address and flags u64 | unless flag 0x20: name length u8, name of the block | content |
 *   flag 0x04         the address is the sum of all blocks' sizes, and the list of blocks follows: name length u8, name, size u64
 *   flag 0x02         one byte, which fills the page; flag 0x08: 4096 bytes; flag 0x10: end of the records
 * </pre>
 *
 * <p>Blocks (RAM, BIOS, tables) are laid one behind the other into one space of page numbers.
 */
public final class ColoTrace {
    static final int QEVM = 0x5145564d;
    static final int SECTION_START = 1;
    static final int SECTION_END = 3;
    static final int SECTION_FULL = 4;
    private static final int CONFIGURATION = 7;
    private static final int COMMAND = 8;
    static final int FOOTER = 0x7e;
    static final int FLAG_FILL = 0x02;
    static final int FLAG_SIZES = 0x04;
    static final int FLAG_PAGE = 0x08;
    static final int FLAG_END = 0x10;
    static final int FLAG_SAME_BLOCK = 0x20;
    private static final int FLAGS = PageSet.PAGE_BYTES - 1;
    static final int REQUEST = 1;
    static final int SEND = 3;
    static final int SIZE = 4;
    private static final int MAX_DEVICE_BYTES = 64 << 20;
    private static final byte[] ZERO_PAGE = new byte[PageSet.PAGE_BYTES];

    /** A checkpoint of the recording. */
    public record Recorded(Epoch epoch, long recordedBytes) {}

    private final VmId vm;
    private final RecordedBytes in;
    private final Map<String, Integer> firstPages = new LinkedHashMap<>();
    private final SortedMap<Integer, byte[]> pages = new TreeMap<>();
    private String block = "";
    private int ramPages;
    private EpochId last = EpochId.NONE;
    private long recordedBytes;

    /** Over the recording, not compressed. The caller closes it. */
    public ColoTrace(VmId vm, InputStream in) {
        this.vm = vm;
        this.in = new RecordedBytes(in);
    }

    /**
     * The next epoch: first the full image, which has no device state, then the checkpoints.
     *
     * @return empty at the end of the recording, or where it breaks off within a checkpoint
     * @throws TraceFormatException if the recording does not follow the format
     * @throws IOException if it cannot be read
     */
    public Optional<Recorded> next() throws IOException {
        pages.clear();
        recordedBytes = 0;
        try {
            if (last.equals(EpochId.NONE)) {
                readMigration();
                return Optional.of(epoch(new byte[0]));
            }
            if (!in.hasNext()) {
                return Optional.empty();
            }
            return Optional.of(epoch(readCheckpoint()));
        } catch (EOFException e) {
            return Optional.empty();
        }
    }

    private Recorded epoch(byte[] device) throws TraceFormatException {
        if (ramPages == 0) {
            throw new TraceFormatException("no block of RAM");
        }
        EpochId id = last.equals(EpochId.NONE) ? new EpochId(1, 1) : last.next();
        PageSet.Builder builder = PageSet.builder();
        pages.forEach((number, content) -> builder.add(number, ByteBuffer.wrap(content)));
        EpochHeader header = new EpochHeader(vm, id, last, (long) ramPages * PageSet.PAGE_BYTES);
        last = id;
        return new Recorded(new Epoch(header, builder.build(), device), recordedBytes);
    }

    private void readMigration() throws IOException {
        expect(QEVM, in.u32(), "magic");
        in.u32();
        while (true) {
            int type = in.u8();
            switch (type) {
                case CONFIGURATION -> in.skip(Integer.toUnsignedLong(in.u32()));
                case COMMAND -> {
                    in.u16();
                    in.skip(in.u16());
                }
                case SECTION_FULL -> {
                    while (!in.isAnswered()) {
                        in.u8();
                    }
                    return;
                }
                default -> readSection(type);
            }
        }
    }

    private byte[] readCheckpoint() throws IOException {
        expect(REQUEST, in.u32(), "REQUEST");
        expect(SEND, in.u32(), "SEND");
        for (int type = in.u8(); type != 0; type = in.u8()) {
            readSection(type);
        }
        expect(SIZE, in.u32(), "SIZE");
        long length = in.u64();
        if (length < 0 || length > MAX_DEVICE_BYTES) {
            throw new TraceFormatException("a device state of " + length + " bytes");
        }
        byte[] device = in.bytes((int) length);
        recordedBytes += 2 * Integer.BYTES + 1 + Integer.BYTES + Long.BYTES + length;
        return device;
    }

    private void readSection(int type) throws IOException {
        if (type < SECTION_START || type > SECTION_END) {
            throw new TraceFormatException("a section of type " + type);
        }
        int section = in.u32();
        if (type == SECTION_START) {
            name();
            in.u64();
        }
        while (readRecord()) {
            // Each record takes in one page or one list of blocks.
        }
        expect(FOOTER, in.u8(), "footer");
        expect(section, in.u32(), "section");
        recordedBytes += 1 + Integer.BYTES + 1 + Integer.BYTES;
    }

    private boolean readRecord() throws IOException {
        long head = in.u64();
        recordedBytes += Long.BYTES;
        int flags = (int) head & FLAGS;
        long address = head & ~(long) FLAGS;
        if ((flags & FLAG_SIZES) != 0) {
            readSizes(address);
            return true;
        }
        if ((flags & FLAG_END) != 0) {
            return false;
        }
        if ((flags & FLAG_SAME_BLOCK) == 0) {
            block = name();
            recordedBytes += 1 + block.length();
        }
        Integer first = firstPages.get(block);
        long number = address / PageSet.PAGE_BYTES + (first == null ? 0 : first);
        if (first == null || address < 0 || number >= ramPages) {
            throw new TraceFormatException("page " + address + " of block '" + block + "'");
        }
        pages.put((int) number, readPage(flags));
        return true;
    }

    private byte[] readPage(int flags) throws IOException {
        if ((flags & FLAG_PAGE) != 0) {
            byte[] page = in.bytes(PageSet.PAGE_BYTES);
            recordedBytes += page.length;
            return page;
        }
        if ((flags & FLAG_FILL) == 0) {
            throw new TraceFormatException("a RAM record with flags " + flags);
        }
        int fill = in.u8();
        recordedBytes += 1;
        if (fill == 0) {
            return ZERO_PAGE;
        }
        byte[] page = new byte[PageSet.PAGE_BYTES];
        Arrays.fill(page, (byte) fill);
        return page;
    }

    private void readSizes(long total) throws IOException {
        for (long left = total; left > 0; ) {
            String name = name();
            long size = in.u64();
            long ramBytes = (long) ramPages * PageSet.PAGE_BYTES;
            if (size <= 0 || size > left || !EpochHeader.isRamSize(ramBytes + size)) {
                throw new TraceFormatException("block '" + name + "' has " + size + " bytes");
            }
            firstPages.put(name, ramPages);
            ramPages += (int) (size / PageSet.PAGE_BYTES);
            left -= size;
        }
    }

    private String name() throws IOException {
        return new String(in.bytes(in.u8()), StandardCharsets.US_ASCII);
    }

    private static void expect(int expected, int found, String what) throws TraceFormatException {
        if (expected != found) {
            throw new TraceFormatException("no " + what + ": " + found + " in place of " + expected);
        }
    }
}
