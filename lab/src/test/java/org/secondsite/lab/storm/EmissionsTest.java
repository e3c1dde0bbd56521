package org.secondsite.lab.storm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EmissionsTest {
    private static int handovers(long[] a, long[] b) {
        return new Emissions(a, b).handovers();
    }

    @Test
    void oneAfterTheOtherIsOneHandover() {
        assertEquals(1, handovers(new long[] {1, 2, 3}, new long[] {4, 5}));
        assertEquals(1, handovers(new long[] {9, 8}, new long[] {1, 2}));
    }

    @Test
    void oneAloneIsNone() {
        assertEquals(0, handovers(new long[] {1, 2, 3}, new long[0]));
        assertEquals(0, handovers(new long[0], new long[0]));
    }

    @Test
    void aPacketOfTheOldOwnerAfterOneOfTheNewIsSeen() {
        assertEquals(3, handovers(new long[] {1, 2, 5}, new long[] {4, 6}));
    }
}
