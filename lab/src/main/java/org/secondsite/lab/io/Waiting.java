package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;

/** Bounded waits for something that only looking can tell. */
final class Waiting {
    private static final int PAUSE_MILLIS = 40;

    private Waiting() {}

    /** A condition; what it throws means "not yet", and stands in the failure if it never comes. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException;
    }

    /**
     * Waits until the condition holds.
     *
     * @param what completes the sentence "waited N s for …"
     * @throws IOException if it does not in time
     */
    static void until(String what, int limitSeconds, Condition condition) throws IOException {
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        IOException last = null;
        do {
            try {
                if (condition.holds()) {
                    return;
                }
            } catch (InterruptedIOException | LabFailure e) {
                throw e;
            } catch (IOException e) {
                last = e;
            }
            pause(PAUSE_MILLIS);
        } while (System.nanoTime() < deadlineNanos);
        throw new IOException("waited " + limitSeconds + " s for " + what, last);
    }

    static void pause(int millis) throws InterruptedIOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
