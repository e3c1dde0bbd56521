package org.secondsite.buffer;

/** What happens to a packet that a protected VM sends. */
public enum VmState {
    /** It is dropped and counted. The state at start, and after a fence. */
    CLOSED,
    /** It waits until its epoch is committed. */
    HOLD,
    /** It leaves at once. */
    PASS
}
