package org.secondsite.openflow.simulated;

/** What switches of this world do differently. */
public enum Quirk {
    /** Knows no bundles: BAD_REQUEST/BAD_TYPE. */
    NO_BUNDLES,
    /** Knows bundles, but not atomic and ordered ones: BUNDLE_FAILED/BAD_FLAGS. */
    NO_BUNDLE_FLAGS,
    /** Its errors bear transaction id 0. */
    ERRORS_WITHOUT_XID,
    /** Takes any table id at its word and refuses it in FLOW_MOD only. */
    HIDES_ITS_TABLES,
    /** Does not answer to ROLE_NOCHANGE but with an error. */
    NO_ROLE_QUERY,
    /** Refuses aggregate statistics. */
    NO_AGGREGATES,
    /** Refuses questions about groups and meters. */
    NO_GROUPS,
    /** Says nothing when a controller is no longer master, as Open vSwitch over 1.3. */
    NO_ROLE_STATUS
}
