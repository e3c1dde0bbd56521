package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * How long the VM is paused for a checkpoint when its disk is busy, beside a VM that has none: by turns, for what else the machine does
 * changes both. Both work in their memory, the one without a disk in so much more of it as to change as many pages in an epoch.
 * {@code -Dsecondsite.rounds=N} for other than two turns.
 *
 * <p>Its name keeps it out of the usual run, since it measures time: {@code ./secondsite test lab DiskPauseDrill}, as the nightly run does.
 */
@Tag("lab")
@Timeout(value = 1_800, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskPauseDrill {
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 2);
    private static final int WINDOWS = 3;

    /** More than the status keeps the times of. */
    private static final int WINDOW = 140;

    /** So many checkpoints after a load was begun it is the usual one. */
    private static final int SETTLING = 20;

    private static final int PROTECT_SECONDS = 180;
    private static final double MOST_RATIO = 1.3;
    private static final int BUSY_PAGES = 1024;

    /** What a guest at rest changes in an epoch, by itself and for its network. */
    private static final int OWN_PAGES = 40;

    /** How far what the two change in an epoch may lie apart, as a part of it. */
    private static final double SAME_PAGES = 0.1;

    /** Median, 95th percentile, and what goes with an epoch. */
    private record Pause(double p50Ms, double p95Ms, double pages) {}

    @Test
    void aBusyDiskMakesPausesHardlyLonger() throws IOException {
        List<Pause> without = new ArrayList<>();
        List<Pause> with = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            with.addAll(measure(Guest.DISK, "busy " + BUSY_PAGES + " 1000 pour 64 50000"));
            without.addAll(measure(Guest.MEMORY, "busy " + ((int) pages(with) - OWN_PAGES) + " 1000"));
        }
        double ratio = quietest(with) / quietest(without);
        System.out.printf(
                "pause p50: %.1f ms without a disk, %.1f ms with a busy one, ratio %.2f; %.0f and %.0f pages in an epoch%n",
                quietest(without), quietest(with), ratio, pages(without), pages(with));
        assertEquals(1, pages(with) / pages(without), SAME_PAGES, "as many pages: " + with + ", without " + without);
        assertTrue(ratio <= MOST_RATIO, ratio + " times as long with a disk: " + with + ", without " + without);
    }

    private static double pages(List<Pause> pauses) {
        return pauses.stream().mapToDouble(Pause::pages).average().orElseThrow();
    }

    /** The shortest median: what else the machine does makes pauses longer, never shorter. */
    private static double quietest(List<Pause> pauses) {
        return pauses.stream().mapToDouble(Pause::p50Ms).min().orElseThrow();
    }

    private static List<Pause> measure(Guest guest, String load) throws IOException {
        List<Pause> pauses = new ArrayList<>();
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.IDLE, true).withGuest(guest);
        OneLab.run(options, "disk-pause", lab -> {
            SiteView site = new SiteView(lab, Site.A);
            site.await("PROTECTED", PROTECT_SECONDS);
            Waiting.until("the guest to take its load", 60, () -> GuestProbe.takes(lab, load));
            long loaded = number(site.vm());
            Waiting.until("the load", PROTECT_SECONDS, () -> number(site.vm()) >= loaded + SETTLING);
            for (int window = 0; window < WINDOWS; window++) {
                JsonNode before = site.vm();
                Waiting.until(
                        WINDOW + " checkpoints", PROTECT_SECONDS, () -> number(site.vm()) >= number(before) + WINDOW);
                JsonNode after = site.vm();
                JsonNode pause = after.path("pauseMs");
                double pages = after.path("pagesSent").asLong()
                        - before.path("pagesSent").asLong();
                pauses.add(new Pause(
                        pause.path("p50").asDouble(),
                        pause.path("p95").asDouble(),
                        pages / (number(after) - number(before))));
            }
        });
        System.out.println(guest + ", " + load + ": " + pauses);
        return pauses;
    }

    private static long number(JsonNode vm) {
        String sealed = vm.path("sealed").asText();
        return Long.parseLong(sealed.substring(sealed.indexOf('/') + 1));
    }
}
