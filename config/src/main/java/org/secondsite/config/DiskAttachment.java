package org.secondsite.config;

/** How a writable disk of a protected VM gets to the other site. */
public enum DiskAttachment {
    /** Both sites have the same disk, such as an iSCSI or Ceph volume: the other site finds on it what was written here. */
    SHARED,
    /** The agent serves the disk, and carries what is written to it with the epochs. */
    SERVE
}
