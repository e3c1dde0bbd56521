package org.secondsite.replicator.tunnel;

/**
 * How many bytes a second the way to the peer takes. Only an interval in which there was always something to send tells the
 * rate; another one tells at most that it is not lower.
 */
public final class RateEstimate {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private long bytesPerSecond;

    /**
     * Takes an interval.
     *
     * @param bytes that the kernel took in it
     * @param nanos its length
     * @param saturated whether more waited at all times
     */
    public void sample(long bytes, long nanos, boolean saturated) {
        if (nanos <= 0 || bytes < 0) {
            return;
        }
        long rate = (long) ((double) bytes * NANOS_PER_SECOND / nanos);
        if (rate > bytesPerSecond) {
            bytesPerSecond = bytesPerSecond == 0 ? rate : (bytesPerSecond + rate) / 2;
        } else if (saturated) {
            bytesPerSecond += (rate - bytesPerSecond) / 4;
        }
    }

    /** The estimate, 0 while there is none. */
    public long bytesPerSecond() {
        return bytesPerSecond;
    }
}
