package org.secondsite.buffer;

import org.secondsite.config.EpochId;

/**
 * The figures of one protected VM. Packets are frames as the port delivers them: a segmentation-offload frame counts
 * once. Bytes are those of the frames, without the buffer's own headers.
 *
 * @param state what happens to its output now
 * @param term the highest term that a command for it has borne
 * @param heldPackets packets that arrived and have neither left nor been discarded
 * @param heldBytes their bytes
 * @param heldMemoryBytes what they take from the VM's quota, with headers and padding
 * @param releasedPackets packets handed to the way out
 * @param releasedBytes their bytes
 * @param discardedPackets held packets thrown away by a fence or the end
 * @param droppedClosed packets that arrived while CLOSED
 * @param droppedQuota packets that found the VM's quota used up: the hard limit
 * @param droppedPool packets that found no free chunk in the common pool, or were longer than the buffer takes
 * @param droppedSpoofed packets with a source address that is not the VM's
 * @param droppedRelease released packets that the way out refused for good, such as one longer than its MTU
 * @param sealedEpochs how many sealed epochs wait for a commit
 * @param oldestSealed the oldest of them; {@link EpochId#NONE} when there is none
 * @param lastSealed the last epoch sealed; {@link EpochId#NONE} before the first
 * @param lastCommitted the last epoch released by a commit; {@link EpochId#NONE} before the first
 * @param refusedCommands commands refused for a stale term or an id that does not grow
 * @param oldestNanos when the oldest packet arrived that waits for a commit, on the port's monotonic clock; 0 when none waits
 * @param lostBytes the bytes of discarded and dropped packets
 */
public record VmCounters(
        VmState state,
        long term,
        long heldPackets,
        long heldBytes,
        long heldMemoryBytes,
        long releasedPackets,
        long releasedBytes,
        long discardedPackets,
        long droppedClosed,
        long droppedQuota,
        long droppedPool,
        long droppedSpoofed,
        long droppedRelease,
        int sealedEpochs,
        EpochId oldestSealed,
        EpochId lastSealed,
        EpochId lastCommitted,
        long refusedCommands,
        long oldestNanos,
        LostBytes lostBytes) {

    /** Every packet of this VM that was lost on purpose or by overflow, except those that a fence discarded. */
    public long dropped() {
        return droppedClosed + droppedQuota + droppedPool + droppedSpoofed + droppedRelease;
    }
}
