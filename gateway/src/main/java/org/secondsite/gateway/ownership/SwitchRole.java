package org.secondsite.gateway.ownership;

/** How the switches treat the output of a group's VMs. */
public enum SwitchRole {
    /** It goes to this gateway. */
    OWNER,
    /** It is dropped: what runs here is not to be heard. */
    STANDBY
}
