package org.secondsite.replicator.agent;

import java.io.IOException;

/**
 * The hypervisor was asked to pause the VM and has not answered yet. It will, after it has flushed the disks, and serves no
 * other command until then: nothing is to be asked of it before {@link VmNews.PausedLate}.
 */
public final class SlowPauseException extends IOException {
    private static final long serialVersionUID = 1L;

    /** With what the hypervisor may be waiting for. */
    public SlowPauseException(String reason) {
        super(reason);
    }
}
