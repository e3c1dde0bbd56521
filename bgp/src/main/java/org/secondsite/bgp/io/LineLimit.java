package org.secondsite.bgp.io;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/** Lines of one kind whose number others decide: one a second, and how many were left out before it. */
final class LineLimit {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Logger log;
    private boolean told;
    private long toldNanos;
    private long leftOut;

    LineLimit(Logger log) {
        this.log = log;
    }

    /** Writes it, or counts it. Any thread. */
    synchronized void warn(String format, Object... arguments) {
        long now = System.nanoTime();
        if (told && now - toldNanos < PERIOD_NANOS) {
            leftOut++;
            return;
        }
        told = true;
        toldNanos = now;
        log.warn(format, arguments);
        if (leftOut > 0) {
            log.warn("bgp: {} more lines of that kind were left out", leftOut);
            leftOut = 0;
        }
    }
}
