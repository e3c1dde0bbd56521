package org.secondsite.gateway.group;

/** Why a gateway does not take an epoch of the other site. */
public enum EpochRefusal {
    /** Its term is over: this site has learnt of a later one, or has asked to take over in it. */
    STALE_TERM,
    /** Its term is not known here yet. */
    UNKNOWN_TERM,
    /** This site is no standby in that term. */
    NOT_STANDBY,
    /** There is no agent that could keep it. */
    NO_AGENT,
    /** It does not continue what is held. */
    GAP,
    /** Its disks are not those that are here. */
    DISKS
}
