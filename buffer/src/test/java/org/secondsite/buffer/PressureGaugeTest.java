package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PressureGaugeTest {
    private final PressureGauge gauge = new PressureGauge(800);

    @Test
    void levelsAreEnteredAndLeftWithHysteresis() {
        assertEquals(Pressure.EASY, at(399));
        assertEquals(Pressure.SEAL_SOONER, at(400));
        assertEquals(Pressure.SEAL_SOONER, at(300));
        assertEquals(Pressure.EASY, at(299));
        assertEquals(Pressure.EASY, at(399));
        assertEquals(Pressure.KEEP_PAUSED, at(600));
        assertEquals(Pressure.KEEP_PAUSED, at(500));
        assertEquals(Pressure.SEAL_SOONER, at(499));
        assertEquals(Pressure.SEAL_SOONER, at(599));
        assertEquals(Pressure.EASY, at(0));
    }

    @Test
    void aDropIsTheHardLimitUntilThereIsRoom() {
        gauge.look(790, 1);
        assertEquals(Pressure.HARD_LIMIT, gauge.level());
        gauge.look(700, 1);
        assertEquals(Pressure.HARD_LIMIT, gauge.level());
        gauge.look(499, 1);
        assertEquals(Pressure.SEAL_SOONER, gauge.level());
        gauge.look(499, 2);
        assertEquals(Pressure.HARD_LIMIT, gauge.level());
    }

    private Pressure at(long used) {
        gauge.look(used, 0);
        return gauge.level();
    }
}
