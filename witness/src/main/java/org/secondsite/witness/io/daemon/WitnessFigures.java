package org.secondsite.witness.io.daemon;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.secondsite.config.SiteId;
import org.secondsite.witness.FsyncHistogram;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;

/**
 * Everything that a witness node knows about itself: what its status and its metrics are made of.
 *
 * @param standing how it stands among its peers
 * @param entries the records in force, and who made them so
 * @param heardMs how long ago each site's gateway was heard, in milliseconds; a site never heard is missing
 * @param knownTerms the highest term that each site's gateway has said it knows of
 * @param counters what it has done
 * @param fsyncs how long the disk took
 */
public record WitnessFigures(
        StoreStanding standing,
        List<LogEntry> entries,
        Map<SiteId, Long> heardMs,
        Map<SiteId, Long> knownTerms,
        WitnessCounters counters,
        FsyncHistogram fsyncs) {
    /** As it is told to whoever asks by the protocol. */
    NodeStatus status() {
        List<NodeStatus.Made> made = entries.stream()
                .map(entry -> new NodeStatus.Made(entry.record(), entry.asker(), entry.reason()))
                .toList();
        Map<String, Double> metrics = new TreeMap<>(counters.metrics(fsyncs));
        knownTerms.forEach((site, term) -> metrics.put(NodeStatus.knows(site, term), 1.0));
        return new NodeStatus(standing, made, heardMs, metrics);
    }
}
