package org.secondsite.bgp.fsm;

/** Who opened a connection between two speakers: at most one of each kind exists at a time. */
public enum Side {
    /** We connected to the peer. */
    OUTGOING,
    /** The peer connected to us. */
    INCOMING;

    /** The other one. */
    public Side other() {
        return this == OUTGOING ? INCOMING : OUTGOING;
    }
}
