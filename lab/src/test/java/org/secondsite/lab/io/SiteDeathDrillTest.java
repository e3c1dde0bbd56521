package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** Every process of the owner's site dies. Judged by the outside client's own record. */
@Tag("lab")
class SiteDeathDrillTest {
    @Test
    void connectionsSurviveTheDeathOfOneSiteAndThenOfTheOther() throws IOException {
        try (DrillLab drill = DrillLab.up(20, LabOptions.Load.BUSY, true)) {
            drill.run(2_000);
            System.out.println(SiteKill.kill(drill.lab(), Site.A, drill.client()));
            drill.run(2_000);
            drill.lab().start("site:a");
            drill.site(Site.B).await("PROTECTED", 60);
            drill.run(2_000);
            System.out.println(SiteKill.kill(drill.lab(), Site.B, drill.client()));
            drill.run(2_000);
            ClientVerdict verdict = drill.verdict();
            assertEquals(List.of(), verdict.faults());
            assertEquals(0, verdict.silent());
            assertTrue(verdict.received() > 100);
        }
    }

    @Test
    void withoutHoldingOutputTheSameDrillLosesConnections() throws IOException {
        try (DrillLab drill = DrillLab.up(100, LabOptions.Load.BUSY, false)) {
            drill.run(2_000);
            System.out.println(SiteKill.kill(drill.lab(), Site.A, drill.client()));
            drill.run(1_000);
            // A connection that broke is a loss, and so is one that the guest, set back, never speaks on again.
            assertFalse(drill.verdict().nothingLost(), "the harness cannot see the failure that holding prevents");
        }
    }
}
