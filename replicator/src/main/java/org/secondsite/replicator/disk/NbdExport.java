package org.secondsite.replicator.disk;

/**
 * What an NBD client is told of a volume.
 *
 * @param name the name that the client asks for; the empty name means the only export of a socket
 * @param bytes its size
 * @param readOnly whether writes are refused
 */
public record NbdExport(String name, long bytes, boolean readOnly) {
    /** The largest request that is advertised, 2 MiB: it bounds what is in flight when the VM is to stand still. */
    public static final int MAX_BLOCK_BYTES = 2 << 20;

    /** The block size that suits captured epochs. */
    public static final int PREFERRED_BLOCK_BYTES = BlockSet.BLOCK_BYTES;

    /** Checks its parts. */
    public NbdExport {
        if (bytes < 0) {
            throw new IllegalArgumentException("a volume of " + bytes + " bytes");
        }
    }

    /**
     * Several connections are safe: all write to one file, so a flush on one covers what was answered on the others.
     *
     * @return the transmission flags
     */
    int flags() {
        int both = Nbd.EXPORT_HAS_FLAGS
                | Nbd.EXPORT_FLUSH
                | Nbd.EXPORT_FUA
                | Nbd.EXPORT_DONT_FRAGMENT
                | Nbd.EXPORT_MULTI_CONNECTION;
        return readOnly ? both | Nbd.EXPORT_READ_ONLY : both | Nbd.EXPORT_TRIM | Nbd.EXPORT_WRITE_ZEROES;
    }
}
