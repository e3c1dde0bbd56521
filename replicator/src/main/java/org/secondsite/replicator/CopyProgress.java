package org.secondsite.replicator;

import java.util.List;

/**
 * How far a copy of a VM's disks is, as its owner's agent knows it.
 *
 * @param missingBlocks the blocks of 4096 bytes that each disk may still have to bring, disk by disk in the order of their index, at
 *     most {@link VolumeChanges#MAX_VOLUMES}
 * @param limitBytesPerSecond what the copy may bring in a second, 0 if that is not limited
 */
public record CopyProgress(List<Integer> missingBlocks, long limitBytesPerSecond) {
    /** Checks and copies its parts. */
    public CopyProgress {
        missingBlocks = List.copyOf(missingBlocks);
        if (missingBlocks.isEmpty() || missingBlocks.size() > VolumeChanges.MAX_VOLUMES) {
            throw new IllegalArgumentException("a copy of " + missingBlocks.size() + " disks");
        }
        if (missingBlocks.stream().anyMatch(blocks -> blocks < 0)) {
            throw new IllegalArgumentException("missing blocks " + missingBlocks);
        }
        if (limitBytesPerSecond < 0) {
            throw new IllegalArgumentException("a limit of " + limitBytesPerSecond + " bytes/s");
        }
    }

    /** Whether nothing is missing. */
    public boolean isComplete() {
        return missingBlocks.stream().allMatch(blocks -> blocks == 0);
    }
}
