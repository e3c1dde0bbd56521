package org.secondsite.gateway.peer;

import java.util.Locale;

/**
 * Decides whether a peer that sends heartbeats is to be suspected. One instance per peer; time is passed in.
 *
 * <h2>The limit</h2>
 *
 * <p>A peer is suspected when it has been silent for longer than
 *
 * <pre>  clamp(minimumSilence, mean + 6 * deviation + period, maximumSilence)</pre>
 *
 * where mean and deviation are of the observed intervals between heartbeats, smoothed as RFC 6298 §2 does with round-trip
 * times (gain 1/8 and 1/4, mean <em>absolute</em> deviation). Against phi-accrual (Hayashibara et al. 2004): that
 * estimates the tail of an assumed normal distribution from a window of samples, and its limits of interest (phi 8 to 12)
 * lie five to seven standard deviations out, where the assumption decides and not the data. Six mean deviations plus one
 * period (one lost heartbeat is no death) need two numbers of state, react within a few heartbeats and say the same
 * thing. What matters more are the two bounds:
 *
 * <ul>
 *   <li><b>minimumSilence</b> is a promise that no pause shorter than this fails a site over, however regular the
 *       heartbeats were: it is set above the longest usual stop of a JVM or a scheduler (ours: some tens of
 *       milliseconds).
 *   <li><b>maximumSilence</b> bounds detection, however irregular they were. An interval longer than this is counted as
 *       this long, so an outage does not teach the detector to be patient.
 * </ul>
 *
 * <p>Intervals below half a period are other traffic between two heartbeats: they prove life but are no samples, or a busy
 * link would make the detector impatient just before it becomes quiet.
 *
 * <h2>Only watched silence counts</h2>
 *
 * <p>The detector is asked often ({@link #suspected} once per duty cycle). If the asker itself was stopped, by a signal, a
 * garbage collection or a busy machine, then heartbeats may be waiting unread, and the silence is its own. So of the time
 * between two calls at most {@code dutyCycle} is counted: after a pause of 30 s the peer has as good as the same
 * time left as before it.
 *
 * <p>Nothing of safety depends on any of this: a wrong suspicion costs a request to the witness, a late one costs time.
 *
 * <p>Not thread-safe: one owner, which calls it with times that do not go backwards (smaller ones count as equal).
 */
public final class FailureDetector {
    private static final int DEVIATIONS = 6;

    private Bounds bounds;

    private double meanNanos;
    private double deviationNanos;
    private long lastCallNanos;
    private long silenceNanos;
    private boolean everHeard;

    /**
     * What a detector is set to.
     *
     * @param periodNanos how often the peer sends
     * @param minimumSilenceNanos no shorter silence is suspicious; at least two periods
     * @param maximumSilenceNanos every longer silence is suspicious
     * @param dutyCycleNanos the longest time between two calls that is taken for watching
     */
    public record Bounds(long periodNanos, long minimumSilenceNanos, long maximumSilenceNanos, long dutyCycleNanos) {
        /**
         * Checks them against each other.
         *
         * @throws IllegalArgumentException if the bounds contradict each other
         */
        public Bounds {
            if (periodNanos <= 0
                    || minimumSilenceNanos < 2 * periodNanos
                    || maximumSilenceNanos < minimumSilenceNanos) {
                throw new IllegalArgumentException(
                        "need 0 < period, 2 * period <= minimum silence <= maximum silence, got " + periodNanos + ", "
                                + minimumSilenceNanos + ", " + maximumSilenceNanos + " ns");
            }
            if (dutyCycleNanos <= 0 || dutyCycleNanos > minimumSilenceNanos / 2) {
                throw new IllegalArgumentException("duty cycle " + dutyCycleNanos
                        + " ns must be positive and at most half the minimum silence " + minimumSilenceNanos + " ns");
            }
        }
    }

    /** A detector that has just begun to listen: the peer is first suspected after the maximum silence. */
    public FailureDetector(Bounds bounds, long nowNanos) {
        this.bounds = bounds;
        meanNanos = bounds.periodNanos();
        deviationNanos = bounds.periodNanos() / 2.0;
        lastCallNanos = nowNanos;
    }

    /** The same for the first bounds, one by one. */
    public FailureDetector(
            long periodNanos, long minimumSilenceNanos, long maximumSilenceNanos, long dutyCycleNanos, long nowNanos) {
        this(new Bounds(periodNanos, minimumSilenceNanos, maximumSilenceNanos, dutyCycleNanos), nowNanos);
    }

    /** Other bounds from now on. The silence so far counts, and so does what was learnt of the peer's intervals. */
    public void set(Bounds others) {
        bounds = others;
    }

    /**
     * A heartbeat, or anything else that only the living peer can have sent, has come.
     *
     * @return the silence that this ends
     */
    public long heard(long nowNanos) {
        watch(nowNanos);
        long ended = silenceNanos;
        if (everHeard && silenceNanos >= bounds.periodNanos() / 2) {
            double interval = Math.min(silenceNanos, bounds.maximumSilenceNanos());
            double error = interval - meanNanos;
            deviationNanos += (Math.abs(error) - deviationNanos) / 4;
            meanNanos += error / 8;
        }
        everHeard = true;
        silenceNanos = 0;
        return ended;
    }

    /** Whether the peer is to be suspected. Call it once per duty cycle. */
    public boolean suspected(long nowNanos) {
        watch(nowNanos);
        return silenceNanos > limitNanos();
    }

    /** How long the peer has been silent while somebody watched, as of the last call. */
    public long silenceNanos() {
        return silenceNanos;
    }

    /** The silence beyond which the peer is suspected. */
    public long limitNanos() {
        if (!everHeard) {
            return bounds.maximumSilenceNanos();
        }
        double limit = meanNanos + DEVIATIONS * deviationNanos + bounds.periodNanos();
        return Math.clamp((long) limit, bounds.minimumSilenceNanos(), bounds.maximumSilenceNanos());
    }

    /** The state in words, for the timeline: {@code silent for 212 ms, limit 200 ms (period 50.2 ms ± 3.1)}. */
    public String explain() {
        return String.format(
                Locale.ROOT,
                "silent for %d ms, limit %d ms (period %.1f ms ± %.1f)",
                silenceNanos / 1_000_000,
                limitNanos() / 1_000_000,
                meanNanos / 1e6,
                deviationNanos / 1e6);
    }

    private void watch(long nowNanos) {
        long passed = nowNanos - lastCallNanos;
        if (passed > 0) {
            silenceNanos += Math.min(passed, bounds.dutyCycleNanos());
            lastCallNanos = nowNanos;
        }
    }
}
