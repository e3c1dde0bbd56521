package org.secondsite.witness;

/**
 * The proof that an entry will be remembered. Only a {@link RecordStore} may make one, after the entry is on stable
 * storage (or on that of a majority); without it no {@link Decision.Grant} yields its answer.
 */
public final class Durable {
    private final LogEntry entry;

    private Durable(LogEntry entry) {
        this.entry = entry;
    }

    /** Says that {@code entry} survives any crash from now on. For stores only; an architecture test keeps it so. */
    public static Durable proven(LogEntry entry) {
        return new Durable(entry);
    }

    /** What is remembered. */
    public LogEntry entry() {
        return entry;
    }
}
