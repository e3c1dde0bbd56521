package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.SwitchId;

/** When a newer term is asked for because of a switch that obeys somebody else. */
class ContestedSwitchesTest {
    private static final SwitchId TOR = new SwitchId("tor");
    private static final SwitchId SPINE = new SwitchId("spine");
    private static final long MILLI = 1_000_000;

    private final ContestedSwitches switches = new ContestedSwitches();

    private List<SwitchId> due(long newestTerm, long atMs) {
        return switches.due(newestTerm, atMs * MILLI);
    }

    @Test
    void theFirstTimeIsAtOnceAndANewerTermSettlesIt() {
        switches.contested(TOR, 5, 0);
        assertEquals(List.of(TOR), due(5, 0));
        assertEquals(List.of(), due(5, 249));
        assertEquals(List.of(), due(6, 250));
        assertEquals(List.of(), due(6, 10_000));
    }

    @Test
    void whatCannotBeAskedForIsTriedAgain() {
        switches.contested(TOR, 5, 0);
        assertEquals(List.of(TOR), due(5, 0));
        assertEquals(List.of(TOR), due(5, 250));
        assertEquals(List.of(), due(5, 749));
        assertEquals(List.of(TOR), due(5, 750));
    }

    @Test
    void whoTakesASwitchAgainAndAgainIsMetEverMoreRarely() {
        int asked = 0;
        long term = 5;
        for (long ms = 0; ms < 600_000; ms += 10) {
            switches.contested(TOR, term, ms * MILLI);
            if (!due(term, ms).isEmpty()) {
                asked++;
                term++;
            }
        }
        // 0.25 s, 0.5 s, ... 32 s, and then every minute for the rest of ten.
        assertEquals(9 + 8, asked);
    }

    @Test
    void afterAMinuteOfCalmTheNextTimeIsAtOnceAgain() {
        switches.contested(TOR, 5, 0);
        assertEquals(List.of(TOR), due(5, 0));
        switches.contested(TOR, 6, MILLI);
        assertEquals(List.of(TOR), due(6, 250));
        switches.contested(TOR, 7, 60_250 * MILLI);
        assertEquals(List.of(TOR), due(7, 60_250));
    }

    @Test
    void switchesDoNotWaitForEachOther() {
        switches.contested(TOR, 5, 0);
        assertEquals(List.of(TOR), due(5, 0));
        switches.contested(SPINE, 5, MILLI);
        assertEquals(List.of(SPINE), due(5, 1));
    }
}
