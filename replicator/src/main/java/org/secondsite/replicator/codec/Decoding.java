package org.secondsite.replicator.codec;

import org.secondsite.replicator.Epoch;

/** What came of feeding bytes to an {@link EpochDecoder}. */
public sealed interface Decoding {
    /** The epoch is not complete yet. */
    record NeedMore() implements Decoding {
        static final NeedMore INSTANCE = new NeedMore();
    }

    /**
     * An epoch is complete, and its checksum was computed from the plain content and found equal.
     *
     * @param epoch now the caller's to close
     */
    record Whole(Epoch epoch) implements Decoding {}

    /**
     * The bytes cannot be an encoded epoch, or do not give the content that the sender had. The decoder is of no use any more.
     *
     * @param reason in words
     */
    record Malformed(String reason) implements Decoding {}
}
