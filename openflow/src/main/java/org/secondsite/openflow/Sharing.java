package org.secondsite.openflow;

/** What becomes of flows of others in a switch. */
public enum Sharing {
    /** The switch is the gateway's alone: whatever it did not write is removed and reported. */
    EXCLUSIVE,

    /**
     * A flow of others stays if it is for one port only that is neither a VM's nor the gateway's: it cannot lead a frame past
     * the gateway. All else is removed and reported.
     */
    COOPERATIVE
}
