package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * The WAN carries less than a busy guest changes: what the gateways were told gives way, and nothing else. One lab serves both drills: each
 * begins with the pair protected and a WAN that is wide, and has the gateways told while they run.
 */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Isolated("measures how much of the time the guest runs")
class OverloadDrillTest {
    /** Less than half of what the guest's checkpoints take, every 100 ms and coded. */
    private static final String NARROW = "set a-b rateMbit=0.5 queueKiB=16";

    private static final String WIDE = "set a-b rateMbit=0 queueKiB=1024";
    private static final int LIMIT_SECONDS = 40;
    private static final int OVERLOADED_MS = 6_000;
    private static final int FEW_EPOCHS = 3;
    private static final Pattern TOLD = Pattern.compile("overload: (slow|solo)");

    private final LabOptions options =
            JudgedLab.usual().withLoad(LabOptions.Load.BUSY).withOverload(LabOptions.Overload.SLOW);
    private Lab lab;

    @BeforeAll
    void up() throws IOException {
        lab = DrillLab.bringUp(options);
    }

    @AfterAll
    void down() throws IOException {
        Lab.down(options.name());
    }

    @Test
    void theVmIsSlowedAndStaysProtected() throws IOException {
        try (JudgedLab drill = JudgedLab.in(lab, "overload")) {
            tell(drill, "slow");
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
        try (JudgedLab drill = JudgedLab.in(lab, "overload")) {
            tell(drill, "solo");
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

    private static void tell(JudgedLab drill, String overload) throws IOException {
        assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
        for (Site site : Site.values()) {
            String text = drill.text(site);
            String told = TOLD.matcher(text).replaceFirst("overload: " + overload);
            assertFalse(drill.commit(site, told).has("error"), told);
            assertEquals(told, drill.text(site));
        }
        drill.requireService();
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
