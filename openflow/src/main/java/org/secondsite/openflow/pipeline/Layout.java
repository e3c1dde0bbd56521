package org.secondsite.openflow.pipeline;

/** How the pipeline is spread over the tables of a switch. */
public enum Layout {
    /** One table for each question; see {@link Pipeline}. */
    TABLES(5, ""),

    /**
     * Everything in table 0, for a switch that has fewer tables. A flow then sees the source of a neighbour message or what
     * the message claims, not both.
     */
    ONE_TABLE(
            1,
            "a VM's neighbour advertisements are checked for the address that they announce, not for their IPv6 source; "
                    + "a drill's copies are silent instead of reaching each other");

    private final int tables;
    private final String unchecked;

    Layout(int tables, String unchecked) {
        this.tables = tables;
        this.unchecked = unchecked;
    }

    /** The one for a switch with so many tables. */
    public static Layout of(int tables) {
        return tables >= TABLES.tables ? TABLES : ONE_TABLE;
    }

    /** How many tables it needs. */
    public int tables() {
        return tables;
    }

    /** What it does not check, in words; empty: everything is checked. */
    public String unchecked() {
        return unchecked;
    }
}
