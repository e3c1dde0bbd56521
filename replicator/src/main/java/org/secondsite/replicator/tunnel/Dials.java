package org.secondsite.replicator.tunnel;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.secondsite.net.Backoff;

/**
 * When this end opens connections, if that is its part: again and again, with a wait that doubles up to its bound; and whether with
 * small segments.
 */
final class Dials {
    private record Further(long session, long dueNanos) {}

    private final TunnelSettings.Timing timing;
    private final RandomGenerator random;
    private final TunnelSink sink;
    private final Backoff backoff;
    private final BlackHoleDoubt blackHole;
    private final Map<Integer, Further> further = new HashMap<>();
    private long firstDueNanos = Alarm.NEVER;
    private TunnelSink.Segments segments = TunnelSink.Segments.USUAL;

    Dials(TunnelSettings.Timing timing, RandomGenerator random, TunnelSink sink) {
        this.timing = timing;
        this.random = random;
        this.sink = sink;
        this.blackHole = new BlackHoleDoubt(timing.silenceMs());
        this.backoff = new Backoff(timing.minBackoffMs(), timing.maxBackoffMs());
    }

    /** The first connection of a session, after the present wait. Returns when. */
    long first(long now) {
        firstDueNanos = now + TimeUnit.MILLISECONDS.toNanos(backoff.next(random));
        return firstDueNanos;
    }

    /** A further connection of a session, once more. Returns when. */
    long furtherLater(int number, long session, long now) {
        long dueNanos = now + TimeUnit.MILLISECONDS.toNanos(timing.maxBackoffMs());
        further.put(number, new Further(session, dueNanos));
        return dueNanos;
    }

    /** A further connection of the present session, now. */
    void furtherNow(int number) {
        sink.dial(number, segments);
    }

    /** A session lasted so long: if it was long enough, the next wait is the shortest one again. */
    void lasted(long nanos) {
        if (TimeUnit.NANOSECONDS.toMillis(nanos) > timing.maxBackoffMs()) {
            backoff.reset();
        }
    }

    /** A first connection of this end's ended. */
    void ended(ResetCode code, boolean wasOpen, long now) {
        blackHole.ended(code, wasOpen, now);
    }

    /**
     * Opens what is due.
     *
     * @param session the present session
     * @param heardBesideNanos when the peer was last heard beside its connections
     */
    void tick(long session, long now, long heardBesideNanos) {
        if (firstDueNanos != Alarm.NEVER && now - firstDueNanos >= 0) {
            firstDueNanos = Alarm.NEVER;
            segments = blackHole.isBlackHole(heardBesideNanos) ? TunnelSink.Segments.SMALL : TunnelSink.Segments.USUAL;
            sink.dial(0, segments);
        }
        for (Iterator<Map.Entry<Integer, Further>> each = further.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<Integer, Further> next = each.next();
            if (now - next.getValue().dueNanos() >= 0) {
                each.remove();
                if (next.getValue().session() == session) {
                    sink.dial(next.getKey(), segments);
                }
            }
        }
    }

    /** When {@link #tick} has something to do. */
    long dueNanos() {
        long due = firstDueNanos;
        for (Further each : further.values()) {
            due = Alarm.earlier(due, each.dueNanos());
        }
        return due;
    }
}
