package org.secondsite.openflow;

/** How a switch stands after its preflight. */
public enum Standing {
    /** Not everything could be looked at, and what could is as it has to be. */
    UNCHECKED,

    /** Everything is as it has to be. */
    FIT,

    /** Something is not, and it is used all the same. */
    UNFIT,

    /** It lets frames get past the gateway, so its VMs are silent. */
    REFUSED
}
