package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a stranger has of two running sites: a user of the machine, and whoever reaches the daemons' ports. */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrangersDrillTest {
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
}
