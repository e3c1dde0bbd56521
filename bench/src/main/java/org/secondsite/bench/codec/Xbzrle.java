package org.secondsite.bench.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.trace.RamImage;

/**
 * The rule of QEMU's XBZRLE: of a page that was sent before, runs of equal bytes and runs of others, their lengths in LEB128,
 * the others' bytes behind theirs. A page that does not get smaller is sent whole, one that is equal not at all, as is the
 * device state. Records bear QEMU's headers: 8 bytes for the address, 3 more for an encoded page.
 *
 * <pre>
 * | equal bytes n | other bytes n | other bytes ... | equal bytes n | ...   a run of equal bytes at the end is left out
 * </pre>
 */
public final class Xbzrle implements PageCoder {
    private static final int ADDRESS_BYTES = 8;
    private static final int HEADER_BYTES = 3;

    private final byte[] page = new byte[PageSet.PAGE_BYTES];
    private final byte[] old = new byte[PageSet.PAGE_BYTES];
    private final byte[] out = new byte[PageSet.PAGE_BYTES];
    private RamImage ram;
    private boolean[] sent;

    @Override
    public long encode(Epoch epoch) {
        if (ram == null) {
            ram = new RamImage(epoch.header().ramBytes());
            sent = new boolean[epoch.header().ramPages()];
        }
        PageSet pages = epoch.pages();
        long bytes = epoch.deviceState().length;
        for (int i = 0; i < pages.count(); i++) {
            bytes += recordBytes(pages, i);
            sent[pages.number(i)] = true;
        }
        ram.apply(pages);
        return bytes;
    }

    private long recordBytes(PageSet pages, int index) {
        int number = pages.number(index);
        if (pages.isZero(index)) {
            return ADDRESS_BYTES + 1L;
        }
        if (!sent[number]) {
            return ADDRESS_BYTES + (long) PageSet.PAGE_BYTES;
        }
        copy(pages.content(index), page);
        copy(ram.page(number), old);
        int length = encode(old, page, out);
        return switch (length) {
            case 0 -> 0;
            case -1 -> ADDRESS_BYTES + (long) PageSet.PAGE_BYTES;
            default -> ADDRESS_BYTES + HEADER_BYTES + (long) length;
        };
    }

    /** Encodes a page; returns the length, 0 if nothing differs, -1 if {@code out} has no room. */
    static int encode(byte[] old, byte[] page, byte[] out) {
        int at = 0;
        int length = 0;
        while (at < page.length) {
            int different = Arrays.mismatch(old, at, old.length, page, at, page.length);
            if (different < 0) {
                return length;
            }
            int start = at + different;
            int end = start;
            while (end < page.length && old[end] != page[end]) {
                end++;
            }
            int run = end - start;
            if (length + 4 + run > out.length) {
                return -1;
            }
            length = putLeb128(out, length, different);
            length = putLeb128(out, length, run);
            System.arraycopy(page, start, out, length, run);
            length += run;
            at = end;
        }
        return length;
    }

    private static int putLeb128(byte[] out, int at, int number) {
        if (number < 0x80) {
            out[at] = (byte) number;
            return at + 1;
        }
        out[at] = (byte) ((number & 0x7f) | 0x80);
        out[at + 1] = (byte) (number >>> 7);
        return at + 2;
    }

    private static void copy(MemorySegment from, byte[] into) {
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, into, 0, into.length);
    }

    @Override
    public void close() {
        if (ram != null) {
            ram.close();
        }
    }
}
