package org.secondsite.appliance;

import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;
import org.secondsite.metrics.Buckets;
import org.secondsite.metrics.CertificateMetrics;
import org.secondsite.metrics.MetricTable;
import org.secondsite.metrics.Scrape;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.witness.FsyncHistogram;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.io.daemon.WitnessCounters;
import org.secondsite.witness.io.daemon.WitnessFigures;

/** What Prometheus gets to know about a node of the witness: {@code docs/metrics.md} lists it. */
public final class WitnessMetrics {
    private static final double MICROS_PER_SECOND = 1e6;
    private static final double MILLIS_PER_SECOND = 1e3;

    private static final MetricTable<StoreStanding> INFO = new MetricTable<StoreStanding>()
            .gauge(
                    "witness_info",
                    "Always 1; this node, and the one that leads, as far as it knows: the leader is empty if none is known.",
                    standing -> 1);

    private static final MetricTable<StoreStanding> STANDING = new MetricTable<StoreStanding>()
            .state(
                    "witness_role",
                    "What this node does: 1 at its role; a node without peers leads.",
                    StoreStanding.Role.values(),
                    StoreStanding::role)
            .gauge(
                    "witness_election",
                    "The number of the election that made the leader (Raft's term); 0 without peers.",
                    StoreStanding::election)
            .gauge(
                    "witness_applied_entries",
                    "Entries of the common log that are in this node's records; 0 without peers.",
                    StoreStanding::applied);

    private static final MetricTable<WitnessCounters> COUNTERS = new MetricTable<WitnessCounters>()
            .gauge("witness_connections", "Clients that are welcome now.", WitnessCounters::connections)
            .counter(
                    "witness_rejected_connections",
                    "Connections refused: certificate, name, protocol, or too many.",
                    WitnessCounters::rejected)
            .counter("witness_grants", "Requests granted by this node.", WitnessCounters::granted)
            .counters(
                    "witness_refusals",
                    "Requests refused: the record had changed meanwhile (term), the rules forbid it (rule), the"
                            + " certificate does not cover it (access), grants were lost (behind).",
                    "reason",
                    Map.of(
                            "term", WitnessCounters::refusedTerm,
                            "rule", WitnessCounters::refusedRule,
                            "access", WitnessCounters::notServed,
                            "behind", WitnessCounters::behind))
            .gauge(
                    "witness_heard_term",
                    "The highest term that a client has told of; above the records' terms, grants were lost.",
                    WitnessCounters::heardTerm)
            .gauge(
                    "witness_doubts",
                    "Sites and groups of which a term was heard that was not granted here, until a recovery.",
                    WitnessCounters::doubts)
            .counter(
                    "witness_clones",
                    "Connections refused because another gateway with the same certificate was live.",
                    WitnessCounters::clones)
            .counter("witness_redirects", "Questions sent on to the node that leads.", WitnessCounters::redirected)
            .counter(
                    "witness_delayed",
                    "Standby's requests that had to wait because the owner was still heard.",
                    WitnessCounters::delayed);

    private static final MetricTable<FsyncHistogram> FSYNCS = new MetricTable<FsyncHistogram>()
            .histogram(
                    "witness_fsync_seconds", "How long it took to force the log to the disk.", WitnessMetrics::buckets);

    private static final MetricTable<LogEntry> RECORD = new MetricTable<LogEntry>()
            .gauge("witness_record_term", "The term of the record in force.", entry -> entry.record()
                    .term())
            .gauge(
                    "witness_record_in_sync_sites",
                    "How many sites the record calls in sync; 2 is protected.",
                    entry -> entry.record().inSync().size());

    private static final MetricTable<LogEntry> OWNER = new MetricTable<LogEntry>()
            .gauge("witness_record_owner", "Always 1; the site that owns the group.", entry -> 1);

    private static final MetricTable<Long> HEARD = new MetricTable<Long>()
            .gauge(
                    "witness_site_silence_seconds",
                    "How long ago the site's gateway was heard by this node; of a site never heard there is none.",
                    ms -> ms / MILLIS_PER_SECOND);

    private WitnessMetrics() {}

    /** Reads everything. */
    public static Scrape read(WitnessFigures figures, CertificateWatch.State certificates) {
        Scrape scrape = new Scrape();
        CertificateMetrics.read(
                scrape, certificates.ends(), certificates.fault().isEmpty(), Instant.now());
        StoreStanding standing = figures.standing();
        scrape.read(INFO, standing, "node", standing.node(), "leader", standing.leader());
        scrape.read(STANDING, standing);
        scrape.read(COUNTERS, figures.counters());
        scrape.read(FSYNCS, figures.fsyncs());
        for (LogEntry entry : figures.entries()) {
            String group = entry.record().group().name();
            scrape.read(RECORD, entry, "group", group);
            scrape.read(
                    OWNER, entry, "group", group, "site", entry.record().owner().name());
        }
        figures.heardMs().forEach((site, ms) -> scrape.read(HEARD, ms, "site", site.name()));
        return scrape;
    }

    private static Buckets buckets(FsyncHistogram fsyncs) {
        int bounds = FsyncHistogram.BOUNDS_MICROS.size();
        long[] atMost =
                IntStream.rangeClosed(0, bounds).mapToLong(fsyncs::atMost).toArray();
        long[] counts = new long[bounds + 1];
        for (int i = 0; i <= bounds; i++) {
            // The disk is at work meanwhile: a later look may have seen one more.
            counts[i] = Math.max(0, atMost[i] - (i == 0 ? 0 : atMost[i - 1]));
        }
        return Buckets.of(FsyncHistogram.BOUNDS_MICROS, counts, (double) fsyncs.sumMicros(), MICROS_PER_SECOND);
    }
}
