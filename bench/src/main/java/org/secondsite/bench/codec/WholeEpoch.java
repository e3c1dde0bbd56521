package org.secondsite.bench.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.trace.RamImage;

/**
 * Page numbers, contents and device state of an epoch in one buffer, compressed as a whole; on demand contents and device
 * state are XORed with their last version first, for which the whole RAM is kept.
 */
public final class WholeEpoch implements PageCoder {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Compressor compressor;
    private final boolean xor;
    private RamImage ram;
    private byte[] device = {};
    private ByteBuffer plain = ByteBuffer.allocateDirect(0);
    private ByteBuffer coded = ByteBuffer.allocateDirect(0);

    /** With or without XOR. */
    public WholeEpoch(Compressor compressor, boolean xor) {
        this.compressor = compressor;
        this.xor = xor;
    }

    @Override
    public long encode(Epoch epoch) {
        PageSet pages = epoch.pages();
        int bytes = Math.toIntExact(epoch.plainBytes() + (long) pages.count() * Integer.BYTES);
        reserve(bytes);
        if (xor && ram == null) {
            ram = new RamImage(epoch.header().ramBytes());
        }
        plain.clear();
        for (int i = 0; i < pages.count(); i++) {
            plain.putInt(pages.isZero(i) ? ~pages.number(i) : pages.number(i));
        }
        MemorySegment target = MemorySegment.ofBuffer(plain.duplicate().clear());
        for (int i = 0; i < pages.count(); i++) {
            if (!pages.isZero(i)) {
                putPage(target, pages, i);
            }
        }
        if (xor) {
            ram.apply(pages);
        }
        putDevice(epoch.deviceState());
        coded.clear();
        return compressor.compress(plain.flip(), coded);
    }

    @Override
    public void close() {
        if (ram != null) {
            ram.close();
        }
    }

    private void putPage(MemorySegment target, PageSet pages, int index) {
        MemorySegment content = pages.content(index);
        long at = plain.position();
        if (xor) {
            MemorySegment old = ram.page(pages.number(index));
            for (int offset = 0; offset < PageSet.PAGE_BYTES; offset += Long.BYTES) {
                target.set(WORD, at + offset, content.get(WORD, offset) ^ old.get(WORD, offset));
            }
        } else {
            MemorySegment.copy(content, 0, target, at, PageSet.PAGE_BYTES);
        }
        plain.position(plain.position() + PageSet.PAGE_BYTES);
    }

    private void putDevice(byte[] state) {
        if (xor) {
            byte[] difference = state.clone();
            for (int i = 0; i < Math.min(state.length, device.length); i++) {
                difference[i] ^= device[i];
            }
            plain.put(difference);
            device = state;
        } else {
            plain.put(state);
        }
    }

    private void reserve(int bytes) {
        if (plain.capacity() < bytes) {
            plain = ByteBuffer.allocateDirect(bytes);
            coded = ByteBuffer.allocateDirect(Math.toIntExact(compressor.compressBound(bytes)));
        }
    }
}
