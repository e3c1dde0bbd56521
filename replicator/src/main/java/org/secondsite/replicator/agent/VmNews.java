package org.secondsite.replicator.agent;

/** What happens to a VM that nobody has just asked for. */
public sealed interface VmNews {
    /** The VM is gone, or its hypervisor cannot be talked to any more. */
    record Gone(String reason) implements VmNews {}

    /** The hypervisor has halted the VM, because a disk failed; the guest has not seen an error. */
    record Halted(String reason) implements VmNews {}

    /** The VM runs again, whoever has resumed it. */
    record Resumed() implements VmNews {}

    /** Somebody wants to save or migrate the VM, which is refused while checkpoints are taken; in words for an operator. */
    record Refused(String what) implements VmNews {}

    /** The copy of a disk that the VM has of its own is whole, or has failed before it was. */
    record CopyEnded() implements VmNews {}

    /**
     * It was fit for checkpoints, and is not any more: a device has come or is gone, or writes to a disk of its own, which was copied,
     * do not get to the agent.
     */
    record Unfit(String reason) implements VmNews {}

    /** The VM is paused at last, after a {@link VmDriver#pause} that was not waited for any longer. */
    record PausedLate() implements VmNews {}
}
