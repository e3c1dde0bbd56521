package org.secondsite.simulator;

/**
 * One fault of a schedule.
 *
 * @param kind its class
 * @param target what it hits: a way such as {@code a>w}, several ways, a process, or a site
 * @param atMs when, in simulated milliseconds
 * @param lastsMs how long it lasts
 * @param strength percent of messages, or of the orders after which a gateway dies; milliseconds of delay or of a clock's
 *     jump; by its kind
 */
public record Fault(FaultKind kind, String target, long atMs, long lastsMs, int strength) {
    long endMs() {
        return atMs + lastsMs;
    }

    @Override
    public String toString() {
        return "at " + atMs + " ms " + kind.name().toLowerCase(java.util.Locale.ROOT) + " " + target
                + (strength == 0 ? "" : " " + strength) + " for " + lastsMs + " ms";
    }
}
