package org.secondsite.witness.desk;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Lets a line that strangers can cause through once a second, with how many were left out since. */
public final class LogLimit {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private boolean ever;
    private long lastNanos;
    private long leftOut;

    /** Nothing was written yet. */
    public LogLimit() {}

    /** How many were left out before this line; empty if it is to be left out, too. */
    public OptionalLong pass(long nowNanos) {
        if (ever && nowNanos - lastNanos < PERIOD_NANOS) {
            leftOut++;
            return OptionalLong.empty();
        }
        OptionalLong before = OptionalLong.of(leftOut);
        ever = true;
        lastNanos = nowNanos;
        leftOut = 0;
        return before;
    }
}
