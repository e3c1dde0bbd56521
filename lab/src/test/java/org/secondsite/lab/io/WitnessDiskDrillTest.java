package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.Site;

/**
 * The witness's directory is lost, emptied, or put back as it was some grants ago, and every gateway is started anew meanwhile, so that
 * nobody remembers anything but the disks (NoTermTwice). With the witness's disk those of the gateways are lost, too: only the agents
 * remember. Nothing leaves until an operator has recovered the group.
 */
@Tag("lab")
@Order(4)
class WitnessDiskDrillTest {
    private static final int CLOSED_MS = 5_000;

    @Test
    void aWitnessThatHasLostGrantsGrantsNothingAlsoWhenAllGatewaysAreNewUntilItIsRecovered() throws IOException {
        try (JudgedLab judged = JudgedLab.up("witness-disk", UnaryOperator.identity())) {
            Lab lab = judged.lab();
            Path directory = lab.paths().file("witness");
            Path copy = lab.paths().file("witness-copy");
            Site owner = Drill.awaitProtected(lab);
            lab.kill("witness");
            Commands.run("cp", "-a", directory.toString(), copy.toString());
            lab.start("witness");
            grantsGoOn(judged, owner);
            long before = judged.site(owner).term();
            stopDeciders(lab);

            DirectoryTree.delete(directory);
            Commands.run("cp", "-a", copy.toString(), directory.toString());
            nothingLeavesUntilRecovered(judged, owner, before, "the disk was put back as it was");

            before = judged.site(owner).term();
            stopDeciders(lab);
            DirectoryTree.delete(directory);
            Files.createDirectory(directory);
            lab.start("witness");
            Waiting.until("a witness on an empty directory to end", 20, () -> lab.processes().stream()
                    .noneMatch(process -> process.name().equals("witness")));
            // Without a directory the laboratory gives --initialize: what an operator should not have done.
            DirectoryTree.delete(directory);
            for (Site site : Site.PAIR) {
                Files.delete(lab.paths().file("gateway-" + site.id() + ".term"));
            }
            nothingLeavesUntilRecovered(judged, owner, before, "all disks but the agents' were lost");
            judged.judge(0);
        }
    }

    /** The standby is away for a moment: two grants, and the pair is protected again. */
    private static void grantsGoOn(JudgedLab judged, Site owner) throws IOException {
        judged.lab().kill("gateway:" + owner.peer().id());
        judged.site(owner).await("SOLO", 30);
        judged.lab().start("gateway:" + owner.peer().id());
        assertEquals(owner, Drill.awaitProtected(judged.lab()));
    }

    private static void stopDeciders(Lab lab) throws IOException {
        lab.kill("witness");
        for (Site site : Site.PAIR) {
            lab.kill("gateway:" + site.id());
        }
    }

    private static void nothingLeavesUntilRecovered(JudgedLab judged, Site owner, long before, String reason)
            throws IOException {
        Lab lab = judged.lab();
        long released = judged.released();
        lab.start("witness");
        for (Site site : Site.PAIR) {
            lab.start("gateway:" + site.id());
        }
        try (WitnessView operator = new WitnessView(lab)) {
            Waiting.until("the witness to say that it has lost grants", 30, () -> operator.status()
                    .contains("LOST GRANTS"));
            Waiting.pause(CLOSED_MS);
            assertEquals(released, judged.released(), "packets that left while nobody knew who owns");
            operator.recover(owner.id(), reason);
        }
        judged.site(owner).await("PROTECTED", 60);
        assertEquals(owner, Drill.awaitProtected(lab));
        long term = judged.site(owner).term();
        assertTrue(term > before, () -> "term " + term + " after " + before);
        judged.requireServiceOnEveryConnection();
    }
}
