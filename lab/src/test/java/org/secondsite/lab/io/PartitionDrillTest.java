package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** Links are cut and heal; nobody dies at first. */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PartitionDrillTest {
    private final String name = TestNames.lab();
    private Lab lab;

    @BeforeAll
    void up() throws IOException {
        lab = DrillLab.bringUp(new LabOptions(name, 0, LabOptions.Load.IDLE, true));
    }

    @AfterAll
    void down() throws IOException {
        Lab.down(name);
    }

    /** The last: it ends with a dead site. */
    @Test
    @Order(2)
    void linkCutMakesTheOwnerSoloAndAStandbyOutOfSyncIsRefused() throws IOException {
        Site owner = Drill.awaitProtected(lab);
        try (DrillLab drill = DrillLab.in(lab)) {
            long term = drill.site(owner).term();
            drill.lab().wan("cut a-b");
            drill.site(owner).await("SOLO", 15);
            assertEquals("STANDBY", drill.site(owner.peer()).state());
            drill.requireService(5);
            assertTrue(drill.site(owner).term() > term);
            drill.run(1_000);
            assertTrue(drill.verdict().nothingLost(), "connections go on through a cut of the link");
            // Now the owner dies. The standby is not in sync any more, and must not take over.
            drill.lab().kill("site:" + owner.id());
            drill.run(5_000);
            SiteView standby = drill.site(owner.peer());
            assertEquals("STANDBY", standby.state());
            assertTrue(
                    standby.timeline(0).stream()
                            .anyMatch(e -> e.kind().equals("alarm") || e.text().contains("refused")),
                    "it says why");
            assertTrue(
                    standby.reason().contains("not in sync") || standby.reason().contains("stands alone"),
                    standby.reason());
        }
    }

    @Test
    @Order(1)
    void cutFromTheWitnessNothingChangesAndAnOwnerCutFromAllIsSupersededAndFenced() throws IOException {
        assertEquals(Site.A, Drill.awaitProtected(lab));
        try (DrillLab drill = DrillLab.in(lab)) {
            long term = drill.site(Site.A).term();
            drill.lab().wan("cut a-w");
            drill.lab().wan("cut b-w");
            drill.run(4_000);
            assertEquals("PROTECTED", drill.site(Site.A).state());
            assertEquals("STANDBY", drill.site(Site.B).state());
            assertEquals(term, drill.site(Site.A).term());
            drill.requireService(5);
            drill.lab().wan("heal all");
            drill.run(2_000);
            assertEquals("PROTECTED", drill.site(Site.A).state());

            drill.lab().wan("cut a-b");
            drill.lab().wan("cut a-w");
            drill.site(Site.B).await("SOLO", 30);
            try (UplinkCapture uplink = new UplinkCapture(drill.lab(), Site.A);
                    UplinkCapture other = new UplinkCapture(drill.lab(), Site.B)) {
                drill.requireService(10);
                drill.run(3_000);
                assertTrue(other.packets() > 0, "a capture sees what is released");
                assertEquals(List.of(), uplink.lines(), "packets that left the superseded owner");
                assertEquals("PROTECTED", drill.site(Site.A).state(), "it cannot know better yet");
                drill.lab().wan("heal all");
                drill.site(Site.B).await("PROTECTED", 60);
                assertEquals("STANDBY", drill.site(Site.A).state());
                assertEquals(List.of(), uplink.lines(), "packets that left the fenced owner");
            }
            assertTrue(drill.verdict().nothingLost());
        }
    }
}
