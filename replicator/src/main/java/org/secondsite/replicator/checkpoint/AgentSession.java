package org.secondsite.replicator.checkpoint;

import java.time.Instant;
import java.util.Optional;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;

/**
 * One attached agent for one VM, as the gateway commands it.
 *
 * <p>Every command may be called from any thread and returns at once; commands of one thread are executed in order. After
 * the session is detached they do nothing. What comes of a command is told to the {@link CheckpointListener}.
 */
public interface AgentSession {
    /** The VM that the agent stands beside. */
    VmId vm();

    /** The size of its RAM in bytes. */
    long ramBytes();

    /**
     * Whether the agent has the VM itself, running or paused by an operator: as of HELLO, and kept up to date with
     * activation, death and stop.
     */
    boolean vmRunning();

    /**
     * The last epoch that the agent's image of the RAM stands at, {@link EpochId#NONE} if it has none: at a standby the
     * replica's epoch (kept up to date with every APPLIED), at an owner the epoch that its next delta would build on (as of
     * HELLO).
     */
    EpochId applied();

    /** The agent's own words about its hypervisor, for an operator. */
    String description();

    /** When the certificate ends by which the agent has proved its host; empty if it has proved nothing. */
    default Optional<Instant> certificateEnd() {
        return Optional.empty();
    }

    /** What is spoken with the agent: the version, and what both ends can beyond that. */
    Dialect dialect();

    /** The disks beside the agent that go with the VM's epochs. */
    CarriedDisks disks();

    /** When an epoch of a VM with disks may be acknowledged by the agent's site. */
    Durability durability();

    /** The VM's output is held until its epoch is at the other site: its flushes may be answered at once. */
    void flushAtOnce();

    /** Flushes are to wait for the disk from now on. Answered by {@code disksSynced} when all that were ever answered are there. */
    void syncDisks();

    /** What the other site's agent says of its disks, for this one; not if {@link #dialect} has no such thing. */
    void ofDisks(DiskTalk talk);

    /**
     * Begin to checkpoint, at once.
     *
     * @param first the id of the first epoch; the following ones count up from it
     * @param full whether the first epoch is a full image; otherwise it is a delta on what HELLO named, or full if there is
     *     no such thing
     * @param intervalMs the time between the starts of two checkpoints, at least 1
     */
    void start(EpochId first, boolean full, int intervalMs);

    /** Change the time between the starts of two checkpoints, in milliseconds, at least 1. */
    void interval(int intervalMs);

    /** Start the next checkpoint now instead of at the end of the interval; credit still counts. */
    void checkpointNow();

    /** Number the epochs from {@code next} on, beginning with the next one that is not yet sealed. */
    void retitle(EpochId next);

    /** The packets of this epoch are sealed: the VM may run on. */
    void sealed(EpochId epoch);

    /** Flow control: everything up to {@code committed} is done with. The agent has a bounded number of epochs beyond it. */
    void credit(EpochId committed);

    /** No more checkpoints; the VM runs on. */
    void stop();

    /**
     * Checkpoint the VM to its end: pause it, and ship epochs until one was sealed while it stood still already, so that no
     * packet of it is left outside. Answered by {@code vmPaused} with that epoch; none follows it. The VM stays paused until
     * {@link #resumeVm}, {@link #stopVm}, or the end of the session: without its gateway it runs on.
     */
    void pauseVm();

    /** Let the VM run on that {@link #pauseVm} stopped, or was about to; checkpoints go on. */
    void resumeVm();

    /** This term is in force in the VM's group, to be remembered; not said to an agent that cannot. */
    void inForce(long term);

    /** The fence: kill the VM's process now. Answered by {@code vmStopped}, or {@code failed} if it cannot be verified. */
    void stopVm(String reason);

    /**
     * Ship an epoch to a standby's replica. The session owns the epoch from here on and closes it. Answered by
     * {@code applied}, or by {@code failed} if it does not follow what the replica holds.
     */
    void apply(Epoch epoch);

    /**
     * Start the VM from the replica, after everything that was given to {@link #apply} before; it must be at exactly this
     * epoch then. Answered by {@code activated} or {@code failed}.
     */
    void activate(EpochId expected);

    /** Forget the replica, and what still waits to be shipped to it. */
    void release();
}
