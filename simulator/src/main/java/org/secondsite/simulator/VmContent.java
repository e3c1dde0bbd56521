package org.secondsite.simulator;

import java.nio.ByteBuffer;
import org.secondsite.replicator.Epoch;

/**
 * What an epoch of a simulated VM says: all that the VM is.
 *
 * @param lineage which life of it, as {@link SafetyChecks} counts them
 * @param state how much it has done
 * @param blocks what its disk has been written
 */
record VmContent(int lineage, long state, long blocks) {
    static VmContent of(Epoch epoch) {
        ByteBuffer bytes = ByteBuffer.wrap(epoch.deviceState());
        return new VmContent(bytes.getInt(), bytes.getLong(), bytes.getLong());
    }

    byte[] bytes(long written) {
        return ByteBuffer.allocate(Integer.BYTES + 2 * Long.BYTES)
                .putInt(lineage)
                .putLong(state)
                .putLong(written)
                .array();
    }

    void keptAt(SafetyChecks checks) {
        checks.kept(lineage, state);
    }
}
