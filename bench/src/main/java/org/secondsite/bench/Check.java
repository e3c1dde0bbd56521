package org.secondsite.bench;

import java.util.Locale;

/** What a mode of the gateway must hold whatever the kernel does, as the largest figure that passes. */
public enum Check {
    /** Packets that were sent at 60% of the measured maximum and did not arrive. */
    LOST("lost at 60% of the maximum", "packets", 0),
    /** Packets that arrived behind a later one, or twice, at that rate. */
    DISORDERED("out of order or twice at that rate", "packets", 0),
    /** Bytes of Java objects that the data plane's threads made per packet, the commands that they execute included. */
    GARBAGE("allocated per packet", "bytes", 0),
    /** From the commit of 100,000 held packets until the kernel at a receiver outside has the first of them. */
    RELEASE_START("first of 100,000 held packets", "us after commit", 1000),
    /** From a commit to the moment when its first packets have been handed to the kernel, at 60% of the maximum. */
    COMMIT_TO_WIRE_P50("commit to wire, p50", "us", Double.POSITIVE_INFINITY),
    /** The same for 99 of 100 commits. */
    COMMIT_TO_WIRE_P99("commit to wire, p99", "us", Double.POSITIVE_INFINITY);

    private final String title;
    private final String unit;
    private final double most;

    Check(String title, String unit, double most) {
        this.title = title;
        this.unit = unit;
        this.most = most;
    }

    /** For a table. */
    public String title() {
        return title;
    }

    /** What its figures count. */
    public String unit() {
        return unit;
    }

    /** Whether a figure passes; one that is no number does not. */
    public boolean holds(double figure) {
        return figure <= most;
    }

    /** In words; empty when everything passes. */
    public String text() {
        return Double.isInfinite(most) ? "" : String.format(Locale.ROOT, "<= %s", Figures.text(most));
    }
}
