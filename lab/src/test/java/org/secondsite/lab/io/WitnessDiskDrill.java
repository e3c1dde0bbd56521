package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.Site;

/**
 * The long form of {@link WitnessDiskDrillTest}: the witness's disk is lost, emptied, or put back from one of many backups, while links
 * are cut and gateways start anew, all drawn by a seed. Whatever comes of it, no two sites emit, and no term is in force at both.
 *
 * <p>Its name keeps it out of the usual run: {@code ./secondsite test lab WitnessDiskDrill}, as the nightly run does. {@code
 * -Dsecondsite.rounds=N} for other than twenty losses, {@code -Dsecondsite.seed=S} to repeat them.
 */
@Tag("lab")
@Timeout(7200)
class WitnessDiskDrill {
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 20);
    private static final long SEED = Long.getLong("secondsite.seed", System.nanoTime());
    private static final List<String> LINKS = List.of("a-b", "a-w", "b-w");
    private static final int MAX_CUT_MS = 6_000;
    private static final int MAX_GRANTS = 2;

    private final Random random = new Random(SEED);
    private final List<Path> backups = new ArrayList<>();
    private JudgedLab judged;
    private Lab lab;
    private Path directory;

    private enum Loss {
        LOST,
        EMPTIED,
        PUT_BACK
    }

    @Test
    void noDiskOfAWitnessMakesTwoOwners() throws IOException {
        System.out.println("-Dsecondsite.seed=" + SEED);
        try (JudgedLab up = JudgedLab.up("witness-disks", UnaryOperator.identity())) {
            judged = up;
            lab = up.lab();
            directory = lab.paths().file("witness");
            int takeovers = 0;
            try (TermLedger ledger = new TermLedger(lab)) {
                Site owner = Drill.awaitProtected(lab);
                for (int round = 1; round <= ROUNDS; round++) {
                    backUp();
                    grants(owner);
                    lose(round, owner);
                    Site after = Drill.awaitProtected(lab);
                    takeovers += after == owner ? 0 : 1;
                    owner = after;
                    judged.requireServiceOnEveryConnection();
                    assertEquals(List.of(), ledger.faults());
                }
                assertTrue(ledger.terms() > ROUNDS, () -> "the ledger has seen terms: " + ledger.terms());
            }
            judged.judge(takeovers);
        }
    }

    /** As an operator would: a copy of the directory, with the node stopped for a moment. */
    private void backUp() throws IOException {
        lab.kill("witness");
        Path copy = lab.paths().file("witness-backup-" + backups.size());
        Commands.run("cp", "-a", directory.toString(), copy.toString());
        backups.add(copy);
        lab.start("witness");
        try (WitnessView operator = new WitnessView(lab)) {
            operator.leader();
        }
    }

    private void grants(Site owner) throws IOException {
        for (int grant = random.nextInt(MAX_GRANTS + 1); grant > 0; grant--) {
            lab.kill("gateway:" + owner.peer().id());
            judged.site(owner).await("SOLO", 30);
            lab.start("gateway:" + owner.peer().id());
            assertEquals(owner, Drill.awaitProtected(lab));
        }
    }

    private void lose(int round, Site owner) throws IOException {
        Loss loss = Loss.values()[random.nextInt(Loss.values().length)];
        Path backup = backups.get(random.nextInt(backups.size()));
        List<String> cut = LINKS.stream().filter(_ -> random.nextInt(3) == 0).toList();
        List<Site> anew = Site.PAIR.stream().filter(_ -> random.nextBoolean()).toList();
        System.out.printf(
                "round %d: %s%s, owner %s, cut %s, gateways started anew %s%n",
                round,
                loss,
                loss == Loss.PUT_BACK ? " " + backup.getFileName() : "",
                owner.id(),
                cut,
                anew.stream().map(Site::id).toList());
        lab.kill("witness");
        for (Site site : anew) {
            lab.kill("gateway:" + site.id());
        }
        for (String link : cut) {
            lab.wan("cut " + link);
        }
        DirectoryTree.delete(directory);
        comeBack(loss, backup);
        for (Site site : anew) {
            lab.start("gateway:" + site.id());
        }
        Waiting.pause(random.nextInt(MAX_CUT_MS));
        lab.wan("heal all");
        recover(owner);
    }

    private void comeBack(Loss loss, Path backup) throws IOException {
        switch (loss) {
            // Without a directory the laboratory gives --initialize: what an operator should not have done.
            case LOST -> lab.start("witness");
            case EMPTIED -> {
                Files.createDirectory(directory);
                lab.start("witness");
                Waiting.until("a witness on an empty directory to end", 20, () -> lab.processes().stream()
                        .noneMatch(process -> process.name().equals("witness")));
                DirectoryTree.delete(directory);
                lab.start("witness");
            }
            case PUT_BACK -> {
                Commands.run("cp", "-a", backup.toString(), directory.toString());
                lab.start("witness");
            }
        }
    }

    /** Until the pair is protected; an operator recovers the group when the witness says that it has lost grants. */
    private void recover(Site owner) throws IOException {
        try (WitnessView operator = new WitnessView(lab)) {
            boolean[] recovered = {false};
            Waiting.until("a protected pair, or a witness that has lost grants", 120, () -> {
                if (!recovered[0] && operator.status().contains("LOST GRANTS")) {
                    operator.recover(owner.id(), "its disk was lost");
                    recovered[0] = true;
                }
                return recovered[0] || isProtected();
            });
            System.out.println(recovered[0] ? "  recovered by the operator" : "  nothing was lost");
        }
    }

    private boolean isProtected() throws IOException {
        return Site.PAIR.stream().anyMatch(site -> state(site).equals("PROTECTED"))
                && Site.PAIR.stream().anyMatch(site -> state(site).equals("STANDBY"));
    }

    private String state(Site site) {
        try {
            return judged.site(site).state();
        } catch (IOException silent) {
            return "";
        }
    }
}
