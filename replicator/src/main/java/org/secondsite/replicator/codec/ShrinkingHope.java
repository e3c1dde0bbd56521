package org.secondsite.replicator.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.secondsite.replicator.PageSet;

/**
 * Whether it is worth while to compress a block: what a guest has encrypted or compressed itself costs most of a processor's
 * time, and shrinks by nothing.
 *
 * <p>A block is given up only if the last one that was tried did not shrink, nearly all of this one is raw pages too, and a
 * sample of its bytes is as even as noise. Every now and then one is tried nevertheless: pages that came before, elsewhere,
 * shrink however even they are. The pauses between trials double from 1 block to {@value #MAX_PAUSE}.
 *
 * <p>Only the encoder asks; a decoder is told with each block.
 */
final class ShrinkingHope {
    private static final int MAX_PAUSE = 8;
    private static final int MIN_RAW_PAGES = 8;
    private static final int SAMPLES = 4096;

    /**
     * The sum of the squares of the counts of each byte value in a sample: noise has SAMPLES²/256 + SAMPLES, give or take
     * 2 %; what shrinks by an eighth or more is far above it.
     */
    private static final long MAX_SQUARES = (long) SAMPLES * SAMPLES / 256 * 11 / 10 + SAMPLES;

    private final int[] counts = new int[256];
    private int pause;
    private int left;

    /**
     * Decides about the next block.
     *
     * @param rawPages how many raw pages are at its end
     * @param plain the block, from position to limit
     */
    boolean isLost(int rawPages, ByteBuffer plain) {
        boolean raw = rawPages >= MIN_RAW_PAGES && rawPages * PageSet.PAGE_BYTES > plain.remaining() / 16 * 15;
        if (left == 0 || !raw || !isEven(plain, rawPages * PageSet.PAGE_BYTES)) {
            return false;
        }
        left--;
        return true;
    }

    /** A block was compressed. */
    void tried(int plainBytes, int codedBytes) {
        boolean shrank = codedBytes < plainBytes / 32 * 31;
        pause = shrank ? 0 : Math.clamp(2L * pause, 1, MAX_PAUSE);
        left = pause;
    }

    private boolean isEven(ByteBuffer plain, int tailBytes) {
        Arrays.fill(counts, 0);
        int step = (tailBytes / SAMPLES - 1) | 1; // odd, so that it meets every place of a word
        for (int i = 0, at = plain.limit() - tailBytes; i < SAMPLES; i++, at += step) {
            counts[plain.get(at) & 0xff]++;
        }
        long squares = 0;
        for (int count : counts) {
            squares += (long) count * count;
        }
        return squares <= MAX_SQUARES;
    }
}
