package org.secondsite.replicator.tunnel;

/** When a session is to be woken next: the earliest of the times that its parts want. */
final class Alarm {
    /** No time. */
    static final long NEVER = Long.MAX_VALUE;

    private final TunnelSink sink;
    private long wakeNanos = NEVER;

    Alarm(TunnelSink sink) {
        this.sink = sink;
    }

    /** Something is to be done at that time. */
    void set(long atNanos) {
        if (atNanos != NEVER && (wakeNanos == NEVER || atNanos - wakeNanos < 0)) {
            wakeNanos = atNanos;
            sink.wakeAt(atNanos);
        }
    }

    /** It may be that time; an earlier one changes nothing. */
    void woken(long now) {
        if (wakeNanos != NEVER && now - wakeNanos >= 0) {
            wakeNanos = NEVER;
        }
    }

    /** The earlier of two times, either of which may be {@link #NEVER}. */
    static long earlier(long one, long other) {
        if (one == NEVER || other == NEVER) {
            return one == NEVER ? other : one;
        }
        return one - other < 0 ? one : other;
    }
}
