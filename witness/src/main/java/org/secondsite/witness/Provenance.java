package org.secondsite.witness;

/** What a witness knows, when it starts, about the records that it has. */
public enum Provenance {
    /** They are all that was ever granted: nothing was before, or a majority of nodes has them. */
    PROVEN,
    /** They are on one disk, which may be an old one that was put back. */
    ONE_DISK
}
