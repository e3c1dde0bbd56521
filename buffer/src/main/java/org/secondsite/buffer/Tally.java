package org.secondsite.buffer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A number that one side writes and any thread may read: a position in a lane, or a counter.
 *
 * <p>A write publishes everything that the writer did before it (release), a read sees it (acquire). On x86-64 both
 * are plain moves, so a tally costs nothing on the way of a packet.
 */
final class Tally {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Tally.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through VALUE
    private long value;

    long get() {
        return (long) VALUE.getAcquire(this);
    }

    void set(long next) {
        VALUE.setRelease(this, next);
    }

    /** For the one writer only. */
    void add(long more) {
        VALUE.setRelease(this, (long) VALUE.get(this) + more);
    }
}
