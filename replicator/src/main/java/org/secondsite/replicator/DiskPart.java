package org.secondsite.replicator;

import java.util.Arrays;
import java.util.Optional;

/**
 * A part of a disk at the other site, and what is asked about it.
 *
 * @param question what is asked
 * @param volume the index of the disk
 * @param first the first chunk
 * @param count the chunks, at most so many that the answer has {@value #MAX_ANSWER_BYTES} bytes
 */
public record DiskPart(Question question, int volume, int first, int count) {
    /** The most bytes of an answer. */
    public static final int MAX_ANSWER_BYTES = 3072;

    /** The bytes of a hash. */
    public static final int HASH_BYTES = 16;

    /** What can be asked about chunks of a disk. */
    public enum Question {
        /** Which of them the dirty map names: a bit each, the first one in the lowest bit of the first byte. */
        DIRTY(1, MAX_ANSWER_BYTES * 8),
        /** What they contain: the first {@value #HASH_BYTES} bytes of SHA-256, each. */
        HASHES(2, MAX_ANSWER_BYTES / HASH_BYTES);

        private final int code;
        private final int maxChunks;

        Question(int code, int maxChunks) {
            this.code = code;
            this.maxChunks = maxChunks;
        }

        /** The code on the wire. */
        public int code() {
            return code;
        }

        /** The most chunks about which it is asked at a time. */
        public int maxChunks() {
            return maxChunks;
        }

        /** The question of a code, empty if there is none. */
        public static Optional<Question> of(int code) {
            return Arrays.stream(values()).filter(one -> one.code == code).findFirst();
        }

        int answerBytes(int chunks) {
            return this == DIRTY ? (chunks + 7) / 8 : chunks * HASH_BYTES;
        }
    }

    /** Checks the ranges. */
    public DiskPart {
        if (volume < 0 || volume >= VolumeChanges.MAX_VOLUMES) {
            throw new IllegalArgumentException("volume " + volume);
        }
        if (first < 0 || count < 1 || count > question.maxChunks() || first > Integer.MAX_VALUE - count) {
            throw new IllegalArgumentException(count + " chunks from " + first);
        }
    }

    /** The chunk behind the last one. */
    public int end() {
        return first + count;
    }

    /** The bytes of an answer. */
    public int answerBytes() {
        return question.answerBytes(count);
    }
}
