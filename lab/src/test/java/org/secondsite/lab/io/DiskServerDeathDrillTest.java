package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;

/**
 * Whatever has to do with a guest's disk dies alone, one after the other, under a guest that writes records: the standby's agent and
 * gateway, the owner's agent, the guest's QEMU itself, the one that waits at the standby, and that one right before the guest's. No record
 * that was told is missing, and the guest has seen no error of its disk, whether it goes on where it is or at the other site. The death of
 * the one that waits ends no protection, and it is replaced. At the end both sites' images are the same.
 *
 * <p>Then the line between the sites carries 1 Mbit/s beside a guest that writes 20 MB to its disk each second, if the machine has time
 * for it: what the gateways were told gives way, the protection, nobody dies of it, and when the line is wide again only what differs is
 * brought.
 *
 * <p>{@code -Dsecondsite.rounds=N} for another number of rounds of deaths than one, 0 for none, {@code -Dsecondsite.seed=S} for other
 * moments, {@code -Dsecondsite.narrow.seconds=N} for a line that stays narrow for so long; if that is a minute or more, the owner's agent
 * dies in the middle of it.
 */
@Tag("lab")
@Timeout(value = 3_600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskServerDeathDrillTest {
    private static final int PROTECT_SECONDS = 180;
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 1);
    private static final long SEED = Long.getLong("secondsite.seed", 13);
    private static final int NARROW_SECONDS = Integer.getInteger("secondsite.narrow.seconds", 3);

    /** A copy that could not be made is tried again after 5 min at most. */
    private static final int WIDE_SECONDS = 420;

    /** The death of a standby's agent takes a storm, or more than one round; that of the guest alone is in other drills. */
    private static final Set<Victim> SHORT =
            EnumSet.complementOf(EnumSet.of(Victim.STANDBYS_AGENT, Victim.OWNERS_QEMU));

    /** A takeover has not come to the one that waits before that. */
    private static final int BEFORE_TAKEOVER_MS = 20;

    /** What dies; it is started again, but for QEMU, of which the other site has another one, or which its agent starts again. */
    private enum Victim {
        STANDBYS_AGENT("agent"),
        STANDBYS_GATEWAY("gateway"),
        OWNERS_AGENT("agent"),
        STANDBYS_QEMU("qemu"),
        BOTH_QEMUS("qemu"),
        OWNERS_QEMU("qemu");

        private static final Set<Victim> OF_STANDBY = EnumSet.of(STANDBYS_AGENT, STANDBYS_GATEWAY, STANDBYS_QEMU);

        private final String role;

        Victim(String role) {
            this.role = role;
        }

        Site site(Site owner) {
            return OF_STANDBY.contains(this) ? owner.peer() : owner;
        }

        String target(Site owner) {
            return role + ":" + site(owner).id();
        }
    }

    @Test
    void everyToldRecordIsOnTheDiskAndNoErrorIsSeenWhicheverProcessDies() throws IOException {
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.POURING, true).withGuest(Guest.DISK);
        OneLab.run(options, "disk-server", new OutsideClient.Traffic(2, 2, 20, 2), (lab, client) -> {
            Site owner = SiteView.awaitProtected(lab, PROTECT_SECONDS);
            owner = deaths(lab, owner, client);
            goesOn(client, 20);
            owner = narrow(lab, owner, client);
            assertImagesAreTheSame(lab, owner);
            goesOn(client, 20);
            ClientVerdict verdict = client.stop();
            System.out.println(verdict);
            assertEquals(List.of(), verdict.faults());
            DiskJudge.Finding found = DiskJudge.afterTheEnd(lab, owner, verdict.recorded());
            assertEquals(List.of(), found.complaints());
            assertTrue(found.records() >= verdict.recorded());
        });
    }

    /** Each dies at a moment of its own, and the next one when the protection is back. */
    private static Site deaths(Lab lab, Site first, OutsideClient client) throws IOException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        Map<String, Integer> died = new TreeMap<>();
        Site owner = first;
        for (int round = 0; round < ROUNDS; round++) {
            for (Victim victim : victims(random)) {
                goesOn(client, 20);
                Waiting.pause(random.nextInt(1_000));
                String target = victim.target(owner);
                if (victim == Victim.STANDBYS_QEMU) {
                    waitingOneDies(lab, owner, client);
                } else {
                    if (victim == Victim.BOTH_QEMUS) {
                        lab.kill(Victim.STANDBYS_QEMU.target(owner));
                        Waiting.pause(random.nextInt(BEFORE_TAKEOVER_MS));
                    }
                    long killed = System.nanoTime();
                    lab.kill(target);
                    lab.start(target);
                    if (victim.role.equals("agent")) {
                        awaitAgent(new SiteView(lab, victim.site(owner)), killed);
                    }
                }
                goesOn(client, 20);
                died.merge(victim + " at " + target, 1, Integer::sum);
                // An agent that is away for longer than its gateway waits makes the other site the owner.
                owner = SiteView.awaitProtected(lab, PROTECT_SECONDS);
                System.out.println(
                        victim + " has died: told of " + client.recorded() + ", protected again at " + owner);
            }
        }
        System.out.println("deaths: " + died);
        return owner;
    }

    /** A gateway gives an agent that is gone a second or two, and counts the VM as protected for so long. */
    private static void awaitAgent(SiteView view, long killedNanos) throws IOException {
        Waiting.until("the agent to be back", 60, () -> view.timeline(killedNanos).stream()
                .anyMatch(entry -> entry.kind().equals("agent") && entry.text().startsWith("attached")));
    }

    /** The protection goes on, in the same term, and there is another one soon. */
    private static void waitingOneDies(Lab lab, Site owner, OutsideClient client) throws IOException {
        SiteView view = new SiteView(lab, owner);
        long term = view.term();
        long waited = lab.kill(Victim.STANDBYS_QEMU.target(owner)).getFirst().pid();
        Waiting.until("another QEMU to wait", 60, () -> lab.qemu(owner.peer())
                .filter(another -> another.pid() != waited)
                .isPresent());
        goesOn(client, 20);
        assertEquals("PROTECTED", view.state());
        assertEquals(term, view.term());
    }

    /** In another order each time, so that each of them dies at either site. */
    private static List<Victim> victims(Random random) {
        List<Victim> victims = new ArrayList<>(ROUNDS > 1 ? EnumSet.allOf(Victim.class) : SHORT);
        if (ROUNDS > 1) {
            Collections.shuffle(victims, random);
        }
        return victims;
    }

    /** Returns when the protection is back. */
    private static Site narrow(Lab lab, Site owner, OutsideClient client) throws IOException {
        Set<LabProcess> before = Set.copyOf(lab.processes());
        long term = new SiteView(lab, owner).term();
        long written = written(lab, owner);
        long begun = System.nanoTime();
        // First: of a command that is given when the line is narrow the answer is held.
        Waiting.until("the guest to take its load", 60, () -> GuestProbe.takes(lab, "pour 1000 50000"));
        lab.wan("set a-b rateMbit=1 queueKiB=32");
        new SiteView(lab, owner).await("SOLO", PROTECT_SECONDS);
        assertTrue(new SiteView(lab, owner).term() > term, "the witness knows that the standby lacks something");
        System.out.printf("alone after %d s of a narrow line%n", seconds(begun));
        long alone = System.nanoTime();
        boolean killed = NARROW_SECONDS < 60;
        while (seconds(alone) < NARROW_SECONDS) {
            Waiting.pause(1_000);
            goesOn(client, 1);
            if (!killed && seconds(alone) >= NARROW_SECONDS / 2) {
                killed = true;
                lab.kill("agent:" + owner.id());
                lab.start("agent:" + owner.id());
            }
        }
        long took = seconds(begun);
        long megabytes = (written(lab, owner) - written) / 1_000_000;
        System.out.printf("%d MB written in %d s, %.1f MB/s%n", megabytes, took, (double) megabytes / took);
        Waiting.until("the guest to take its load", 60, () -> GuestProbe.takes(lab, LabOptions.Load.POURING.command()));
        lab.wan("set a-b rateMbit=0 queueKiB=1024");
        Site after = SiteView.awaitProtected(lab, WIDE_SECONDS);
        System.out.printf("protected %d s after the line was wide%n", seconds(begun) - took);
        assertEquals(
                survivors(before, owner), survivors(Set.copyOf(lab.processes()), owner), "a process that has ended");
        return after;
    }

    /** What none has a reason to end: all but the guest, and the owner's agent if that was killed. */
    private static Set<LabProcess> survivors(Set<LabProcess> all, Site owner) {
        return all.stream()
                .filter(process -> process.role() != Role.QEMU)
                .filter(process -> NARROW_SECONDS < 60 || !process.name().equals("agent-" + owner.id()))
                .collect(Collectors.toSet());
    }

    private static long seconds(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) / 1_000_000_000L;
    }

    /** The bytes that the guest has written to its disk, by QEMU's count. */
    private static long written(Lab lab, Site site) throws IOException {
        try (GuestMonitor monitor = new GuestMonitor(lab.paths().testQmp(site))) {
            return monitor.execute("query-blockstats").at("/0/stats/wr_bytes").asLong();
        }
    }

    /** The guest is paused for a while, and what it has written gets to the other site. */
    private static void assertImagesAreTheSame(Lab lab, Site owner) throws IOException {
        try (GuestMonitor monitor = new GuestMonitor(lab.paths().testQmp(owner))) {
            monitor.pause();
            Path[] images = {lab.paths().disk(Site.A), lab.paths().disk(Site.B)};
            Waiting.until("the same image at both sites", 60, () -> Files.mismatch(images[0], images[1]) < 0);
            monitor.execute("cont");
        }
    }

    private static void goesOn(OutsideClient client, int records) throws IOException {
        long now = client.recorded();
        Waiting.until("records", 60, () -> client.recorded() >= now + records);
    }
}
