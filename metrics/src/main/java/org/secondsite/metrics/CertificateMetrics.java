package org.secondsite.metrics;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/** When that ends by which a daemon proves who it is: the same of every daemon. */
public final class CertificateMetrics {
    private static final double MILLIS_PER_SECOND = 1e3;

    private static final MetricTable<Duration> END = new MetricTable<Duration>()
            .gauge(
                    "certificate_expiry_seconds",
                    "How long until a file of `tls` ends: the own certificate, the first of the authorities, the first of the"
                            + " revocation lists (crl). Negative when it has ended.",
                    left -> left.toMillis() / MILLIS_PER_SECOND);

    private static final MetricTable<Boolean> USABLE = new MetricTable<Boolean>()
            .flag(
                    "certificate_files_usable",
                    "Whether the files of `tls` can be used as they are now; if not, those read before are.",
                    usable -> usable);

    private CertificateMetrics() {}

    /**
     * Adds them.
     *
     * @param ends of each file that is known to end, when
     */
    public static void read(Scrape scrape, Map<String, Instant> ends, boolean usable, Instant now) {
        new TreeMap<>(ends).forEach((file, end) -> scrape.read(END, Duration.between(now, end), "file", file));
        scrape.read(USABLE, usable);
    }
}
