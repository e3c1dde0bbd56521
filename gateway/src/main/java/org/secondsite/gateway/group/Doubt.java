package org.secondsite.gateway.group;

/**
 * A reason not to be sure who owns a group.
 *
 * @param cause what it is
 * @param number of its kind, growing
 */
public record Doubt(Cause cause, long number) {
    /** What makes an owner unsure. */
    public enum Cause {
        /** This process stood still, and another site may have been told meanwhile. The data plane numbers these. */
        STANDSTILL,
        /** The peer speaks of a newer record. The group numbers these. */
        HEARSAY
    }
}
