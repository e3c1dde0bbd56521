package org.secondsite.openflow;

/** What becomes of a generation in a switch that no witness can have granted. */
public enum ForeignGeneration {
    /** It stands, and the switch is told about as refused until a term is greater. */
    REFUSE,

    /**
     * The switch is led round to the term: generations are compared by their signed distance (OpenFlow 1.4.1 §6.3.6), so a
     * few steps of less than half of the circle come back to any number. Whoever put the number there loses the switch.
     */
    RESET
}
