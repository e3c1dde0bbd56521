package org.secondsite.buffer;

/**
 * How much an {@link EpochBuffer} may hold.
 *
 * @param chunkBytes the unit in which VMs take memory from the pool: a power of two, 4 KiB to 16 MiB
 * @param perVmBytes the most that one VM may hold, headers and padding included
 * @param frameBytes the longest record that is taken, with whatever header the port puts before the frame
 */
public record BufferLimits(int chunkBytes, long perVmBytes, int frameBytes) {
    /** A segmentation-offload frame of 64 KiB, its VLAN-tagged Ethernet header, a virtio-net header, and some room. */
    public static final int MAX_FRAME_BYTES = (64 << 10) + 64;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a figure is out of its range
     */
    public BufferLimits {
        if (Integer.bitCount(chunkBytes) != 1 || chunkBytes < 4 << 10 || chunkBytes > 16 << 20) {
            throw new IllegalArgumentException("a chunk of " + chunkBytes + " bytes is not a power of two in 4K..16M");
        }
        if (frameBytes < 64 || frameBytes > 1 << 20) {
            throw new IllegalArgumentException("a longest frame of " + frameBytes + " bytes is not within 64..1M");
        }
        if (perVmBytes < frameBytes + 16L || perVmBytes > 1L << 36) {
            throw new IllegalArgumentException(
                    "a quota of " + perVmBytes + " bytes per VM is not within one frame..64G");
        }
    }

    /** Chunks of 64 KiB, frames up to {@link #MAX_FRAME_BYTES}. */
    public static BufferLimits perVm(long perVmBytes) {
        return new BufferLimits(64 << 10, perVmBytes, MAX_FRAME_BYTES);
    }

    /** The most chunks that one VM can occupy: its quota may begin and end inside a chunk. */
    int perVmChunks() {
        return Math.toIntExact((perVmBytes + chunkBytes - 1) / chunkBytes + 1);
    }
}
