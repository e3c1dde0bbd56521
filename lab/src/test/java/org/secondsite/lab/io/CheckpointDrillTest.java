package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.config.EpochId;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** Checkpoints of a real guest: how long they pause it, and whether the replica is the guest. */
@Tag("lab")
@Isolated("times what is fast only on a machine of its own")
class CheckpointDrillTest {
    /** As many checkpoints as the status sums up. */
    private static final int CHECKPOINTS = 128;

    /** What a checkpoint of 128 MiB may cost on two cores that the whole lab shares. */
    private static final double LONGEST_MEDIAN_MS = 25;

    @Test
    void distanceIsNoPartOfThePauseAndTheReplicaIsTheGuest() throws IOException {
        try (DrillLab drill = DrillLab.up(0, LabOptions.Load.BUSY, true)) {
            double near = medianPauseMs(drill);
            drill.lab().wan("set all delayMs=100");
            double far = medianPauseMs(drill);
            System.out.printf("VM pause p50: %.1f ms at 0 ms, %.1f ms at 100 ms one way%n", near, far);
            assertTrue(Math.max(near, far) <= LONGEST_MEDIAN_MS, "more than " + LONGEST_MEDIAN_MS + " ms");
            assertTrue(far <= 1.5 * near, "the pause grew from " + near + " to " + far + " ms with distance");
            replicaEqualsTheGuestsMemory(drill);
            assertTrue(drill.verdict().faults().isEmpty());
        }
    }

    private static double medianPauseMs(DrillLab drill) throws IOException {
        EpochId from = epoch(drill.site(Site.A).vm(), "sealed");
        Waiting.until(CHECKPOINTS + " checkpoints", 120, () -> {
            EpochId now = epoch(drill.site(Site.A).vm(), "sealed");
            return now.number() >= (now.term() == from.term() ? from.number() : 0) + CHECKPOINTS;
        });
        JsonNode vm = drill.site(Site.A).vm();
        JsonNode pause = vm.path("pauseMs");
        System.out.println("pause " + pause + ", seal to commit " + vm.path("commitMs"));
        return pause.path("p50").asDouble();
    }

    private static EpochId epoch(JsonNode vm, String field) {
        String text = vm.path(field).asText();
        int slash = text.indexOf('/');
        return new EpochId(Long.parseLong(text.substring(0, slash)), Long.parseLong(text.substring(slash + 1)));
    }

    private static void replicaEqualsTheGuestsMemory(DrillLab drill) throws IOException {
        Lab lab = drill.lab();
        try (GuestMonitor monitor = new GuestMonitor(lab.paths().testQmp(Site.A))) {
            monitor.pause();
            // What was in flight when the guest stopped still has to arrive; then not one byte may differ.
            Waiting.until(
                    "the replica to equal the frozen guest",
                    60,
                    () -> Files.mismatch(lab.paths().ram(Site.A), lab.paths().ram(Site.B)) == -1);
            assertFalse(monitor.runs(), "the guest stood still while it was compared");
            monitor.execute("cont");
        }
        drill.requireService(10);
    }
}
