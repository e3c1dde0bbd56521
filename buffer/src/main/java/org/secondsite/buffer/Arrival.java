package org.secondsite.buffer;

/** What became of a packet that arrived. */
public enum Arrival {
    /** It waits under the open epoch of its VM. */
    HELD,
    /** It may leave as soon as those before it have left. */
    PASSED,
    /** Dropped: the VM is closed. */
    CLOSED,
    /** Dropped: the VM holds as much as it may. */
    OVER_QUOTA,
    /** Dropped: no chunk is free, or the frame is longer than the buffer takes. */
    NO_ROOM
}
