package org.secondsite.lab.plan;

import java.util.Locale;

/** What runs in the lab's VM. */
public enum Guest {
    /** Numbers that live in its memory alone; no disk. */
    MEMORY(128, 0),
    /** The same, and a writer of records, each of which is told when the disk has it. */
    DISK(128, 96),
    /** The same, and a web server whose pages are on the disk and do not fit into its memory. */
    WEB(96, 192),
    /** Debian 12 with PostgreSQL on its root disk; for tests that may take long. */
    POSTGRES(512, 2048);

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

    /** The file of its records, as a path in its disk's file system. */
    public String records() {
        return this == POSTGRES ? "/d/records" : "/records";
    }

    /** The size of its disk; 0 if it has none. */
    public int diskMiB() {
        return diskMiB;
    }
}
