package org.secondsite.witness.desk;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RequestId;

/**
 * Which process counts as the gateway of a site. The second one with the same certificate is refused for as long as the first is
 * heard; after a start, the one that made the site's last request counts as heard then. So a copy of a gateway is told no role
 * beside the original, and a restarted one waits {@link #LIVE_NANOS} at most.
 */
final class Incarnations {
    /** How long after its last message a gateway counts as live. */
    static final long LIVE_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);

    private final Map<SiteId, Incarnation> known = new HashMap<>();

    private record Incarnation(long client, long heardNanos) {}

    Incarnations(List<LogEntry> entries, long nowNanos) {
        entries.stream()
                .sorted(Comparator.comparingLong(entry -> entry.record().term()))
                .filter(entry -> !entry.request().equals(RequestId.NONE))
                .forEach(entry -> heard(entry.asker(), entry.request().client(), nowNanos));
    }

    /** Whether another process of that site is live. */
    boolean isOther(SiteId site, long client, long nowNanos) {
        Incarnation first = known.get(site);
        return first != null && first.client() != client && nowNanos - first.heardNanos() < LIVE_NANOS;
    }

    /** The process was heard, and is the site's from now on. */
    void heard(SiteId site, long client, long nowNanos) {
        known.put(site, new Incarnation(client, nowNanos));
    }
}
