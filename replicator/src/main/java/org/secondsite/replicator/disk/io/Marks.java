package org.secondsite.replicator.disk.io;

import org.secondsite.replicator.disk.DiskException;

/** What is to be noted before a volume changes. */
@FunctionalInterface
interface Marks {
    /** Nothing. */
    Marks NONE = (offset, length) -> {};

    /**
     * A part of the volume is about to change.
     *
     * @throws DiskException if that cannot be noted: it must not change then
     */
    void before(long offset, long length) throws DiskException;
}
