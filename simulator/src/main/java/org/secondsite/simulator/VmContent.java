package org.secondsite.simulator;

import java.nio.ByteBuffer;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;

/**
 * What an epoch of a simulated VM says: all that the VM is. It travels in the device state.
 *
 * @param lineage which life of it, as {@link SafetyChecks} counts them
 * @param state how much it has done
 * @param changed the chunks of the disk that the epoch brings, a bit each; what the others are is for the check alone
 * @param disk what was written last to each of them
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record VmContent(int lineage, long state, long changed, long[] disk) {
    /** Why an epoch is not applied that relies on what was never said. */
    static final String NOT_SAID = "what the disks are was said for another chain";

    /** That of no epoch. */
    static final VmContent NONE = new VmContent(0, 0, 0, new long[SimulatedVmDisk.CHUNKS]);

    static VmContent of(Epoch epoch) {
        ByteBuffer bytes = ByteBuffer.wrap(epoch.deviceState());
        int lineage = bytes.getInt();
        long state = bytes.getLong();
        long changed = bytes.getLong();
        long[] disk = new long[SimulatedVmDisk.CHUNKS];
        bytes.asLongBuffer().get(disk);
        return new VmContent(lineage, state, changed, disk);
    }

    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + (2 + disk.length) * Long.BYTES)
                .putInt(lineage)
                .putLong(state)
                .putLong(changed);
        bytes.asLongBuffer().put(disk);
        return bytes.array();
    }

    /** The same, of which these chunks are brought. */
    VmContent changing(long chunks) {
        return new VmContent(lineage, state, chunks, disk);
    }

    long disk(int chunk) {
        return disk[chunk];
    }

    boolean changes(int chunk) {
        return (changed & 1L << chunk) != 0;
    }

    void keptAt(SafetyChecks checks) {
        checks.kept(lineage, state);
    }

    /**
     * Whether a standby that refuses an epoch loses an image. One that has started anew has none: it refuses a chain that began upon
     * what its former life had said, and what follows of it.
     */
    static boolean isLost(String refusal, EpochHeader header, EpochId replica) {
        boolean follows = !header.isFull() && replica.equals(EpochId.NONE);
        return !follows && !refusal.equals(NOT_SAID);
    }
}
