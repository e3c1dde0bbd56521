package org.secondsite.config.change;

/** The kinds of change that are told apart because different parts of a gateway carry them out. */
public enum ChangeKind {
    /** Another site that was no peer. */
    PEER_ADDED,
    /** Another site that is no peer any more. */
    PEER_REMOVED,
    /** A BGP neighbour that was not there. */
    NEIGHBOR_ADDED,
    /** A BGP neighbour that is not there any more. */
    NEIGHBOR_REMOVED,
    /** A BGP neighbour that is still there, with other settings. */
    NEIGHBOR_ALTERED,
    /** A setting of the BGP speaker as a whole, which was there and still is. */
    SPEAKER_ALTERED,
    /** How routes are told apart by role: prepends, MEDs, communities. */
    ROUTE_ROLES_ALTERED,
    /** The destinations to which this machine's own routes follow what neighbours announce. */
    INSTALLS_ALTERED,
    /** A switch that was not there. */
    SWITCH_ADDED,
    /** A switch that is not there any more. */
    SWITCH_REMOVED,
    /** A switch that is still there, with other settings. */
    SWITCH_ALTERED,
    /** A group that was not there. */
    GROUP_ADDED,
    /** A group that is not there any more. */
    GROUP_REMOVED,
    /** The other site of a group that is still there. */
    STANDBY_ALTERED,
    /** The prefixes of a group that is still there. */
    PREFIXES_ALTERED,
    /** A VM that was in no group. */
    VM_ADDED,
    /** A VM that is in no group any more. */
    VM_REMOVED,
    /** A VM that changes from one group to another. */
    VM_MOVED,
    /** A VM that is to be protected from now on. */
    VM_TICKED,
    /** A VM that is not to be protected any more. */
    VM_UNTICKED,
    /** A VM whose addresses or place at a switch change. */
    VM_ALTERED,
    /** How often checkpoints are taken, and what gives way under overload. */
    CHECKPOINTS_ALTERED,
    /** Which hosts may speak for which VMs. */
    HOSTS_ALTERED,
    /** How often heartbeats go out, and when the peer is suspected. */
    DETECTION_ALTERED,
    /** How the tunnel carries epochs. */
    TUNNEL_ALTERED,
    /** Where the figures are shown. */
    METRICS_ALTERED,
    /** What the log tells of. */
    LOG_ALTERED,
    /** Whatever else there is. */
    OTHER
}
