package org.secondsite.replicator.disk;

/**
 * How much a copy of disks may bring, so that it leaves room on the line and at the disks for what the VM does.
 *
 * <p>A bucket that fills at the rate and holds what comes in a second: what was not used for longer is not made up for. A piece may
 * take more than is in it, and then nothing more is brought until that has come in. So over any time no more is brought than the
 * rate allows, one second and one piece besides.
 *
 * <p>Pure: the time is passed in, in nanoseconds of any monotonic clock. Not thread-safe.
 */
public final class CopyRate {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final long bytesPerSecond;
    private double bytes;
    private long filledNanos;

    /**
     * A full bucket.
     *
     * @param bytesPerSecond 0 if nothing is limited
     */
    public CopyRate(long bytesPerSecond, long nowNanos) {
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException(bytesPerSecond + " bytes/s");
        }
        this.bytesPerSecond = bytesPerSecond;
        this.bytes = (double) bytesPerSecond;
        this.filledNanos = nowNanos;
    }

    /** The rate, 0 if nothing is limited. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }

    /** Whether another piece may be brought now. */
    public boolean admits(long nowNanos) {
        if (bytesPerSecond == 0) {
            return true;
        }
        double came = (double) bytesPerSecond * (nowNanos - filledNanos) / NANOS_PER_SECOND;
        bytes = Math.min((double) bytesPerSecond, bytes + came);
        filledNanos = nowNanos;
        return bytes > 0;
    }

    /** A piece was brought. */
    public void brought(long pieceBytes) {
        bytes -= pieceBytes;
    }
}
