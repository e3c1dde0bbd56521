package org.secondsite.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** When a node asks whether the leader is still heard, on a clock of its own. */
class LeaderSilenceTest {
    private static final long MS = 1_000_000;
    private static final List<String> THREE = List.of("w3", "w1", "w2");

    private long nowMs;

    /** After how much silence a node asks that looks every 10 ms, up to a second. */
    private long asksAfterMs(String self, String leader) {
        nowMs = 0;
        LeaderSilence silence = new LeaderSilence(self, THREE, 100, 0);
        for (int silentMs = 0; silentMs <= 1000; silentMs += LeaderSilence.LOOK_MS) {
            nowMs += LeaderSilence.LOOK_MS;
            if (silence.askOthers(nowMs * MS, leader, silentMs)) {
                return silentMs;
            }
        }
        return -1;
    }

    @Test
    void followersTakeTurnsInTheOrderOfTheirNames() {
        assertEquals(150, asksAfterMs("w1", "w3"));
        assertEquals(200, asksAfterMs("w2", "w3"));
        assertEquals(150, asksAfterMs("w2", "w1"));
        assertEquals(200, asksAfterMs("w3", "w1"));
        assertEquals(200, asksAfterMs("w3", "w2"));
    }

    @Test
    void leaderThatIsHeardIsNotAskedAbout() {
        LeaderSilence silence = new LeaderSilence("w1", THREE, 100, 0);
        for (nowMs = 10; nowMs < 10_000; nowMs += 10) {
            assertFalse(silence.askOthers(nowMs * MS, "w3", nowMs % 149));
        }
    }

    @Test
    void asksAgainEverySecondLook() {
        LeaderSilence silence = new LeaderSilence("w1", THREE, 100, 0);
        int asked = 0;
        for (nowMs = 10; nowMs <= 350; nowMs += 10) {
            asked += silence.askOthers(nowMs * MS, "w3", nowMs) ? 1 : 0;
        }
        assertEquals(11, asked);
    }

    @Test
    void ownStandstillIsNotTheLeadersSilence() {
        LeaderSilence silence = new LeaderSilence("w1", THREE, 100, 0);
        for (nowMs = 10; nowMs <= 100; nowMs += 10) {
            assertFalse(silence.askOthers(nowMs * MS, "w3", 0));
        }
        nowMs += 30_000;
        assertFalse(silence.askOthers(nowMs * MS, "w3", 30_000));
        for (int watched = 10; watched < 150; watched += 10) {
            assertFalse(silence.askOthers((nowMs + watched) * MS, "w3", 30_000 + watched));
        }
        assertTrue(silence.askOthers((nowMs + 150) * MS, "w3", 30_150));
    }
}
