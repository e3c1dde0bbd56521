package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class HaltRecoveryTest {
    private static final long MS = 1_000_000;

    private final HaltRecovery recovery = new HaltRecovery();

    @Test
    void triesAgainAfterWaitsThatGrowUntilFourSeconds() {
        assertTrue(recovery.halted("EIO", 0));
        long now = 0;
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            long wait = recovery.dueIn(now).orElseThrow();
            waits.add(wait / MS);
            now += wait;
            recovery.attempted(now);
            recovery.resumed(now);
            assertEquals(OptionalLong.empty(), recovery.dueIn(now));
            assertFalse(recovery.halted("EIO", now + MS), "the same trouble is told once");
            now += MS;
        }
        assertEquals(List.of(500L, 1000L, 2000L, 4000L, 4000L, 4000L), waits);
    }

    @Test
    void anotherReasonIsTold() {
        recovery.halted("EIO", 0);
        recovery.resumed(MS);
        assertTrue(recovery.halted("ENOSPC", 2 * MS));
        assertEquals("ENOSPC", recovery.reason());
    }

    @Test
    void aVmThatHasRunLongEnoughIsWell() {
        recovery.halted("EIO", 0);
        recovery.attempted(500 * MS);
        recovery.resumed(500 * MS);
        assertTrue(recovery.halted("EIO", 10_600 * MS));
        assertEquals(OptionalLong.of(500 * MS), recovery.dueIn(10_600 * MS));
    }

    @Test
    void aSecondFailedRequestOfTheSameHaltChangesNothing() {
        recovery.halted("EIO", 0);
        assertFalse(recovery.halted("EIO too", MS));
        assertEquals(OptionalLong.of(499 * MS), recovery.dueIn(MS));
        assertEquals("EIO", recovery.reason());
    }

    @Test
    void anAttemptThatIsNotAnsweredIsRepeated() {
        recovery.halted("EIO", 0);
        assertEquals(1, recovery.attempted(500 * MS));
        assertEquals(OptionalLong.of(1000 * MS), recovery.dueIn(500 * MS));
        assertTrue(recovery.isHalted());
    }
}
