package org.secondsite.replicator;

import java.util.List;

/**
 * What one epoch does to one volume: zeros first, then blocks.
 *
 * @param volume the volume's index among those of its VM, 0 to {@link #MAX_VOLUMES} - 1
 * @param zeros ranges that become zeros, ascending and disjoint
 * @param blocks the blocks that are written after that
 */
public record VolumeChanges(int volume, List<BlockRange> zeros, PageSet blocks) implements AutoCloseable {
    /** The most volumes that a VM may have. */
    public static final int MAX_VOLUMES = 8;

    /** Checks and copies its parts. */
    public VolumeChanges {
        if (volume < 0 || volume >= MAX_VOLUMES) {
            throw new IllegalArgumentException("volume " + volume);
        }
        zeros = List.copyOf(zeros);
    }

    /** Gives the memory of the blocks back. */
    @Override
    public void close() {
        blocks.close();
    }
}
