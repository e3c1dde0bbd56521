package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig.Overload;
import org.secondsite.gateway.group.OverloadWatch.Verdict;

class OverloadWatchTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void soloGivesUpOnceAndWaitsLongerEachTime() {
        OverloadWatch watch = new OverloadWatch(Overload.SOLO, 5000);
        assertEquals(Verdict.NONE, watch.look(5 * SECOND, 0));
        assertFalse(watch.forbidsSync(0));
        assertEquals(Verdict.GIVE_UP, watch.look(6 * SECOND, SECOND));
        assertEquals(Verdict.NONE, watch.look(7 * SECOND, 2 * SECOND), "it is known");
        assertTrue(watch.forbidsSync(10 * SECOND));
        assertFalse(watch.forbidsSync(11 * SECOND));
        assertEquals(Verdict.NONE, watch.look(0, 12 * SECOND));
        assertEquals(Verdict.GIVE_UP, watch.look(6 * SECOND, 20 * SECOND));
        assertTrue(watch.forbidsSync(39 * SECOND), "twice as long");
        assertFalse(watch.forbidsSync(40 * SECOND));
        watch.look(0, 40 * SECOND);
        assertEquals(Verdict.GIVE_UP, watch.look(6 * SECOND, 2000 * SECOND));
        assertFalse(watch.forbidsSync(2010 * SECOND), "the shortest again after a long quiet time");
    }

    @Test
    void anotherPolicyDoesWhatItDoesAboutAPresentOverload() {
        OverloadWatch watch = new OverloadWatch(Overload.SLOW, 5000);
        assertEquals(Verdict.NOTE, watch.look(6 * SECOND, SECOND));
        watch.set(Overload.SLOW, 4000);
        assertEquals(Verdict.NONE, watch.look(7 * SECOND, 2 * SECOND), "it is known");
        watch.set(Overload.SOLO, 4000);
        assertEquals(Verdict.GIVE_UP, watch.look(8 * SECOND, 3 * SECOND));
        watch.set(Overload.SOLO, 9000);
        assertEquals(Verdict.NONE, watch.look(8 * SECOND, 4 * SECOND));
        assertEquals(Verdict.GIVE_UP, watch.look(10 * SECOND, 40 * SECOND));
    }

    @Test
    void whoGaveUpBySoloIsBroughtInSyncAtOnceBySlow() {
        OverloadWatch watch = new OverloadWatch(Overload.SOLO, 5000);
        assertEquals(Verdict.GIVE_UP, watch.look(6 * SECOND, SECOND));
        watch.set(Overload.SOLO, 4000);
        assertTrue(watch.forbidsSync(2 * SECOND), "another limit is no other policy");
        watch.set(Overload.SLOW, 4000);
        assertFalse(watch.forbidsSync(2 * SECOND));
        assertEquals(Verdict.NOTE, watch.look(6 * SECOND, 3 * SECOND));
        assertFalse(watch.forbidsSync(3 * SECOND));
        watch.set(Overload.SOLO, 4000);
        assertFalse(watch.forbidsSync(4 * SECOND), "it has not given up since");
        assertEquals(Verdict.GIVE_UP, watch.look(6 * SECOND, 5 * SECOND));
        assertFalse(watch.forbidsSync(15 * SECOND), "the shortest wait");
    }

    @Test
    void slowOnlySaysSo() {
        OverloadWatch watch = new OverloadWatch(Overload.SLOW, 5000);
        assertEquals(Verdict.NOTE, watch.look(6 * SECOND, SECOND));
        assertEquals(Verdict.NONE, watch.look(7 * SECOND, 2 * SECOND));
        assertFalse(watch.forbidsSync(2 * SECOND));
    }
}
