package org.secondsite.openflow.session;

/**
 * Orders generations as switches do (OpenFlow 1.4.1 §6.3.6): by their signed distance on the circle of 2^64.
 *
 * <p>Terms are counted up by one from 1 by the witness. So a number that is further ahead than any witness can have counted
 * is somebody else's: a controller that draws its generations from a clock, or a switch that begins with a random one.
 */
final class Generation {
    /** What a switch answers that has not been given any, such as Open vSwitch. */
    static final long UNDEFINED = -1;

    /** More grants than a witness makes: one each millisecond for seven weeks. */
    private static final long PLAUSIBLE_DISTANCE = 1L << 32;

    /** Less than half of the circle: what a switch takes for a later one. */
    private static final long STRIDE = 1L << 62;

    private Generation() {}

    /** Whether a switch that holds {@code held} refuses {@code term}. */
    static boolean outranks(long held, long term) {
        return held != UNDEFINED && term - held < 0;
    }

    /** Whether a witness can have granted {@code held} when {@code term} was the newest known. */
    static boolean isPlausible(long held, long term) {
        return held - term <= PLAUSIBLE_DISTANCE;
    }

    /** The next number on the way round from {@code held} to {@code term}; the last is the term. */
    static long towards(long held, long term) {
        return outranks(held, term) ? held + STRIDE : term;
    }
}
