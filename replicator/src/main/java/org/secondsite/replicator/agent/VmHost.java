package org.secondsite.replicator.agent;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.MachineParts;

/**
 * The place of one VM on this host: either the VM is here and has a {@link VmDriver}, or there may be a replica of its RAM
 * from which it can be started.
 *
 * <p>One thread calls. Closing lets go of everything and stops nothing.
 */
public interface VmHost extends AutoCloseable {
    /** The VM's name. */
    VmId vm();

    /** The size of its RAM in bytes. */
    long ramBytes();

    /** What can be done for it, beyond what the protocol's version asks for. */
    default Set<Capability> capabilities() {
        return Set.of(Capability.TERMS);
    }

    /** What the hypervisor may take to answer, start or end, at worst, in seconds. */
    default int patienceSeconds() {
        return 30;
    }

    /**
     * Takes hold of the VM if it is here. A VM that an earlier agent left paused in the middle of a checkpoint is made to run
     * again; one that an operator paused stays paused.
     *
     * @return the VM, or empty if it is not here
     * @throws IOException if it is here but cannot be driven, with the reason
     */
    Optional<VmDriver> attach() throws IOException, InterruptedException;

    /**
     * Makes the memory for a replica, all zeros, of {@link #ramBytes()}; an earlier replica is gone with it.
     *
     * @throws IOException if there is no memory for it
     */
    MemorySegment createReplica() throws IOException, InterruptedException;

    /**
     * A whole image is in the replica's memory: has what can be done ahead for {@link #activate} done. The VM does not run.
     *
     * @throws IOException if the VM could not be started here, with the reason
     */
    default void standBy() throws IOException, InterruptedException {}

    /**
     * What the VM would be made of that {@link #activate} starts; empty if that is not known. It may be started to find out, and ended again.
     *
     * @throws IOException if the VM could not be started here, with the reason
     */
    default Optional<MachineParts> machine() throws IOException, InterruptedException {
        return Optional.empty();
    }

    /** Gives the replica's memory back, if there is a replica. */
    void forgetReplica() throws IOException, InterruptedException;

    /**
     * Starts the VM from the replica; it runs when this returns.
     *
     * @param deviceState the device state that belongs to the replica's RAM
     * @throws SpentReplicaException if it may have run for a moment; it does not any more
     * @throws IOException if it cannot be started; then it does not run, and the replica is as it was
     */
    VmDriver activate(byte[] deviceState) throws IOException, InterruptedException;

    /**
     * Kills whatever is left of the VM, but not what waits for {@link #activate}. When this returns it is verified that nothing else runs here.
     *
     * @throws IOException if that cannot be verified
     */
    default void endOthers(String reason) throws IOException, InterruptedException {
        kill(reason);
    }

    /**
     * Kills the VM. When this returns it is verified that nothing of it runs here.
     *
     * @throws IOException if that cannot be verified
     */
    void kill(String reason) throws IOException, InterruptedException;

    @Override
    void close();
}
