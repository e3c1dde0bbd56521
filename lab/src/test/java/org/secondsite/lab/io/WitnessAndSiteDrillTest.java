package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Site;

/** The witness and a site die together: who is left holds its output and says why. And what an operator can do in the worst case. */
@Tag("lab")
class WitnessAndSiteDrillTest {
    private static final int HELD_MS = 5_000;

    @Test
    void theSurvivorHoldsUntilTheWitnessIsBackAndAnOperatorMayForceAnOlderImage() throws IOException {
        try (JudgedLab drill = JudgedLab.up("witness-and-site", UnaryOperator.identity())) {
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();
            theOwnerHolds(drill);
            theStandbyHolds(drill);
            drill.judge(1);
            anOperatorForces(drill);
        }
    }

    private static void theOwnerHolds(JudgedLab drill) throws IOException {
        killWithWitness(drill, Site.B);
        holds(drill, Site.A, "PROTECTED");
        assertTrue(drill.site(Site.A).vm().path("heldPackets").asLong() > 0, "the VM runs, and is held");
        drill.lab().start("witness");
        drill.site(Site.A).await("SOLO", 30);
        drill.requireService();
        drill.lab().start("site:b");
        assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
    }

    private static void theStandbyHolds(JudgedLab drill) throws IOException {
        killWithWitness(drill, Site.A);
        holds(drill, Site.B, "PROMOTING");
        drill.lab().start("witness");
        drill.site(Site.B).await("SOLO", 30);
        drill.requireService();
        drill.lab().start("site:a");
        assertEquals(Site.B, Drill.awaitProtected(drill.lab()));
    }

    private static void killWithWitness(JudgedLab drill, Site site) throws IOException {
        drill.lab().kill("witness");
        drill.lab().kill("site:" + site.id());
    }

    /** The survivor misses the other site, lets nothing out, stays what it is, and says what it waits for. */
    private static void holds(JudgedLab drill, Site survivor, String state) throws IOException {
        SiteView view = drill.site(survivor);
        Waiting.until(
                "site " + survivor.id() + " to miss its peer",
                20,
                () -> !view.status().path("peer").path("up").asBoolean());
        long term = view.term();
        long released = drill.released();
        Waiting.pause(HELD_MS);
        Waiting.until(
                "it to say that the witness is silent", 20, () -> view.reason().startsWith("unanswered: "));
        assertEquals(released, drill.released(), "packets that left without a grant");
        assertEquals(state, view.state());
        assertEquals(term, view.term());
        assertEquals("down", view.status().path("witness").asText());
        assertTrue(
                view.timeline(0).stream()
                        .anyMatch(entry ->
                                entry.kind().equals("alarm") && entry.text().contains("the witness does not answer")),
                "the timeline of site " + survivor.id() + " has an alarm");
    }

    /** The standby was dropped, then the owner's site is lost for good: only what the standby had before is left. */
    private static void anOperatorForces(JudgedLab drill) throws IOException {
        drill.lab().wan("cut a-b");
        drill.site(Site.B).await("SOLO", 15);
        drill.lab().kill("site:b");
        SiteView survivor = drill.site(Site.A);
        Waiting.pause(HELD_MS);
        assertEquals("STANDBY", survivor.state(), survivor.reason());
        String reason = "site b burnt down; its last seconds are given up";
        String witness;
        try (WitnessView operator = new WitnessView(drill.lab())) {
            operator.force("a", reason);
            witness = operator.status();
        }
        survivor.await("SOLO", 30);
        Waiting.until("an answer from the older image", 20, () -> GuestProbe.ask(
                        drill.lab().clientNamespace(), LabNumbers.ECHO_PORT, "older?")
                .equals("1"));
        assertTrue(witness.contains(reason), "the record keeps who forced it and why");
        assertTrue(survivor.timeline(0).stream().anyMatch(entry -> entry.text().contains(reason)));
    }
}
