package org.secondsite.witness;

/** What a witness knows, when it starts, about the records that it has. */
public enum Provenance {
    /** A majority of nodes has them: they are all that was ever granted. */
    MAJORITY,
    /** There are none: somebody has begun them, because nothing was granted before. */
    BEGUN,
    /** They are on one disk, which may be an old one that was put back. */
    ONE_DISK
}
