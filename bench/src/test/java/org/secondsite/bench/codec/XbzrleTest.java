package org.secondsite.bench.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class XbzrleTest {
    private static final int PAGE = 4096;

    @Test
    void whatIsEncodedTurnsTheOldPageIntoTheNewOne() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            byte[] old = new byte[PAGE];
            random.nextBytes(old);
            byte[] page = old.clone();
            for (int change = random.nextInt(20); change > 0; change--) {
                int from = random.nextInt(PAGE);
                int to = Math.min(PAGE, from + random.nextInt(150));
                for (int i = from; i < to; i++) {
                    page[i]++;
                }
            }
            byte[] out = new byte[PAGE];
            int length = Xbzrle.encode(old, page, out);
            assertArrayEquals(page, apply(old, out, length), "seed " + seed);
        }
    }

    @Test
    void anEqualPageIsNothingAndAnotherOneDoesNotFit() {
        byte[] old = new byte[PAGE];
        byte[] other = new byte[PAGE];
        Arrays.fill(other, (byte) 1);
        assertEquals(0, Xbzrle.encode(old, old.clone(), new byte[PAGE]));
        assertEquals(-1, Xbzrle.encode(old, other, new byte[PAGE]));
    }

    private static byte[] apply(byte[] old, byte[] coded, int length) {
        byte[] page = old.clone();
        int in = 0;
        int at = 0;
        while (in < length) {
            int[] numbers = new int[2];
            for (int which = 0; which < 2; which++) {
                numbers[which] = coded[in] & 0x7f;
                if (coded[in++] < 0) {
                    numbers[which] |= coded[in++] << 7;
                }
            }
            at += numbers[0];
            System.arraycopy(coded, in, page, at, numbers[1]);
            in += numbers[1];
            at += numbers[1];
        }
        return page;
    }
}
