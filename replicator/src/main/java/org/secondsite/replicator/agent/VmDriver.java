package org.secondsite.replicator.agent;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.disk.MirrorTargets;

/**
 * A VM that is here, as its checkpoints are taken: {@link #prepare}, {@link #pause}, {@link #beginDeviceState}, (its RAM is
 * read meanwhile,) {@link #awaitDeviceState}, {@link #resume}.
 *
 * <p>One thread calls. After an {@link IOException} the checkpoint is over: {@link #abandonDeviceState}, then
 * {@link #resume}; if that fails too, the VM is given up: closed, and attached anew, which makes it run again.
 */
public interface VmDriver extends AutoCloseable {
    /** The hypervisor's own name and version. */
    String description();

    /**
     * Why this VM must not be checkpointed as it is now, in one line that says what to do; empty if nothing is against it.
     * An operator may change that at any time.
     */
    Optional<String> refusal() throws IOException, InterruptedException;

    /**
     * Has those disks that the VM has of its own, and that are to be carried, copied to the agent from now on, beside the running VM; no
     * checkpoint is taken while one is not. To be asked when there is no {@link #refusal}.
     *
     * <p>A copy that has failed is removed while the VM stands still for a moment.
     *
     * @param images where they are copied to
     * @param mayRun asked before it is made to run on
     * @return what is to be waited for, or is against it, in one line; empty if nothing is
     * @throws IOException if that is not known; the VM may have to be {@linkplain #resumeKept resumed}
     */
    default Optional<String> mirror(MirrorTargets images, BooleanSupplier mayRun)
            throws IOException, InterruptedException {
        return Optional.empty();
    }

    /**
     * Ends such copies, and leaves nothing of them behind. The VM stands still for a moment.
     *
     * @param mayRun asked before it is made to run on
     * @throws IOException if something may be left; the VM may have to be {@linkplain #resumeKept resumed}
     */
    default void endMirrors(BooleanSupplier mayRun) throws IOException, InterruptedException {}

    /** From now on nobody else may save or migrate the VM: who tries is stopped, and {@link VmNews.Refused} tells of it. */
    default void guard() {}

    /** From now on whoever wants may. */
    default void unguard() throws IOException, InterruptedException {}

    /** The guest's RAM, live: it stands still only while the VM is paused. */
    MemorySegment ram();

    /**
     * Begins to track which pages of the RAM are written. The caller closes the tracker before the driver.
     *
     * @throws IOException if that is not possible with this VM, with the reason; comparing is, always
     */
    DirtyPageTracker trackDirtyPages() throws IOException, InterruptedException;

    /**
     * Does what can be done for the next checkpoint while the VM still runs.
     *
     * @throws HaltedException if the hypervisor has halted the VM
     */
    void prepare() throws IOException, InterruptedException;

    /**
     * Pauses the VM. When this returns, it executes nothing and changes no RAM.
     *
     * @return whether it ran before; if not, an operator had paused it, and it is his to resume
     * @throws SlowPauseException if the hypervisor has not answered in time; nothing else may be called, but {@link #close},
     *     until {@link VmNews.PausedLate}, and then {@link #resumeKept}
     */
    boolean pause() throws IOException, InterruptedException;

    /**
     * Begins to collect the device state. The VM must be paused.
     *
     * @throws HaltedException if the hypervisor has halted the VM
     */
    void beginDeviceState() throws IOException, InterruptedException;

    /**
     * Waits for the device state.
     *
     * @throws IOException if it could not be collected, or not within the time
     */
    byte[] awaitDeviceState(long timeoutNanos) throws IOException, InterruptedException;

    /**
     * Why what was read of the VM since {@link #pause} belongs to no one time, because somebody made it run or reset it meanwhile; empty if
     * nobody has. To be asked when RAM and device state were read.
     */
    Optional<String> spoiled() throws IOException, InterruptedException;

    /** What the VM is made of, as {@link #refusal} has found last; empty if that is not known. */
    default Optional<MachineParts> machine() {
        return Optional.empty();
    }

    /** Stops to collect the device state, if that is under way, so that the VM can be resumed. */
    void abandonDeviceState() throws InterruptedException;

    /** Makes the VM run again, unless an operator had paused it before {@link #pause}. */
    void resume() throws IOException, InterruptedException;

    /** Makes the VM run that a checkpoint paused and {@link #resume} was not called for since; otherwise does nothing. */
    void resumeKept() throws IOException, InterruptedException;

    /** Makes a VM run that the hypervisor has halted; it may be halted again at once. */
    void retryAfterHalt() throws IOException, InterruptedException;

    /**
     * Whom to tell, from any thread, what happens to the VM; {@link VmNews.Gone} is the last. What has happened before and
     * still counts is told at once.
     */
    void listen(Consumer<VmNews> listener);

    /** Lets go of the VM, which runs on. */
    @Override
    void close();
}
