package org.secondsite.replicator.agent;

import java.io.IOException;

/** A VM that was started from a replica may have run for a moment, and does not run any more: the replica is of no use. */
public final class SpentReplicaException extends IOException {
    private static final long serialVersionUID = 1L;

    /** With what is known of its end. */
    public SpentReplicaException(String reason, IOException cause) {
        super(reason, cause);
    }
}
