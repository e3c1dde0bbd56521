package org.secondsite.bench.codec;

import org.secondsite.replicator.Epoch;

/** A way to shrink the epochs of one guest, one after the other. Not thread-safe. */
public interface PageCoder extends AutoCloseable {
    /** Shrinks the next epoch and returns the bytes that would be sent for it. */
    long encode(Epoch epoch);

    @Override
    void close();
}
