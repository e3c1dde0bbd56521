package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;

/**
 * Sites die, there and back, under a PostgreSQL at which pgbench works from outside: every transaction of which a client was told is
 * there, and no other, the books are balanced, and pg_amcheck finds nothing. With blocks thrown away there are complaints.
 *
 * <p>Its name keeps it out of the usual run, since its guest is made of packages from Debian's mirror and takes minutes: {@code ./secondsite
 * test lab PostgresKillDrill}, as the nightly run does. {@code -Dsecondsite.kills=N} for other than ten kills, {@code -Dsecondsite.seed=S}
 * for other moments.
 */
@Tag("lab")
@Timeout(value = 3_600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PostgresKillDrill {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 10);
    private static final long SEED = Long.getLong("secondsite.seed", 15);
    private static final int PROTECT_SECONDS = 240;
    private static final int BENCH_SECONDS = 15;

    @Test
    void everyAcknowledgedTransactionIsThereHoweverOftenSitesDie() throws IOException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        LabOptions options = new LabOptions(TestNames.lab(), 5, LabOptions.Load.IDLE, true).withGuest(Guest.POSTGRES);
        OneLab.run(options, "postgres-kill", new OutsideClient.Traffic(2, 2, 20), (lab, client) -> {
            try (PostgresClient database = new PostgresClient(lab)) {
                Site owner = SiteView.awaitProtected(lab, PROTECT_SECONDS);
                for (int kill = 1; kill <= KILLS; kill++) {
                    database.begin(BENCH_SECONDS);
                    Waiting.pause(4_000 + random.nextInt(4_000));
                    System.out.println(SiteKill.kill(lab, owner, client));
                    long told = database.end();
                    System.out.println("kill " + kill + ": told of " + told + " transactions");
                    assertTrue(told > 0, "pgbench's clients have done nothing");
                    assertEquals(List.of(), database.missing());
                    lab.start("site:" + owner.id());
                    owner = owner.peer();
                    new SiteView(lab, owner).await("PROTECTED", PROTECT_SECONDS);
                }
                assertEquals(List.of(), database.complaints());
                ClientVerdict verdict = client.stop();
                System.out.println(verdict);
                assertEquals(List.of(), verdict.faults());
                assertEquals(List.of(), DiskJudge.afterTheEnd(lab, owner, 0).complaints());
                goesOnCold(lab, owner, database);
            }
        });
    }

    /** A database that recovers from the disk alone has every transaction too. */
    private static void goesOnCold(Lab lab, Site site, PostgresClient database) throws IOException {
        Path image = lab.paths().disk(site);
        try (DiskServerProcess server =
                        DiskServerProcess.start(image, lab.paths().diskSocket(site));
                LoneGuest guest = LoneGuest.boot(Guest.POSTGRES, lab.paths(), site)) {
            database.moveTo(guest.port(LabNumbers.DATABASE_PORT));
            assertEquals(List.of(), database.complaints());
            assertEquals(List.of(), guest.troubles());
            assertTrue(server.isAlive());
        }
    }

    @Test
    void blocksThatAreThrownAwayAreMissed() throws IOException {
        LabPaths paths = new LabPaths(TestNames.lab());
        Path image = paths.disk(Site.A);
        try {
            Files.createDirectories(paths.disks());
            Files.createDirectories(paths.diskSocket(Site.A).getParent());
            Path fresh = LoneGuest.files(Guest.POSTGRES).disk().orElseThrow();
            Commands.run("cp", "--sparse=always", fresh.toString(), image.toString());
            blocksThatAreThrownAwayAreMissed(paths, image);
        } finally {
            Lab.down(paths.name());
        }
    }

    private static void blocksThatAreThrownAwayAreMissed(LabPaths paths, Path image) throws IOException {
        DiskServerProcess server = DiskServerProcess.start(image, paths.diskSocket(Site.A));
        LoneGuest guest = LoneGuest.boot(Guest.POSTGRES, paths, Site.A);
        try (PostgresClient database = new PostgresClient(paths.name(), guest.port(LabNumbers.DATABASE_PORT))) {
            database.begin(5);
            assertTrue(database.end() > 0, "pgbench's clients have done nothing");
            assertEquals(List.of(), database.complaints());
            String ledger = database.settle();
            guest.close();
            server.close();
            ThrownAway.blocks(image, List.of(ledger));
            server = DiskServerProcess.start(image, paths.diskSocket(Site.A));
            guest = LoneGuest.boot(Guest.POSTGRES, paths, Site.A);
            database.moveTo(guest.port(LabNumbers.DATABASE_PORT));
            List<String> complaints = database.complaints();
            assertFalse(complaints.isEmpty(), "blocks were thrown away, and nobody saw it");
            System.out.println("thrown away: " + complaints);
        } finally {
            guest.close();
            server.close();
        }
    }
}
