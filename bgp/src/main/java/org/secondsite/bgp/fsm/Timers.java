package org.secondsite.bgp.fsm;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The running timers of one connection, as deadlines in nanoseconds. */
final class Timers {
    private final Map<Kind, Long> deadlines = new EnumMap<>(Kind.class);

    /** In the order in which those that are due at the same time fire. */
    enum Kind {
        HOLD,
        SEND_HOLD,
        KEEPALIVE,
        CONNECT_RETRY,
        IDLE_HOLD
    }

    void start(Kind kind, long deadlineNanos) {
        deadlines.put(kind, deadlineNanos);
    }

    void stop(Kind kind) {
        deadlines.remove(kind);
    }

    void stopAll() {
        deadlines.clear();
    }

    boolean isRunning(Kind kind) {
        return deadlines.containsKey(kind);
    }

    /** Takes one timer that is due out of the set. */
    Optional<Kind> takeDue(long nowNanos) {
        for (Map.Entry<Kind, Long> entry : deadlines.entrySet()) {
            if (nowNanos - entry.getValue() >= 0) {
                deadlines.remove(entry.getKey());
                return Optional.of(entry.getKey());
            }
        }
        return Optional.empty();
    }

    /** How long until the next is due, 0 if one is; empty when none runs. */
    OptionalLong untilNextNanos(long nowNanos) {
        return deadlines.values().stream()
                .mapToLong(deadline -> Math.max(0, deadline - nowNanos))
                .min();
    }
}
