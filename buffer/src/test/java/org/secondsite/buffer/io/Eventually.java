package org.secondsite.buffer.io;

import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Waits for what must come soon. */
final class Eventually {
    private static final long LIMIT_NANOS = 30_000_000_000L;

    private Eventually() {}

    static void holds(Callable<Boolean> condition, Supplier<String> otherwise) throws Exception {
        long end = System.nanoTime() + LIMIT_NANOS;
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not come within 30 s: " + otherwise.get());
            }
            Thread.sleep(10);
        }
    }
}
