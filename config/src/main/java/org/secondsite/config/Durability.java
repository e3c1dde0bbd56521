package org.secondsite.config;

/** When an epoch of a VM with disks may be acknowledged by its standby. */
public enum Durability {
    /** When it is on the standby's disk: it outlives both sites' loss of power. */
    DISK,
    /** When it is in the standby's memory, as for a VM without disks: what both sites lose at the same time is lost. */
    MEMORY
}
