package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** The WAN carries less than a busy guest changes: what the gateways were told gives way, and nothing else. */
@Tag("lab")
@Isolated("measures how much of the time the guest runs")
class OverloadDrillTest {
    /** Less than half of what the guest's checkpoints take, every 100 ms and coded. */
    private static final String NARROW = "set a-b rateMbit=0.5 queueKiB=16";

    private static final String WIDE = "set a-b rateMbit=0 queueKiB=1024";
    private static final int LIMIT_SECONDS = 40;
    private static final int OVERLOADED_MS = 6_000;
    private static final int FEW_EPOCHS = 3;

    @Test
    void theVmIsSlowedAndStaysProtected() throws IOException {
        try (JudgedLab drill = busy(LabOptions.Overload.SLOW)) {
            long term = drill.site(Site.A).term();
            int before = runsPercent(drill);
            assertTrue(before > 60, "it runs, but for its checkpoints: " + before + " %");
            overload(drill);
            int slowed = runsPercent(drill);
            assertTrue(slowed < 50, "the VM waits for the standby: it runs " + slowed + " % of the time");
            drill.requireUnchanged(Site.A, term);
            drill.lab().wan(WIDE);
            Waiting.until("commits to keep up", LIMIT_SECONDS, () -> epochsInFlight(drill) <= FEW_EPOCHS);
            drill.requireUnchanged(Site.A, term);
            drill.judge(0);
        }
    }

    @Test
    void theProtectionIsGivenUpAndComesBack() throws IOException {
        try (JudgedLab drill = busy(LabOptions.Overload.SOLO)) {
            long term = drill.site(Site.A).term();
            overload(drill);
            drill.site(Site.A).await("SOLO", LIMIT_SECONDS);
            assertTrue(drill.site(Site.A).term() > term, "the witness knows that the standby is out of sync");
            drill.requireService();
            int percent = runsPercent(drill);
            assertTrue(percent > 90, "the VM waits for nobody: it runs " + percent + " % of the time");
            drill.lab().wan(WIDE);
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.judge(0);
        }
    }

    private static JudgedLab busy(LabOptions.Overload overload) throws IOException {
        JudgedLab drill = JudgedLab.up(
                "overload", options -> options.withLoad(LabOptions.Load.BUSY).withOverload(overload));
        assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
        drill.requireService();
        return drill;
    }

    private static void overload(JudgedLab drill) throws IOException {
        long begun = System.nanoTime();
        drill.lab().wan(NARROW);
        Waiting.until("an overload to be noted", LIMIT_SECONDS, () -> drill.site(Site.A).timeline(begun).stream()
                .anyMatch(entry -> entry.kind().equals("overload")));
    }

    private static int epochsInFlight(JudgedLab drill) throws IOException {
        return drill.site(Site.A).status().path("wan").path("epochsInFlight").asInt();
    }

    /** Of the time, how much of it the guest runs: a good part of the rest are the pauses of its checkpoints. */
    private static int runsPercent(JudgedLab drill) throws IOException {
        try (GuestMonitor monitor = new GuestMonitor(drill.lab().paths().testQmp(Site.A))) {
            return monitor.runsPercent(OVERLOADED_MS);
        }
    }
}
