package org.secondsite.witness.desk;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;

/**
 * Which process counts as the gateway of a site: one at a time, of all that have its certificate. What is granted to the site is
 * granted to that one.
 *
 * <p>A process of the same {@link SeatId} is the same gateway, restarted, and takes the place at once: two of one seat cannot live
 * at a time. Any other is refused while the first is heard; and while the site owns a group, or is in sync with its owner, for as long
 * as it may take, because who is silent here may live, let output pass, or hold the image that the site is promoted for. An operator
 * who knows better forces the group.
 *
 * <p>Of processes without a seat nothing can be told but whether they are heard: one of them that was silent for
 * {@link #LIVE_NANOS} is replaced by any other. After a start, the one that made the site's last request counts as heard then.
 */
final class Incarnations {
    /** How long after its last message a gateway counts as live. */
    static final long LIVE_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);

    private static final long UNKNOWN = 0;

    private final Map<SiteId, Incarnation> known = new HashMap<>();

    private record Incarnation(SeatId seat, long client, long heardNanos) {
        boolean isLive(long nowNanos) {
            return nowNanos - heardNanos < LIVE_NANOS;
        }
    }

    Incarnations(List<LogEntry> entries, Map<SiteId, SeatId> seats, long nowNanos) {
        seats.forEach((site, seat) -> known.put(site, new Incarnation(seat, UNKNOWN, nowNanos)));
        entries.stream()
                .sorted(Comparator.comparingLong(entry -> entry.record().term()))
                .filter(entry -> !entry.request().equals(RequestId.NONE))
                .forEach(entry -> known.put(
                        entry.asker(),
                        new Incarnation(
                                seats.getOrDefault(entry.asker(), SeatId.NONE),
                                entry.request().client(),
                                nowNanos)));
    }

    /**
     * Why a process may not be the gateway of a site; empty if it may.
     *
     * @param inSync whether the site owns a group, or is in sync with its owner
     */
    Optional<String> objection(SiteId site, SeatId seat, long client, boolean inSync, long nowNanos) {
        Incarnation first = known.get(site);
        if (first == null || (first.client() == client && first.seat().equals(seat))) {
            return Optional.empty();
        }
        boolean seated = !first.seat().isNone();
        if (seated && first.seat().equals(seat)) {
            return Optional.empty();
        }
        if (first.isLive(nowNanos)) {
            return Optional.of("another gateway with the certificate of '" + site + "' is live: only one may be");
        }
        return seated && inSync
                ? Optional.of(
                        "another gateway with the certificate of '" + site
                                + "', at another place, owns a group or is in sync. It is silent,"
                                + " but may live. If it is gone for good, an operator forces a group to this site ('secondsite witness force')")
                : Optional.empty();
    }

    /** The process is the site's gateway from now on. Whether its seat is another one than that of the gateway before. */
    boolean admitted(SiteId site, SeatId seat, long client, long nowNanos) {
        Incarnation before = known.put(site, new Incarnation(seat, client, nowNanos));
        return !seat.equals(before == null ? SeatId.NONE : before.seat());
    }

    /** The site's gateway was heard. */
    void heard(SiteId site, long nowNanos) {
        known.computeIfPresent(site, (same, first) -> new Incarnation(first.seat(), first.client(), nowNanos));
    }

    /** An operator has given a group to the site. Whether that makes its place free, because nobody there is heard. */
    boolean freed(SiteId site, long nowNanos) {
        Incarnation first = known.get(site);
        boolean free = first != null && !first.isLive(nowNanos);
        if (free) {
            known.remove(site);
        }
        return free;
    }
}
