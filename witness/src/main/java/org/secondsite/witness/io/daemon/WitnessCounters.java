package org.secondsite.witness.io.daemon;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.secondsite.witness.FsyncHistogram;

/**
 * What a witness node has done since it was opened.
 *
 * @param connections clients that are welcome now
 * @param rejected connections refused: certificate, name or protocol
 * @param granted requests granted
 * @param refused requests refused by the rules, the term among them
 * @param refusedTerm requests refused because the record had changed meanwhile
 * @param notServed questions refused because the certificate does not cover them
 * @param redirected questions sent on to the node that leads
 * @param delayed standby's requests that had to wait because the owner was still heard
 * @param heardTerm the highest term that a client has told of; above the last one granted, grants were lost
 * @param doubts sites and groups of which a term was heard that was not granted here, until a recovery
 * @param behind questions not decided because grants were lost
 * @param clones connections refused because another gateway with the same certificate was live
 */
public record WitnessCounters(
        int connections,
        long rejected,
        long granted,
        long refused,
        long refusedTerm,
        long notServed,
        long redirected,
        long delayed,
        long heardTerm,
        long doubts,
        long behind,
        long clones) {
    private static final String PREFIX = "secondsite_witness_";

    /** Requests refused by the rules, whatever the term. */
    public long refusedRule() {
        return refused - refusedTerm;
    }

    /** Under the names of Prometheus, with the times of the disk. */
    Map<String, Double> metrics(FsyncHistogram fsyncs) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put(PREFIX + "connections", (double) connections);
        metrics.put(PREFIX + "rejected_connections_total", (double) rejected);
        metrics.put(PREFIX + "grants_total", (double) granted);
        metrics.put(PREFIX + "refusals_total{reason=\"term\"}", (double) refusedTerm);
        metrics.put(PREFIX + "refusals_total{reason=\"rule\"}", (double) refusedRule());
        metrics.put(PREFIX + "refusals_total{reason=\"access\"}", (double) notServed);
        metrics.put(PREFIX + "refusals_total{reason=\"behind\"}", (double) behind);
        metrics.put(PREFIX + "heard_term", (double) heardTerm);
        metrics.put(PREFIX + "doubts", (double) doubts);
        metrics.put(PREFIX + "clones_total", (double) clones);
        metrics.put(PREFIX + "redirects_total", (double) redirected);
        metrics.put(PREFIX + "delayed_total", (double) delayed);
        List<Long> bounds = FsyncHistogram.BOUNDS_MICROS;
        for (int i = 0; i < bounds.size(); i++) {
            String bound = String.format(Locale.ROOT, "%.5f", bounds.get(i) / 1e6);
            metrics.put(PREFIX + "fsync_seconds_bucket{le=\"" + bound + "\"}", (double) fsyncs.atMost(i));
        }
        metrics.put(PREFIX + "fsync_seconds_bucket{le=\"+Inf\"}", (double) fsyncs.count());
        metrics.put(PREFIX + "fsync_seconds_sum", fsyncs.sumMicros() / 1e6);
        metrics.put(PREFIX + "fsync_seconds_count", (double) fsyncs.count());
        return metrics;
    }
}
