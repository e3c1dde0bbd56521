package org.secondsite.lab.storm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class FlatnessTest {
    @Test
    void whatGrowsInTheFirstHalfOnlyIsFlat() {
        assertEquals(0, Flatness.of(1, 20, 50, 90, 100, 100, 100, 100).growth());
    }

    @Test
    void aLeakIsSeen() {
        assertEquals(0.1, Flatness.of(7, 7, 7, 7, 10, 10, 11, 11).growth(), 1e-9);
        assertEquals(
                Double.POSITIVE_INFINITY, Flatness.of(0, 0, 0, 0, 0, 0, 0, 1).growth());
    }

    @Test
    void whatShrinksHasNotGrown() {
        assertEquals(-0.5, Flatness.of(9, 9, 9, 9, 4, 4, 2, 2).growth(), 1e-9);
        assertEquals(0, Flatness.of(new double[8]).growth());
    }

    @Test
    void tooFewSamplesSayNothing() {
        assertThrows(IllegalArgumentException.class, () -> Flatness.of(1, 1, 1, 1, 1, 1, 1));
    }
}
