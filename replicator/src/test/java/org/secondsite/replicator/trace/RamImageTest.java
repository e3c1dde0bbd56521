package org.secondsite.replicator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.secondsite.replicator.PageSet;

class RamImageTest {
    private static final long BYTES = 8L * PageSet.PAGE_BYTES;

    @Test
    void tellsTheFirstPageThatDiffers() {
        try (RamImage one = new RamImage(BYTES);
                RamImage other = new RamImage(BYTES);
                PageSet pages = pages(5, (byte) 1);
                PageSet changed = pages(5, (byte) 2)) {
            one.apply(pages);
            assertEquals(5, one.firstDifference(other));
            other.apply(pages);
            assertEquals(-1, one.firstDifference(other));
            other.apply(changed);
            assertEquals(5, one.firstDifference(other));
        }
    }

    @Test
    void aPageOutsideIsRefused() {
        try (RamImage image = new RamImage(BYTES);
                PageSet pages = pages(8, (byte) 1)) {
            assertThrows(IndexOutOfBoundsException.class, () -> image.apply(pages));
        }
    }

    private static PageSet pages(int number, byte fill) {
        byte[] page = new byte[PageSet.PAGE_BYTES];
        Arrays.fill(page, fill);
        try (PageSet.Builder builder = PageSet.builder()) {
            return builder.add(number, ByteBuffer.wrap(page)).build();
        }
    }
}
