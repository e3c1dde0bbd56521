package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/**
 * Whatever has to do with a guest's disk dies alone, one after the other, under a guest that writes records: the standby's agent and
 * gateway, the owner's agent, and the guest's QEMU itself. No record that was told is missing, and the guest has seen no error of its
 * disk, whether it goes on where it is or at the other site. {@code -Dsecondsite.rounds=N} for more than one round of them.
 */
@Tag("lab")
@Timeout(value = 900, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiskServerDeathDrillTest {
    private static final int PROTECT_SECONDS = 180;
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 1);

    /** The death of a standby's agent takes a storm, or more than one round. */
    private static final Set<Victim> SHORT = EnumSet.complementOf(EnumSet.of(Victim.STANDBYS_AGENT));

    /** What dies; it is started again, but for QEMU, of which the other site has another one. */
    private enum Victim {
        STANDBYS_AGENT("agent"),
        STANDBYS_GATEWAY("gateway"),
        OWNERS_AGENT("agent"),
        OWNERS_QEMU("qemu");

        private final String role;

        Victim(String role) {
            this.role = role;
        }

        String target(Site owner) {
            Site site = this == STANDBYS_AGENT || this == STANDBYS_GATEWAY ? owner.peer() : owner;
            return role + ":" + site.id();
        }
    }

    @Test
    void everyToldRecordIsOnTheDiskAndNoErrorIsSeenWhicheverProcessDies() throws IOException {
        String name = TestNames.lab();
        Path record = Files.createTempFile("secondsite-client", ".jsonl");
        try {
            Lab lab = LabStart.up(
                    new LabOptions(name, 5, LabOptions.Load.POURING, true).withGuest(Guest.DISK),
                    (step, millis) -> System.out.printf("%s %6.2f s %s%n", name, millis / 1e3, step));
            try (OutsideClient client =
                    OutsideClient.start(lab.clientNamespace(), new OutsideClient.Traffic(2, 2, 20, 2), record)) {
                Site owner = protectedAt(lab);
                for (int round = 0; round < ROUNDS; round++) {
                    for (Victim victim : ROUNDS > 1 ? EnumSet.allOf(Victim.class) : SHORT) {
                        goesOn(client, 20);
                        String target = victim.target(owner);
                        lab.kill(target);
                        lab.start(target);
                        goesOn(client, 20);
                        owner = protectedAt(lab);
                        System.out.println(
                                victim + " has died: told of " + client.recorded() + ", protected again at " + owner);
                    }
                }
                goesOn(client, 20);
                ClientVerdict verdict = client.stop();
                System.out.println(verdict);
                assertEquals(List.of(), verdict.faults());
                DiskJudge.Finding found = DiskJudge.afterTheEnd(lab, owner, verdict.recorded());
                assertEquals(List.of(), found.complaints());
                assertTrue(found.records() >= verdict.recorded());
            } catch (IOException | RuntimeException | AssertionError e) {
                lab.keepLogs(Path.of("target", "drill-disk-server"));
                throw e;
            }
        } finally {
            Files.deleteIfExists(record);
            Lab.down(name);
        }
    }

    /** Whichever site it is: an agent that is away for longer than its gateway waits makes the other one the owner. */
    private static Site protectedAt(Lab lab) throws IOException {
        Waiting.until("a site to be PROTECTED", PROTECT_SECONDS, () -> Arrays.stream(Site.values())
                .anyMatch(site -> isProtected(lab, site)));
        return Arrays.stream(Site.values())
                .filter(site -> isProtected(lab, site))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isProtected(Lab lab, Site site) {
        try {
            return new SiteView(lab, site).state().equals("PROTECTED");
        } catch (IOException silent) {
            return false;
        }
    }

    private static void goesOn(OutsideClient client, int records) throws IOException {
        long now = client.recorded();
        Waiting.until("records", 60, () -> client.recorded() >= now + records);
    }
}
