package org.secondsite.openflow.pipeline;

/**
 * The cookie of a flow that a gateway wrote: a mark that nobody else is likely to use, and the term under which it was
 * written.
 *
 * <pre>
 *   63           48 47                                             0
 *  ┌───────────────┬────────────────────────────────────────────────┐
 *  │ 0x5353 ("SS") │ term                                           │
 *  └───────────────┴────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>The term tells who wrote a flow, for the eyes of an operator; a flow that stays right in a later term keeps it.
 */
public final class Cookie {
    private static final long MARK = 0x5353L << 48;
    private static final long TERM_MASK = -1L >>> 16;

    private Cookie() {}

    /** The cookie of flows written under {@code term}, of which it keeps the lower 48 bits. */
    public static long of(long term) {
        return MARK | (term & TERM_MASK);
    }

    /** Whether a gateway wrote it. */
    public static boolean isOurs(long cookie) {
        return (cookie & ~TERM_MASK) == MARK;
    }
}
