package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * Sites die, there and back, under a guest that writes records to its disk. At first that is one of its own, which the agent has
 * mirrored, and the agent dies alone, when the mirror is whole and when it has just begun; from the first takeover on the guest has the
 * agents' images. Judged by the outside client's ledger, by the disk of the last survivor, and by a guest that boots from a copy of it cold.
 *
 * <p>{@code -Dsecondsite.kills=N} for more of them, {@code -Dsecondsite.seed=S} for other moments, and {@code -Dsecondsite.turns=N} to have
 * the group switched over there and back so often afterwards, under a guest that writes records and nothing else; its disk is never copied
 * as a whole then. {@code -Dsecondsite.guest=disk} for a guest that has the agent's image from
 * the beginning.
 */
@Tag("lab")
@Order(2)
@Timeout(value = 3_600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskKillDrillTest {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 4);
    private static final long SEED = Long.getLong("secondsite.seed", 13);
    private static final int TURNS = Integer.getInteger("secondsite.turns", 0);
    private static final Guest GUEST =
            Guest.valueOf(System.getProperty("secondsite.guest", "tap").toUpperCase(Locale.ROOT));
    private static final int PROTECT_SECONDS = 180;

    /** So it is said of a copy that takes more than one epoch. */
    private static final Pattern AT_MOST = Pattern.compile("at most ([0-9.]+) MiB");

    @Test
    void everyToldRecordIsOnTheDiskThatTheGuestGoesOnWithHoweverOftenSitesDie() throws IOException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.POURING, true).withGuest(GUEST);
        OneLab.run(options, "disk-kill", new OutsideClient.Traffic(2, 2, 20, 2), (lab, client) -> {
            Site owner = GUEST == Guest.TAP ? afterTheMirrorsDeath(lab, client) : Site.A;
            for (int kill = 1; kill <= KILLS; kill++) {
                Waiting.pause(500 + random.nextInt(1_500));
                long before = client.recorded();
                assertTrue(before > 0, "no record was told");
                System.out.println(SiteKill.kill(lab, owner, client));
                goesOn(client);
                System.out.println(
                        "kill " + kill + ": told of " + before + " before and " + client.recorded() + " now");
                assertEquals(List.of(), asAfterALossOfPower(lab, owner.peer(), client));
                if (kill < KILLS || TURNS > 0) {
                    lab.start("site:" + owner.id());
                    new SiteView(lab, owner.peer()).await("PROTECTED", PROTECT_SECONDS);
                }
                owner = owner.peer();
            }
            owner = thereAndBack(lab, owner, client);
            ClientVerdict verdict = client.stop();
            System.out.println(verdict);
            assertEquals(List.of(), verdict.faults());
            assertEquals(0, verdict.silent());
            DiskJudge.Finding found = DiskJudge.afterTheEnd(lab, owner, verdict.recorded());
            assertEquals(List.of(), found.complaints());
            goesOnCold(lab, owner, found.records());
        });
    }

    /**
     * The agents die, the standby's first, so that nobody takes over: the guest goes on with its own disk alone. The next agent dies as soon
     * as it has begun to have that disk mirrored anew.
     */
    private static Site afterTheMirrorsDeath(Lab lab, OutsideClient client) throws IOException {
        String disk = disk(lab).path("file").asText();
        assertTrue(disk.contains(".qcow2"), disk);
        String own = "agent:" + Site.A.id();
        String other = "agent:" + Site.B.id();
        lab.kill(other);
        new SiteView(lab, Site.A).await("SOLO", PROTECT_SECONDS);
        Waiting.until(
                "checkpoints to end",
                60,
                () -> !new SiteView(lab, Site.A).vm().path("checkpointing").asBoolean());
        lab.kill(own);
        Waiting.pause(1_000);
        // One that was paused for a last checkpoint waits for the next agent.
        if (runs(lab)) {
            Waiting.until("QEMU to give the mirror up", 60, () -> !isWell(mirror(lab)));
            goesOn(client);
        }
        lab.start(other);
        lab.start(own);
        Waiting.until("QEMU to mirror the disk anew", 60, () -> isWell(mirror(lab)));
        System.out.println("the agent dies while QEMU has " + mirror(lab));
        lab.kill(own);
        lab.start(own);
        goesOn(client);
        return SiteView.awaitProtected(lab, PROTECT_SECONDS);
    }

    /** The guest writes its records and nothing else; of its disk hardly more than those is copied, however often it goes. */
    private static Site thereAndBack(Lab lab, Site first, OutsideClient client) throws IOException {
        Site owner = first;
        if (TURNS > 0) {
            Waiting.until("the guest to take its load", 60, () -> GuestProbe.takes(lab, "idle"));
        }
        for (int turn = 1; turn <= 2 * TURNS; turn++) {
            long told = client.recorded();
            long begun = System.nanoTime();
            System.out.println("turn " + turn + ": " + new SiteView(lab, owner).switchOver("turn " + turn));
            owner = owner.peer();
            new SiteView(lab, owner).await("PROTECTED", PROTECT_SECONDS);
            goesOn(client);
            List<String> copies = copies(lab, owner, begun);
            System.out.println("told of " + told + " before and " + client.recorded() + " now; copied: " + copies);
            for (String copy : copies) {
                Matcher most = AT_MOST.matcher(copy);
                // With the first turn goes what was poured before.
                assertTrue(
                        turn == 1 || !most.find() || Double.parseDouble(most.group(1)) <= GUEST.diskMiB() / 10.0, copy);
            }
        }
        return owner;
    }

    /** What a gateway has said of copies of the disk since a time: nothing of one that an epoch has brought as a whole. */
    private static List<String> copies(Lab lab, Site site, long sinceNanos) throws IOException {
        return new SiteView(lab, site)
                .timeline(sinceNanos).stream()
                        .filter(entry -> entry.kind().equals("disk-copy"))
                        .map(SiteView.Entry::text)
                        .toList();
    }

    /** QEMU's job; missing if there is none. */
    private static JsonNode mirror(Lab lab) throws IOException {
        try (QemuMonitor monitor = new QemuMonitor(lab.paths().testQmp(Site.A))) {
            return monitor.execute("query-block-jobs").path(0);
        }
    }

    /** One that has lost its target stands still until the next agent ends it. */
    private static boolean isWell(JsonNode job) {
        return job.path("io-status").asText().equals("ok");
    }

    private static boolean runs(Lab lab) throws IOException {
        try (QemuMonitor monitor = new QemuMonitor(lab.paths().testQmp(Site.A))) {
            return monitor.runs();
        }
    }

    private static JsonNode disk(Lab lab) throws IOException {
        try (QemuMonitor monitor = new QemuMonitor(lab.paths().testQmp(Site.A))) {
            return monitor.execute("query-block").get(0).path("inserted");
        }
    }

    private static void goesOn(OutsideClient client) throws IOException {
        long now = client.recorded();
        Waiting.until("records after the kill", 60, () -> client.recorded() >= now + 20);
    }

    /** The guest stands still for a moment, in which its disk is copied; what is wrong with that. It stands alone, so nobody resumes it. */
    private static List<String> asAfterALossOfPower(Lab lab, Site site, OutsideClient client) throws IOException {
        Path copy = lab.paths().disks().resolve("copy.raw");
        long told;
        try (QemuMonitor monitor = new QemuMonitor(lab.paths().testQmp(site))) {
            monitor.execute("stop");
            told = client.recorded();
            Commands.run("cp", "--sparse=always", lab.paths().disk(site).toString(), copy.toString());
            monitor.execute("cont");
        }
        return DiskJudge.judge(copy, told).complaints();
    }

    private static void goesOnCold(Lab lab, Site site, long records) throws IOException {
        try (DiskServerProcess server = DiskServerProcess.start(
                        lab.paths().disk(site), lab.paths().diskSocket(site));
                RecordGuest guest = RecordGuest.boot(Guest.DISK, lab.paths(), site)) {
            assertTrue(server.isAlive());
            assertEquals(records, guest.foundAtBoot());
            guest.awaitRecords(5, 30);
            assertEquals(List.of(), guest.troubles());
        }
    }
}
