package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.secondsite.lab.plan.Site;

/** What a stranger has of two running sites: a user of the machine, and whoever reaches the daemons' ports. */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrangersDrillTest {
    /** Short, so that each change sees it. */
    private static final int FLOOD_SECONDS = Integer.getInteger("secondsite.flood.seconds", 10);

    private JudgedLab judged;

    @BeforeAll
    void up() throws IOException {
        judged = JudgedLab.up("strangers", UnaryOperator.identity());
    }

    @AfterAll
    void down() throws IOException {
        try {
            judged.judge(0);
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

    /** What a daemon uses of the machine. */
    private record Use(int descriptors, long residentKiB, long logBytes) {
        static Use of(Lab lab, LabProcess process) throws IOException {
            Path proc = Path.of("/proc", Long.toString(process.pid()));
            String resident = Files.readAllLines(proc.resolve("status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .findFirst()
                    .orElseThrow();
            try (Stream<Path> open = Files.list(proc.resolve("fd"))) {
                return new Use(
                        (int) open.count(),
                        Long.parseLong(resident.replaceAll("\\D", "")),
                        Files.size(lab.paths().log(process.name())));
            }
        }
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
        Map<LabProcess, Use> before = new LinkedHashMap<>();
        for (LabProcess daemon : daemons) {
            before.put(daemon, Use.of(lab, daemon));
        }
        try (StrangersFlood flood = new StrangersFlood(lab, owner)) {
            for (int second = 0; second < FLOOD_SECONDS; second += 2) {
                Waiting.pause(2000);
                judged.requireService();
                for (LabProcess daemon : daemons) {
                    Use now = Use.of(lab, daemon);
                    assertTrue(now.descriptors() < before.get(daemon).descriptors() + 700, daemon.name() + ": " + now);
                }
            }
            // Whoever has a right to it is let in meanwhile.
            try (WitnessView witness = new WitnessView(lab)) {
                assertEquals(term, witness.awaitEverywhere(term).term());
            }
            System.out.printf("%s %d connections of strangers%n", lab.name(), flood.made());
            assertTrue(flood.made() > 1000, "a flood: " + flood.made());
        }
        judged.requireUnchanged(owner, term);
        for (LabProcess daemon : daemons) {
            Use first = before.get(daemon);
            Waiting.until("the strangers' descriptors of " + daemon.name() + " to be closed", 20, () -> {
                return Use.of(lab, daemon).descriptors() <= first.descriptors() + 16;
            });
            Use last = Use.of(lab, daemon);
            System.out.printf("%s %s before %s, after %s%n", lab.name(), daemon.name(), first, last);
            assertTrue(last.residentKiB() < first.residentKiB() + 128 * 1024, daemon.name() + ": " + last);
            assertTrue(last.logBytes() < first.logBytes() + (1 << 20), daemon.name() + ": " + last);
        }
    }
}
