package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;

/** The tunnel stalls, breaks and gets dirt, and goes on where it was: no new grant, so no new chain, so no full image. */
@Tag("lab")
class TunnelFaultsDrillTest {
    private static final int FLAPS = 5;
    private static final int FLAP_MS = 150;
    private static final int BREAKS = 5;
    private static final int DIRT_MS = 5_000;
    private static final int BETWEEN_MS = 700;

    @Test
    void theTunnelGoesOnFromTheLastCommittedEpoch() throws IOException {
        try (JudgedLab drill = JudgedLab.up("tunnel", UnaryOperator.identity())) {
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();
            long term = drill.site(Site.A).term();
            assertTrue(fullImages(drill, 0) > 0, "a full image is seen by this judge");
            long begun = System.nanoTime();
            for (int i = 0; i < FLAPS; i++) {
                drill.lab().wan("cut a-b");
                Waiting.pause(FLAP_MS);
                drill.lab().wan("heal a-b");
                Waiting.pause(BETWEEN_MS);
            }
            drill.requireUnchanged(Site.A, term);
            for (int i = 0; i < BREAKS; i++) {
                breakConnections(drill);
                Waiting.pause(BETWEEN_MS);
            }
            drill.requireUnchanged(Site.A, term);
            drill.requireService();
            drill.lab().wan("set a-b loss=0.01 reorder=0.02 reorderMs=5 duplicate=0.02 corrupt=0.005");
            Waiting.pause(DIRT_MS);
            drill.lab().wan("set a-b loss=0 reorder=0 duplicate=0 corrupt=0");
            drill.requireUnchanged(Site.A, term);
            drill.requireService();
            assertEquals(0, fullImages(drill, begun), "full images since");
            drill.judge(0);
        }
    }

    /** How many the standby noted since a time, {@code System.nanoTime()}. */
    private static long fullImages(JudgedLab drill, long sinceNanos) throws IOException {
        return drill.site(Site.B).timeline(sinceNanos).stream()
                .filter(entry -> entry.kind().equals("image"))
                .count();
    }

    /** Both gateways' ends of every TCP connection between them are gone at once. */
    private static void breakConnections(JudgedLab drill) throws IOException {
        String broken = "";
        for (Site site : Site.PAIR) {
            broken += Commands.run(
                            "ip",
                            "netns",
                            "exec",
                            Topology.gateway(drill.lab().name(), site),
                            "ss",
                            "-H",
                            "-K",
                            "-t",
                            "dst",
                            site.peer().wanAddress())
                    .strip();
        }
        assertTrue(broken.contains("ESTAB"), "the kernel can end a connection, and there was one: " + broken);
    }
}
