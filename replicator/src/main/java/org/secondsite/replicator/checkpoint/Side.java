package org.secondsite.replicator.checkpoint;

/** The two ends of a connection. */
public enum Side {
    /** The end that listens and commands. */
    GATEWAY,
    /** The end that stands beside the hypervisor. */
    AGENT;

    /** The side at the other end. */
    public Side peer() {
        return this == GATEWAY ? AGENT : GATEWAY;
    }
}
