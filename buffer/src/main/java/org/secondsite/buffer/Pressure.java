package org.secondsite.buffer;

/**
 * How near a VM is to its quota, as advice to whoever takes its checkpoints. In order: each is more urgent than the
 * one before.
 */
public enum Pressure {
    /** Nothing to do. */
    EASY,
    /** Half of the quota is used: seal and checkpoint sooner than planned. */
    SEAL_SOONER,
    /** Three quarters are used: keep the VM paused after its next checkpoint until a commit has made room. */
    KEEP_PAUSED,
    /** Packets have been dropped for want of room. */
    HARD_LIMIT
}
