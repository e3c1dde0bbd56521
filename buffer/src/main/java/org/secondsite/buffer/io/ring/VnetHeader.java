package org.secondsite.buffer.io.ring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The header that carries a frame's unfinished work between kernel and user space ({@code linux/virtio_net.h}, in the
 * machine's byte order on packet sockets).
 *
 * <pre>
 *   0       1          2         4          6            8             10
 *  +-------+----------+---------+----------+------------+-------------+
 *  | flags | gso type | hdr len | gso size | csum start | csum offset |
 *  +-------+----------+---------+----------+------------+-------------+
 *   flag 1: the checksum from csum start on is still to be put at csum start + csum offset
 * </pre>
 */
final class VnetHeader {
    private static final int FLAGS = 0;
    private static final int GSO_TYPE = 1;
    private static final int HEADER_LENGTH = 2;
    private static final int CHECKSUM_START = 6;
    private static final int NEEDS_CHECKSUM = 1;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private VnetHeader() {}

    /** The frame behind the header at {@code at} has grown at its front by so many bytes. */
    static void shift(MemorySegment memory, long at, int bytes) {
        if (memory.get(ValueLayout.JAVA_BYTE, at + GSO_TYPE) != 0) {
            add(memory, at + HEADER_LENGTH, bytes);
        }
        if ((memory.get(ValueLayout.JAVA_BYTE, at + FLAGS) & NEEDS_CHECKSUM) != 0) {
            add(memory, at + CHECKSUM_START, bytes);
        }
    }

    private static void add(MemorySegment memory, long at, int bytes) {
        memory.set(SHORT, at, (short) (memory.get(SHORT, at) + bytes));
    }
}
