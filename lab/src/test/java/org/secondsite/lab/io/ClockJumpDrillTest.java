package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.plan.ClockOffset;
import org.secondsite.lab.plan.Site;

/**
 * Wall clocks of running daemons jump. Safety knows no clock: a jump of hours must change nothing, and a takeover must work
 * while all clocks differ. A jump of years makes certificates invalid: connections that stand go on, new ones are refused, and
 * both sites say so until the clock is right.
 */
@Tag("lab")
class ClockJumpDrillTest {
    private static final String[][] JUMPS = {
        {"gateway:a", "+6h"},
        {"gateway:b", "-6h"},
        {"witness", "+6h"},
        {"agent:a", "-6h"},
        {"agent:b", "+6h"},
        {"gateway:a", "-6h"},
        {"gateway:b", "+6h"},
        {"witness", "-6h"}
    };
    private static final int AFTER_JUMP_MS = 700;
    private static final int REFUSED_MS = 6_000;
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    @Test
    void safetyNeedsNoClock() throws IOException {
        try (JudgedLab drill = JudgedLab.up("clocks", options -> options.withFakeClocks(true))) {
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();
            jumpsOfHoursChangeNothing(drill);
            aTakeoverWorksWhileAllClocksDiffer(drill);
            aJumpOfYearsRefusesNewConnectionsOnly(drill);
            drill.judge(2);
        }
    }

    private static void jumpsOfHoursChangeNothing(JudgedLab drill) throws IOException {
        long term = drill.site(Site.A).term();
        for (String[] jump : JUMPS) {
            jump(drill, jump[0], jump[1]);
            Waiting.pause(AFTER_JUMP_MS);
            drill.requireUnchanged(Site.A, term);
            drill.requireService();
        }
    }

    private static void aTakeoverWorksWhileAllClocksDiffer(JudgedLab drill) throws IOException {
        drill.lab().kill("site:a");
        drill.site(Site.B).await("SOLO", 20);
        drill.requireService();
        requireWallClock(drill, Site.B, Duration.ofHours(6));
        drill.lab().start("site:a"); // twelve hours behind the other one
        assertEquals(Site.B, Drill.awaitProtected(drill.lab()));
        requireWallClock(drill, Site.A, Duration.ofHours(-6));
    }

    private static void aJumpOfYearsRefusesNewConnectionsOnly(JudgedLab drill) throws IOException {
        long term = drill.site(Site.B).term();
        jump(drill, "witness", "-10y");
        jump(drill, "gateway:a", "+10y");
        jump(drill, "gateway:b", "-10y");
        Waiting.pause(AFTER_JUMP_MS);
        drill.requireUnchanged(Site.B, term);
        drill.requireService();
        jump(drill, "witness", "+0s");
        jump(drill, "gateway:b", "+0s");
        drill.lab().kill("site:b");
        drill.site(Site.A).await("SOLO", 20); // by the connection to the witness that it had
        drill.requireService();
        drill.lab().start("site:b");
        Waiting.until("site b to be back", 30, () -> drill.site(Site.B).state().equals("STANDBY"));
        Waiting.pause(REFUSED_MS);
        assertEquals("SOLO", drill.site(Site.A).state());
        drill.requireService();
        for (Site site : Site.PAIR) {
            JsonNode wan = drill.site(site).status().path("wan");
            JsonNode rejections = wan.path("rejections");
            assertTrue(
                    rejections.path("EXPIRED").asInt()
                                    + rejections.path("HANDSHAKE").asInt()
                            > 0,
                    wan.toString());
            assertTrue(wan.path("lastRejection").asText().contains("TLS"), wan.toString());
        }
        JsonNode ahead = drill.site(Site.A).status().path("wan").path("rejections");
        assertTrue(ahead.path("EXPIRED").asInt() > 0, ahead.toString()); // by the clock that was turned
        jump(drill, "gateway:a", "+0s");
        assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
    }

    private static void jump(JudgedLab drill, String target, String offset) throws IOException {
        drill.lab().jumpClock(target, new ClockOffset(offset));
    }

    /** By what a gateway noted last: proof that its clock is off, and this drill a drill. */
    private static void requireWallClock(JudgedLab drill, Site site, Duration offset) throws IOException {
        JsonNode entries = ManagementClient.ask(drill.lab().paths().management(site), "timeline")
                .path("entries");
        Instant wall =
                Instant.parse(entries.path(entries.size() - 1).path("wall").asText());
        Duration off = Duration.between(Instant.now(), wall);
        assertTrue(off.minus(offset).abs().compareTo(TOLERANCE) < 0, "site " + site.id() + "'s clock is off by " + off);
    }
}
