package org.secondsite.openflow;

/** What a VM on a switch port is to this site. */
public enum Role {
    /** This site owns the VM: its output goes to the gateway, and it is delivered to. */
    OWNER,

    /** Another site owns the VM: whatever comes from its port is dropped, and nothing is delivered to it. */
    STANDBY
}
