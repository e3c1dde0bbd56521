package org.secondsite.gateway.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Schedules of faults against the real ownership table, protection groups, epoch buffer and record book. */
class SimulatorTest {
    private static final long SEEDS = 150;

    @Test
    void noScheduleBreaksASafetyRuleAndServiceReturns() {
        long releases = 0;
        int faults = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            Simulator.Outcome outcome = Simulator.run(seed, line -> {});
            assertNull(outcome.violation(), () -> "seed " + outcome.seed());
            assertTrue(
                    outcome.servedAtEnd(), () -> "seed " + outcome.seed() + ": no service after everything is mended");
            assertTrue(
                    outcome.protectedAtEnd(),
                    () -> "seed " + outcome.seed() + ": not protected after everything is mended");
            releases += outcome.releases();
            faults += outcome.faults();
        }
        assertTrue(releases > SEEDS * 500, "only " + releases + " packets were released and checked");
        assertTrue(faults > SEEDS, "only " + faults + " faults");
    }

    @Test
    void sameSeedGivesTheSameTrace() {
        for (long seed = 1; seed <= 5; seed++) {
            assertEquals(
                    Simulator.run(seed, line -> {}).traceHash(),
                    Simulator.run(seed, line -> {}).traceHash());
        }
    }
}
