package org.secondsite.replicator.agent;

/** What an agent has made of its VM. */
public enum AgentPhase {
    /** The VM is not here. */
    ABSENT,
    /** The VM is left alone: it runs, unless an operator has paused it. */
    LEFT_ALONE,
    /** The VM is paused for a checkpoint. */
    CHECKPOINT,
    /** The VM is paused until the window has room. */
    WAITS_FOR_ROOM,
    /** A checkpoint has left the VM paused by order of the gateway; the next one is the last. */
    STANDS,
    /** The VM is paused, and the gateway was told its last epoch. */
    KEPT,
    /** The hypervisor was asked to pause the VM, and does not answer. */
    PAUSE_LATE,
    /** The hypervisor has halted the VM. */
    HALTED
}
