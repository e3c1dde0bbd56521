package org.secondsite.lab.wan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A fixed number of slots of {@link #SLOT_BYTES} bytes in one block of memory that the owner passes in. The last slot given
 * back is the next one taken, so a quiet emulator touches little memory. Not thread-safe.
 */
public final class FramePool {
    /** Enough for an Ethernet frame of MTU 1500 with VLAN tags; larger frames are not carried. */
    public static final int SLOT_BYTES = 2048;

    /** What {@link #take} answers when all slots are in use. */
    public static final int NONE = -1;

    private final MemorySegment memory;
    private final int[] free;
    private int freeCount;

    /** All of the memory in slots. */
    public FramePool(MemorySegment memory) {
        this.memory = memory;
        free = new int[Math.toIntExact(memory.byteSize() / SLOT_BYTES)];
        freeCount = free.length;
        for (int i = 0; i < free.length; i++) {
            free[i] = free.length - 1 - i;
        }
    }

    /** A slot, or {@link #NONE}. */
    public int take() {
        return freeCount == 0 ? NONE : free[--freeCount];
    }

    /** Gives a slot back. */
    public void release(int slot) {
        free[freeCount++] = slot;
    }

    /** Slots that can be taken. */
    public int available() {
        return freeCount;
    }

    /** The bytes of a slot. */
    public MemorySegment bytes(int slot) {
        return memory.asSlice((long) slot * SLOT_BYTES, SLOT_BYTES);
    }

    /** Where a slot starts in the block, in bytes. */
    public static long offset(int slot) {
        return (long) slot * SLOT_BYTES;
    }

    int copyOf(int slot, int lengthBytes) {
        int copy = take();
        if (copy != NONE) {
            MemorySegment.copy(memory, offset(slot), memory, offset(copy), lengthBytes);
        }
        return copy;
    }

    /** The 48 bits at an offset of the frame. */
    long mac(int slot, int offset) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = (mac << 8) | (byteAt(slot, offset + i) & 0xff);
        }
        return mac;
    }

    private byte byteAt(int slot, int offset) {
        return memory.get(ValueLayout.JAVA_BYTE, offset(slot) + offset);
    }

    void flipBit(int slot, int offset, int bit) {
        memory.set(ValueLayout.JAVA_BYTE, offset(slot) + offset, (byte) (byteAt(slot, offset) ^ (1 << bit)));
    }
}
