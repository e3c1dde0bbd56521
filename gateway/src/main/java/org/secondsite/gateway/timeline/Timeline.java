package org.secondsite.gateway.timeline;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened at this gateway, and when: the last {@value #CAPACITY} entries.
 *
 * <p>Times are CLOCK_MONOTONIC (System.nanoTime), which all processes of a machine share, beside wall-clock time for people
 * and for other machines. Safe for use by any thread.
 */
public final class Timeline {
    /** How many entries are kept; the oldest go first. */
    public static final int CAPACITY = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(Timeline.class);

    /**
     * One entry.
     *
     * @param nanoTime the monotonic time of what happened, which may be before the entry was made
     * @param wall the wall-clock time of the same moment
     * @param subject a group, VM, neighbour or switch
     * @param kind a stable word for scripts, such as {@code transition} or {@code bgp-update}
     * @param text for people
     */
    public record Entry(long nanoTime, Instant wall, String subject, String kind, String text) {}

    private final Deque<Entry> entries = new ArrayDeque<>();
    private final Consumer<Entry> observer;

    /** A timeline whose entries are log lines as well. */
    public Timeline() {
        this(entry -> LOG.info("{} {}: {}", entry.subject(), entry.kind(), entry.text()));
    }

    /** A timeline that shows each new entry to {@code observer}, on the thread that made it. */
    public Timeline(Consumer<Entry> observer) {
        this.observer = observer;
    }

    /** Notes something that happens now. */
    public void note(String subject, String kind, String text) {
        noteAt(System.nanoTime(), subject, kind, text);
    }

    /** Notes something that happened at a monotonic time. */
    public void noteAt(long nanoTime, String subject, String kind, String text) {
        Instant wall = Instant.now().minusNanos(System.nanoTime() - nanoTime);
        Entry entry = new Entry(nanoTime, wall, subject, kind, text);
        synchronized (this) {
            if (entries.size() == CAPACITY) {
                entries.removeFirst();
            }
            entries.addLast(entry);
        }
        observer.accept(entry);
    }

    /** The entries, oldest noted first. */
    public synchronized List<Entry> entries() {
        return new ArrayList<>(entries);
    }
}
