package org.secondsite.gateway.ownership;

/** What a gateway is for a protection group. */
public enum OwnershipState {
    /** Started, and not yet told its role: holds and announces nothing. */
    UNKNOWN,
    /** The other site owns the group; this one keeps its complete epochs. */
    STANDBY,
    /** Owns the group; output waits until the standby holds its epoch. */
    PROTECTED,
    /**
     * Owns the group, and has been told to give it to the standby: output waits as in PROTECTED, the VMs are checkpointed to
     * their end and stay paused, and then the record is asked for the other site.
     */
    HANDING_OVER,
    /** Owns the group and stands alone by the witness's record; output passes unheld. */
    SOLO,
    /** Owns the group alone, and is bringing a standby in sync. */
    SYNCING,
    /** Has stopped acknowledging and asked to become the owner, or was granted it and activates the VMs. */
    PROMOTING,
    /** Has lost ownership, or gave it up: output is discarded, the VMs are being stopped. */
    FENCED
}
