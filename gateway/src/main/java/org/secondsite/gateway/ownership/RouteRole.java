package org.secondsite.gateway.ownership;

/** How a group's prefixes are announced. */
public enum RouteRole {
    /** Not at all: the role is not known. */
    NONE,
    /** As the backup: prepended. */
    STANDBY,
    /**
     * As the backup, with the wish to be avoided (RFC 8326): the VMs are paused or gone, and the other site is about to become the owner.
     */
    RETIRING,
    /** Plainly, as the settled owner. */
    OWNER,
    /**
     * As the owner after a takeover: plainly, and with the configured more-specific prefixes, so that the route wins even
     * while the former owner's announcement lingers. A withdrawal takes minutes to spread; a better route takes seconds.
     */
    PROMOTED
}
