package org.secondsite.lab.embedded;

import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what comes about in another thread. */
final class Waiting {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long POLL_MS = 5;

    private Waiting() {}

    /**
     * Waits until the condition holds.
     *
     * @param what is waited for, for the message
     * @throws IOException if it does not come about within 20 s
     */
    static void until(String what, BooleanSupplier condition) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("no " + what + " within " + PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(POLL_MS);
        }
    }
}
