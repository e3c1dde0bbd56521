package org.secondsite.lab.plan;

import java.util.Locale;

/** What runs in the lab's VM. */
public enum Guest {
    /** Numbers that live in its memory alone; no disk. */
    MEMORY(128, 0),
    /** The same, and a writer of records, each of which is told when the disk has it. */
    DISK(128, 96),
    /** The same at first on a disk of its own, a qcow2 image that the agent has mirrored. */
    TAP(128, 96),
    /** The same, and a web server whose pages are on the disk and do not fit into its memory. */
    WEB(96, 192),
    /** A Debian of its own on its disk, with PostgreSQL; no records. */
    POSTGRES(320, 1536);

    private final int ramMiB;
    private final int diskMiB;

    Guest(int ramMiB, int diskMiB) {
        this.ramMiB = ramMiB;
        this.diskMiB = diskMiB;
    }

    /** Its name in commands. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Its memory. */
    public int ramMiB() {
        return ramMiB;
    }

    /** Whether it has a disk. */
    public boolean hasDisk() {
        return diskMiB > 0;
    }

    /** Whether it writes records to its disk and tells of them. */
    public boolean writesRecords() {
        return hasDisk() && this != POSTGRES;
    }

    /** How long it may take to boot on a machine that has much else to do. */
    public int bootSeconds() {
        return this == POSTGRES ? 600 : 180;
    }

    /** The size of its disk; 0 if it has none. */
    public int diskMiB() {
        return diskMiB;
    }
}
