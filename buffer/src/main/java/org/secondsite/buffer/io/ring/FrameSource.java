package org.secondsite.buffer.io.ring;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.secondsite.buffer.LentBlocks;

/**
 * The receiving end of a port: what the VM-facing interface hears, frame by frame.
 *
 * <p>Of one thread, except {@link #wake} and {@link #drops}. A frame is valid until the next call of {@link #next},
 * unless it has been lent: then its memory is used anew only when {@link LentBlocks#free} says so.
 * It stands with {@link #headerBytes} of the port's own header before its Ethernet header, VLAN tags included; the
 * sending end of the same kind takes it back in this form.
 */
public interface FrameSource extends AutoCloseable {
    /** Bytes of the port's own header before each frame: 10 with a virtio-net header, or 0. */
    int headerBytes();

    /** Goes to the next frame. False when none is there now. */
    boolean next();

    /** Where the frame is. */
    MemorySegment memory();

    /** The memory that frames may stay in; {@link LentBlocks#NONE} when they cannot. */
    LentBlocks lent();

    /** Whether the frame just read may stay where it is. False while the port's memory is scarce. */
    boolean lends();

    /**
     * When more of the port's memory is taken than may be lent: the block that has been taken longest,
     * from which lent frames should be moved away; otherwise -1.
     */
    int scarceBlock();

    /** Whether the port is about to lose frames for want of memory. */
    boolean nearlyFull();

    /** The first byte of the port's header in {@link #memory()}. */
    long offset();

    /** The length of header and frame together. */
    int bytes();

    /** Waits for a frame, for {@link #wake}, or for this time, whichever is first. May return early. */
    void await(int timeoutMillis);

    /** Ends {@link #await}, now or the next one. Any thread. */
    void wake();

    /**
     * Binds to the interface anew if another one has its name now.
     *
     * @throws IOException if there is none
     */
    void rebind() throws IOException;

    /** Frames that the kernel lost before this port saw them. Any thread. */
    long drops();

    /** Frames that were skipped because they came cut off. Any thread. */
    long truncated();

    @Override
    void close();
}
