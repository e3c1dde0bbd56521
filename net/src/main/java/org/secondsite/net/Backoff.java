package org.secondsite.net;

import java.util.random.RandomGenerator;

/** How long to wait before the next attempt: twice as long each time, up to a bound, until one succeeds. Not thread-safe. */
public final class Backoff {
    private final int firstMs;
    private final int maxMs;
    private int nextMs;

    /**
     * Of nothing that was tried yet.
     *
     * @param firstMs the first wait, at least 1
     * @param maxMs the longest one
     * @throws IllegalArgumentException if they are not in that order
     */
    public Backoff(int firstMs, int maxMs) {
        if (firstMs < 1 || maxMs < firstMs) {
            throw new IllegalArgumentException("waits of " + firstMs + ".." + maxMs + " ms");
        }
        this.firstMs = firstMs;
        this.maxMs = maxMs;
        this.nextMs = firstMs;
    }

    /** The shortest wait, in milliseconds. */
    public int firstMs() {
        return firstMs;
    }

    /** Takes the next wait, in milliseconds. */
    public int next() {
        int waitMs = nextMs;
        nextMs = (int) Math.min(2L * nextMs, maxMs);
        return waitMs;
    }

    /** The same, but between half and the whole of it, so that two ends that lost each other do not stay in step. */
    public int next(RandomGenerator random) {
        int waitMs = next();
        return random.nextInt(waitMs / 2, waitMs + 1);
    }

    /** An attempt succeeded: the next wait is the shortest again. */
    public void reset() {
        nextMs = firstMs;
    }
}
