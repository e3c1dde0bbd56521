package org.secondsite.replicator.agent;

import java.io.IOException;

/** The hypervisor itself has halted the VM, because a disk failed: no state of it is a checkpoint. */
public final class HaltedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** With what the hypervisor says. */
    public HaltedException(String reason) {
        super(reason);
    }
}
