package org.secondsite.replicator.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.IntFunction;
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
     * @param rawPages how many raw pages are in it
     * @param otherBytes what else
     * @param contents the raw pages, from 0
     */
    boolean isLost(int rawPages, int otherBytes, IntFunction<MemorySegment> contents) {
        boolean raw = rawPages >= MIN_RAW_PAGES && rawPages * PageSet.PAGE_BYTES > 15 * otherBytes;
        if (left == 0 || !raw || !isEven(rawPages, contents)) {
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

    private boolean isEven(int pages, IntFunction<MemorySegment> contents) {
        Arrays.fill(counts, 0);
        int step = (pages * PageSet.PAGE_BYTES / SAMPLES - 1) | 1; // odd, so that it meets every place of a word
        int samples = 0;
        int at = 0;
        for (int page = 0; page < pages; page++) {
            MemorySegment content = contents.apply(page);
            for (; at < PageSet.PAGE_BYTES && samples < SAMPLES; at += step) {
                counts[content.get(ValueLayout.JAVA_BYTE, at) & 0xff]++;
                samples++;
            }
            at -= PageSet.PAGE_BYTES;
        }
        long squares = 0;
        for (int count : counts) {
            squares += (long) count * count;
        }
        return squares <= MAX_SQUARES;
    }
}
