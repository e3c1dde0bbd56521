package org.secondsite.net.io;

import org.secondsite.net.Sparing;
import org.slf4j.Logger;

/**
 * The lines of a log whose number strangers decide: of each kind ten at once, then one a second, and how many were left out since. So
 * nobody fills a disk, or hides what he does behind what he makes others write.
 */
public final class StrangersLog {
    private final Logger log;
    private final Sparing<String> lines = new Sparing<>();

    /**
     * Nothing was written yet.
     *
     * @param log of the class that has something to tell
     */
    public StrangersLog(Logger log) {
        this.log = log;
    }

    /**
     * Writes a line, or counts it. Any thread.
     *
     * @param kind one of few: never what a stranger has said
     * @param format as of SLF4J
     */
    public void tell(String kind, String format, Object... arguments) {
        long untold;
        synchronized (lines) {
            if (!lines.mayTell(kind, System.nanoTime())) {
                return;
            }
            untold = lines.takeUntold(kind);
        }
        log.warn(format, arguments);
        if (untold > 0) {
            log.warn("{} more lines of that kind were left out", untold);
        }
    }
}
