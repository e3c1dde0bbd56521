package org.secondsite.replicator.disk;

/**
 * The parts of a disk by which it is known what differs at the other site: chunks of 64 KiB, numbered from 0. Extents of 16 MiB are how
 * that is made to outlast a loss of power.
 */
public final class Chunks {
    /** The bytes of a chunk. */
    public static final int CHUNK_BYTES = 64 << 10;

    /** The blocks of a chunk. */
    public static final int CHUNK_BLOCKS = CHUNK_BYTES / BlockSet.BLOCK_BYTES;

    /** The chunks of an extent. */
    public static final int EXTENT_CHUNKS = 256;

    private Chunks() {}

    /** The chunks of a disk of so many bytes; the last one may be shorter. */
    public static int of(long bytes) {
        return after(bytes);
    }

    /** The chunk in which a byte lies. */
    public static int at(long offset) {
        return (int) (offset / CHUNK_BYTES);
    }

    /** The chunk after the one in which the byte before {@code offset} lies. */
    public static int after(long offset) {
        return (int) ((offset + CHUNK_BYTES - 1) / CHUNK_BYTES);
    }

    /** The extents of a disk of so many chunks. */
    public static int extents(int chunks) {
        return (chunks + EXTENT_CHUNKS - 1) / EXTENT_CHUNKS;
    }
}
