package org.secondsite.replicator.disk;

import java.io.IOException;
import java.io.Serial;

/** What the storage behind a volume refused. */
public final class DiskException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final int ENOSPC = 28;
    private static final int EDQUOT = 122;
    private static final int EFBIG = 27;

    private final int errno;

    /**
     * A call that failed.
     *
     * @param errno the error number of the C library
     */
    public DiskException(String what, int errno) {
        super(what + ", errno " + errno);
        this.errno = errno;
    }

    /** The error that the NBD client is told: ENOSPC where room is what lacks, so that QEMU can tell, otherwise EIO. */
    public int nbdError() {
        return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? Nbd.ENOSPC : Nbd.EIO;
    }
}
