package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.lab.plan.Site;

/** A witness of three nodes, each in a namespace of its own, that loses one, its leader, all, and two of them. */
@Tag("lab")
@Order(5)
class QuorumDrillTest {
    private static final int UNCHANGED_MS = 2_000;
    private static final int HELD_MS = 4_000;

    @Test
    void aQuorumDecidesWhileAMajorityLivesAndNeverForgets() throws IOException {
        try (JudgedLab drill = JudgedLab.up("quorum", options -> options.withWitnesses(3));
                WitnessView witness = new WitnessView(drill.lab())) {
            assertEquals(List.of("witness-1", "witness-2", "witness-3"), witness.processes());
            assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
            drill.requireService();
            withoutAFollowerTheOwnerIsGrantedToStandAlone(drill, witness);
            aDeadLeaderIsReplacedInTimeForASwitchover(drill, witness);
            recordsOutliveAllNodes(drill, witness);
            Site owner = withoutAMajorityNobodyIsGrantedAnything(drill, witness);
            drill.judge(owner == Site.B ? 1 : 2);
        }
    }

    private static void withoutAFollowerTheOwnerIsGrantedToStandAlone(JudgedLab drill, WitnessView witness)
            throws IOException {
        long term = drill.site(Site.A).term();
        String victim = witness.follower();
        drill.lab().kill(victim);
        Waiting.pause(UNCHANGED_MS);
        drill.requireUnchanged(Site.A, term);
        drill.lab().wan("cut a-b");
        drill.site(Site.A).await("SOLO", 40);
        assertTrue(drill.site(Site.A).term() > term);
        drill.requireService();
        drill.lab().wan("heal a-b");
        drill.lab().start(victim);
        assertEquals(Site.A, Drill.awaitProtected(drill.lab()));
        term = drill.site(Site.A).term();
        assertEquals(term, witness.awaitEverywhere(term).term(), "what it missed, it was told");
    }

    private static void aDeadLeaderIsReplacedInTimeForASwitchover(JudgedLab drill, WitnessView witness)
            throws IOException {
        long term = drill.site(Site.A).term();
        String leader = witness.leader();
        drill.lab().kill(leader);
        long tookMs = drill.site(Site.A)
                .switchOver("the leader is dead")
                .path("tookMs")
                .asLong();
        System.out.println("switchover begun at the death of " + leader + " took " + tookMs + " ms");
        assertNotEquals(leader, witness.leader());
        drill.lab().start(leader);
        assertEquals(Site.B, Drill.awaitProtected(drill.lab()));
        assertTrue(drill.site(Site.B).term() > term);
        term = drill.site(Site.B).term();
        assertEquals(term, witness.awaitEverywhere(term).term());
    }

    private static void recordsOutliveAllNodes(JudgedLab drill, WitnessView witness) throws IOException {
        long term = drill.site(Site.B).term();
        OwnershipRecord before = witness.awaitEverywhere(term);
        drill.lab().kill(witness.leader());
        Waiting.pause(UNCHANGED_MS);
        drill.requireUnchanged(Site.B, term);
        drill.lab().kill("witness");
        Waiting.pause(UNCHANGED_MS);
        drill.requireUnchanged(Site.B, term);
        drill.requireService();
        drill.lab().start("witness");
        assertEquals(before, witness.awaitEverywhere(term));
        Waiting.until(
                "both sites to have a witness again", 40, () -> hasWitness(drill, Site.A) && hasWitness(drill, Site.B));
        drill.requireUnchanged(Site.B, term);
    }

    /** The owner afterwards: when the nodes are back, either site may be first. */
    private static Site withoutAMajorityNobodyIsGrantedAnything(JudgedLab drill, WitnessView witness)
            throws IOException {
        long term = drill.site(Site.B).term();
        List<String> dead = List.of(witness.follower(), witness.leader());
        for (String node : dead) {
            drill.lab().kill(node);
        }
        Waiting.pause(UNCHANGED_MS);
        drill.requireUnchanged(Site.B, term);
        drill.lab().wan("cut a-b");
        Waiting.until(
                "the owner to miss its standby",
                40,
                () -> !drill.site(Site.B).status().path("peer").path("up").asBoolean());
        long released = drill.released();
        Waiting.pause(HELD_MS);
        assertEquals(released, drill.released(), "packets that left without a grant");
        assertEquals("PROTECTED", drill.site(Site.B).state());
        assertEquals(term, drill.site(Site.B).term());
        assertEquals("PROMOTING", drill.site(Site.A).state(), "it asks, too");
        for (String node : dead) {
            drill.lab().start(node);
        }
        drill.requireService();
        OwnershipRecord granted = witness.awaitEverywhere(term + 1);
        assertEquals(term, granted.previousTerm(), "the first grant since");
        drill.lab().wan("heal a-b");
        Site owner = Drill.awaitProtected(drill.lab());
        assertEquals(granted.owner().name(), owner.id());
        return owner;
    }

    private static boolean hasWitness(JudgedLab drill, Site site) throws IOException {
        return drill.site(site).status().path("witness").asText().equals("up");
    }
}
