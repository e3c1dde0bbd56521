package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Fault;

/** A planned switchover, and the way back, of a real guest with connections of an outside client. */
@Tag("lab")
class SwitchoverDrillTest {
    @Test
    void switchoverAndFailbackBreakNoConnection() throws IOException {
        String name = TestNames.lab();
        Random random = new Random(4);
        try {
            Lab lab = LabStart.up(new LabOptions(name, 5, LabOptions.Load.IDLE, true), (step, millis) -> {});
            Drill.awaitProtected(lab);
            IOException refused =
                    assertThrows(IOException.class, () -> new SiteView(lab, Site.B).switchOver("a drill"));
            assertTrue(refused.getMessage().contains("this site is STANDBY"), refused.getMessage());
            for (Site from : List.of(Site.A, Site.B)) {
                Drill.Result result = Drill.run(lab, Fault.SWITCHOVER, random);
                System.out.println(result);
                assertEquals(from.id(), result.owner());
                assertEquals(List.of(), result.complaints());
                assertTrue(result.packets() > 0, "the captures see what is released");
            }
        } finally {
            Lab.down(name);
        }
    }

    @Test
    void aSwitchoverWithoutAWitnessLeavesTheGuestWhereItIs() throws IOException {
        try (DrillLab drill = DrillLab.up(5, LabOptions.Load.IDLE, true)) {
            Drill.awaitProtected(drill.lab());
            drill.requireService(30);
            drill.lab().pause("witness");
            IOException abandoned =
                    assertThrows(IOException.class, () -> drill.site(Site.A).switchOver("a drill"));
            assertTrue(abandoned.getMessage().contains("no answer of the witness"), abandoned.getMessage());
            drill.requireService(30);
            long term = drill.site(Site.A).term();
            drill.lab().resume("witness");
            // What it had been asked it decides now: the hand-over, or the owner's wish to stand alone, whichever came
            // first.
            Waiting.until(
                    "the open request to be settled",
                    60,
                    () -> drill.site(Site.A).term() > term);
            Drill.awaitProtected(drill.lab());
            drill.requireService(30);
            Waiting.pause(2_000);
            assertEquals(List.of(), drill.verdict().faults());
        }
    }
}
