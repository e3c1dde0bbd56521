package org.secondsite.config;

/** How a writable disk of a protected VM gets to the other site. */
public enum DiskAttachment {
    /** Both sites have the same disk, such as an iSCSI or Ceph volume: the other site finds on it what was written here. */
    SHARED,
    /** The agent serves the disk, and carries what is written to it with the epochs. */
    SERVE,
    /**
     * The VM has a disk of its own, and while it is protected its hypervisor writes a copy of it to the agent, which carries what is
     * written. A VM that is started from what was carried finds that copy, served.
     */
    TAP;

    /** Whether the agent has an image for it, and serves that. */
    public boolean isServed() {
        return this != SHARED;
    }
}
