package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.secondsite.config.EpochId;
import org.secondsite.lab.plan.Site;

/** What a stranger has of two running sites: a user of the machine, and whoever reaches the daemons' ports. */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrangersDrillTest {
    /** Short, so that each change sees it. */
    private static final int FLOOD_SECONDS = Integer.getInteger("secondsite.flood.seconds", 10);

    /** Whether there is time to measure what short times hide. */
    private static final boolean LONG = FLOOD_SECONDS >= 60;

    /** In a short flood a stall of a busy machine is in every percentile but the middle; so is the first image, which takes seconds. */
    private static final String PERCENTILE = LONG ? "p99" : "p50";

    private static final double SHORT_LIMIT_MS = 1000;

    /** As many as a gateway keeps the times of. */
    private static final int EPOCHS = 128;

    private JudgedLab judged;
    private int takeovers;

    @BeforeAll
    void up() throws IOException {
        judged = JudgedLab.up("strangers", UnaryOperator.identity());
    }

    @AfterAll
    void down() throws IOException {
        try {
            judged.judge(takeovers);
        } finally {
            judged.close();
        }
    }

    @Test
    void noFileOfADaemonOrAGuestIsOpenToOtherUsers() throws IOException {
        Drill.awaitProtected(judged.lab());
        assertEquals(List.of(), OpenToOthers.of(judged.lab().paths()));
    }

    @Test
    void aDaemonLeavesNoCoreDumpNorDoesAGuest() throws IOException {
        List<LabProcess> kept = judged.lab().processes().stream()
                .filter(process -> List.of("gateway", "agent", "witness", "qemu")
                        .contains(process.role().text()))
                .toList();
        assertTrue(kept.size() >= 6, "gateways, agents, witness, guest: " + kept);
        for (LabProcess process : kept) {
            String limit = Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "limits")).stream()
                    .filter(line -> line.startsWith("Max core file size"))
                    .findFirst()
                    .orElseThrow();
            assertTrue(limit.matches("Max core file size +0 +0 +bytes *"), process.name() + ": " + limit);
        }
    }

    /**
     * The standby's gateway starts with a log that goes into a pipe which is full and that nobody reads, becomes the owner by an operator's
     * order, and protects its guest: it waits for the stream nowhere, though strangers give it something to say.
     */
    @Test
    void aGatewayWhoseLogNobodyReadsStandsByAndTakesOver() throws IOException {
        Lab lab = judged.lab();
        Site owner = Drill.awaitProtected(lab);
        Site unread = owner.peer();
        String gateway = "gateway:" + unread.id();
        lab.kill(gateway);
        judged.site(owner).await("SOLO", 60);
        try (UnreadLog log = UnreadLog.at(lab.paths().log("gateway-" + unread.id()))) {
            lab.start(gateway);
            assertEquals(owner, Drill.awaitProtected(lab));
            try (StrangersFlood flood = new StrangersFlood(lab, unread)) {
                Waiting.until("strangers of whom it has to say something", 30, () -> flood.made() > 1000);
            }
            takeovers++;
            judged.site(owner).switchOver("nobody reads the log there");
            assertEquals(unread, Drill.awaitProtected(lab));
            judged.requireService();
            assertTrue(log.isFull(), "nobody has read");
            log.awaitSaid("WARN");
            takeovers++;
            lab.kill(gateway);
            judged.site(owner).await("SOLO", 60);
        }
        lab.start(gateway);
        assertEquals(owner, Drill.awaitProtected(lab));
    }

    /** The percentile of the time from seal to commit, of the last epochs, in milliseconds. */
    private double commitMs(Site owner) throws IOException {
        return judged.site(owner).vm().path("commitMs").path(PERCENTILE).asDouble();
    }

    /** The same of as many epochs as the gateway keeps, from now on. */
    private double nextCommitMs(Site owner) throws IOException {
        SiteView view = judged.site(owner);
        EpochId from = committed(view);
        EpochId last = new EpochId(from.term(), from.number() + EPOCHS);
        Waiting.until(EPOCHS + " commits", 120, () -> committed(view).compareTo(last) >= 0);
        return commitMs(owner);
    }

    private static EpochId committed(SiteView view) throws IOException {
        String[] words = view.vm().path("committed").asText().split("/", 2);
        return new EpochId(Long.parseLong(words[0]), Long.parseLong(words[1]));
    }

    /**
     * What commits may take beside a flood. If there is time, twice as long as in the quiet, or, if that is longer, as beside as many
     * connections at ports of nobody: that is the machine's part of a flood, not the product's.
     */
    private double limitMs(Site owner) throws IOException {
        if (!LONG) {
            return SHORT_LIMIT_MS;
        }
        double quiet = nextCommitMs(owner);
        try (StrangersFlood.AtNobody control = new StrangersFlood.AtNobody(judged.lab())) {
            double busy = nextCommitMs(owner);
            System.out.printf(
                    "%s %s of commits: quiet %.1f ms, beside a flood at nobody's ports %.1f ms, %d connections%n",
                    judged.lab().name(), PERCENTILE, quiet, busy, control.made());
            return 2 * Math.max(quiet, busy);
        }
    }

    private void requireCommitsInTime(List<Double> ms, double limitMs) {
        double median = ms.stream().sorted().toList().get(ms.size() / 2);
        String words = PERCENTILE + " of commits beside the flood " + ms + " ms, at most " + limitMs;
        System.out.println(judged.lab().name() + " " + words);
        assertTrue(median <= limitMs, words);
    }

    /** The standby's gateway dies and comes back through the ports where the strangers are. */
    private void requireThatThePeerComesBack(Site owner) throws IOException {
        Lab lab = judged.lab();
        lab.kill("gateway:" + owner.peer().id());
        judged.site(owner).await("SOLO", 30);
        lab.start("gateway:" + owner.peer().id());
        assertEquals(owner, Drill.awaitProtected(lab));
    }

    @Test
    void aFloodOfStrangersAtEveryPortStopsNothingAndNobody() throws IOException {
        Lab lab = judged.lab();
        Site owner = Drill.awaitProtected(lab);
        long term = judged.site(owner).term();
        List<LabProcess> daemons = lab.processes().stream()
                .filter(process -> List.of("gateway-" + owner.id(), "agent-" + owner.id(), "witness")
                        .contains(process.name()))
                .toList();
        assertEquals(3, daemons.size(), daemons::toString);
        Map<LabProcess, DaemonUse> before = new LinkedHashMap<>();
        for (LabProcess daemon : daemons) {
            before.put(daemon, DaemonUse.of(lab, daemon));
        }
        double limit = limitMs(owner);
        List<Double> commits = new ArrayList<>();
        try (StrangersFlood flood = new StrangersFlood(lab, owner)) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(FLOOD_SECONDS);
            while (System.nanoTime() < end) {
                if (LONG) {
                    commits.add(nextCommitMs(owner));
                } else {
                    Waiting.pause(2000);
                }
                judged.requireService();
                for (LabProcess daemon : daemons) {
                    DaemonUse now = DaemonUse.of(lab, daemon);
                    assertTrue(now.descriptors() < before.get(daemon).descriptors() + 700, daemon.name() + ": " + now);
                }
            }
            commits.add(commitMs(owner));
            judged.requireUnchanged(owner, term);
            // Whoever has a right to it is let in meanwhile.
            try (WitnessView witness = new WitnessView(lab)) {
                assertEquals(term, witness.awaitEverywhere(term).term());
            }
            if (LONG) {
                requireThatThePeerComesBack(owner);
            }
            System.out.printf("%s %d connections of strangers%n", lab.name(), flood.made());
            assertTrue(flood.made() > 1000, "a flood: " + flood.made());
        }
        requireCommitsInTime(commits, limit);
        assertEquals(owner, Drill.awaitProtected(lab));
        for (LabProcess daemon : daemons) {
            DaemonUse first = before.get(daemon);
            Waiting.until("the strangers' descriptors of " + daemon.name() + " to be closed", 20, () -> {
                return DaemonUse.of(lab, daemon).descriptors() <= first.descriptors() + 16;
            });
            DaemonUse last = DaemonUse.of(lab, daemon);
            System.out.printf("%s %s before %s, after %s%n", lab.name(), daemon.name(), first, last);
            assertTrue(last.residentKiB() < first.residentKiB() + 128 * 1024, daemon.name() + ": " + last);
            assertTrue(last.logBytes() < first.logBytes() + (1 << 20), daemon.name() + ": " + last);
        }
    }
}
