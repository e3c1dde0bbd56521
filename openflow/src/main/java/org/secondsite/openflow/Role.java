package org.secondsite.openflow;

/** What a VM on a switch port is to this site. */
public enum Role {
    /** This site owns the VM: its output goes to the gateway, and it is delivered to. */
    OWNER,

    /** Another site owns the VM: whatever comes from its port is dropped, and nothing is delivered to it. */
    STANDBY,

    /** This site has lost the VM to another and may still run it: to the switch the same as {@link #STANDBY}. */
    FENCED,

    /** A copy that runs for a rehearsal: it reaches the other copies on this switch and nothing else. */
    DRILL;

    /** Whether nothing that the VM sends goes anywhere. */
    public boolean isSilent() {
        return this == STANDBY || this == FENCED;
    }
}
