package org.secondsite.replicator.tunnel;

/**
 * The round-trip time, smoothed as RFC 6298 §2 has it: gain 1/8 for the mean, 1/4 for the deviation.
 */
public final class RttEstimate {
    private long smoothedNanos;
    private long deviationNanos;

    /** Takes a sample; one that is not positive says nothing and is passed over. */
    public void sample(long nanos) {
        if (nanos <= 0) {
            return;
        }
        if (smoothedNanos == 0) {
            smoothedNanos = nanos;
            deviationNanos = nanos / 2;
        } else {
            deviationNanos += (Math.abs(smoothedNanos - nanos) - deviationNanos) / 4;
            smoothedNanos += (nanos - smoothedNanos) / 8;
        }
    }

    /** The mean, 0 while there is no sample. */
    public long smoothedNanos() {
        return smoothedNanos;
    }

    /** The mean deviation, 0 while there is no sample. */
    public long deviationNanos() {
        return deviationNanos;
    }
}
