package org.secondsite.replicator.codec;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.secondsite.replicator.PageSet;

/**
 * Working memory for one block at a time: about 1.5 MiB, shared by all encoders and decoders of a thread.
 */
public final class CodecBuffers {
    private final PageDelta.Coder coder = new PageDelta.Coder();
    private final ByteBuffer pageTable = ByteBuffer.allocate(EpochBlock.MAX_PAGES * VarInt.MAX_INT_BYTES);
    private final ByteBuffer deviceTable = ByteBuffer.allocate(EpochBlock.MAX_DEVICE_PAGES);
    private final ByteBuffer plain = ByteBuffer.allocateDirect(EpochBlock.MAX_PLAIN_BYTES);
    private final MemorySegment devicePage = Arena.ofAuto().allocate(PageSet.PAGE_BYTES, PageSet.PAGE_BYTES);

    /** New working memory; it goes when nothing refers to it. */
    public CodecBuffers() {}

    PageDelta.Coder coder() {
        return coder;
    }

    ByteBuffer pageTable() {
        return pageTable;
    }

    ByteBuffer deviceTable() {
        return deviceTable;
    }

    ByteBuffer plain() {
        return plain;
    }

    /** A page of the device state, filled up with zeros. It lies outside the heap as all pages do. */
    MemorySegment devicePage(byte[] device, int page) {
        int from = page * PageSet.PAGE_BYTES;
        int length = Math.min(PageSet.PAGE_BYTES, device.length - from);
        MemorySegment.copy(device, from, devicePage, ValueLayout.JAVA_BYTE, 0, length);
        devicePage.asSlice(length).fill((byte) 0);
        return devicePage;
    }
}
