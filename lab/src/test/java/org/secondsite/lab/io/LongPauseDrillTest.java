package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.Site;

/** SIGSTOP for 30 s, then SIGCONT: first the owner's gateway, then the standby's. */
@Tag("lab")
@Order(3)
class LongPauseDrillTest {
    private static final int PAUSE_SECONDS = 30;

    @Test
    void aGatewayStoppedForHalfAMinuteWakesUpHarmless() throws IOException {
        try (JudgedLab drill = JudgedLab.up("long-pause", UnaryOperator.identity())) {
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();

            long end = pause(drill, "gateway:a");
            long atStop = drill.released(Site.A);
            assertTrue(atStop > 0, "the capture sees what is released");
            drill.site(Site.B).await("SOLO", 20);
            drill.requireService();
            resumeAt(drill, "gateway:a", end);
            // It held packets when it was stopped, and its VM has gone on sending.
            assertEquals(Site.B, Drill.awaitProtected(drill.lab()));
            assertEquals(atStop, drill.released(Site.A), "packets that left the gateway that woke up");
            assertTrue(
                    drill.site(Site.A).timeline(0).stream()
                            .anyMatch(e -> e.kind().equals("standstill")),
                    "its data plane has noticed");

            long term = drill.site(Site.B).term();
            end = pause(drill, "gateway:a");
            Waiting.until(
                    "the owner to stand alone", 20, () -> drill.site(Site.B).term() > term);
            assertEquals("SOLO", drill.site(Site.B).state());
            drill.requireService();
            resumeAt(drill, "gateway:a", end);
            assertEquals(Site.B, Drill.awaitProtected(drill.lab()));
            drill.judge(1);
        }
    }

    /** When it is to end, {@code System.nanoTime()}. */
    private static long pause(JudgedLab drill, String target) throws IOException {
        drill.lab().pause(target);
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(PAUSE_SECONDS);
    }

    private static void resumeAt(JudgedLab drill, String target, long nanoTime) throws IOException {
        Waiting.pause((int) Math.max(0, (nanoTime - System.nanoTime()) / 1_000_000));
        drill.lab().resume(target);
    }
}
