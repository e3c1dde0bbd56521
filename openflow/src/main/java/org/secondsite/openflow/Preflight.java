package org.secondsite.openflow;

/** What becomes of a switch that is found unfit when it connects: that lets frames get past the gateway. */
public enum Preflight {
    /** What can be mended in its database is; if that does not help, it is refused. */
    MEND,

    /** Its VMs are silent until an operator has mended it. */
    REFUSE,

    /** It is used, and told about. */
    REPORT
}
