package org.secondsite.bench.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bench.cli.Main;

@Timeout(180)
class WitnessBenchCommandTest {
    /** Three processes, a leader killed by SIGKILL, the next grant by another. */
    @Test
    void threeProcessesGrantAlsoWhenTheLeaderIsKilled() throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            assertEquals(
                    0,
                    Main.execute(
                            "witness",
                            "--nodes",
                            "3",
                            "--grants",
                            "20",
                            "--groups",
                            "4",
                            "--load-seconds",
                            "1",
                            "--kills",
                            "2",
                            "--settle-seconds",
                            "0",
                            "--json"));
        } finally {
            System.setOut(out);
        }
        JsonNode figures = new ObjectMapper()
                .readTree(printed.toString(StandardCharsets.UTF_8))
                .at("/witnesses/0");
        assertEquals(20, figures.at("/grantMs/count").asInt());
        assertEquals(2, figures.at("/nextGrantMs/count").asInt());
        assertTrue(figures.get("mostResidentKib").asLong() > 0);
    }
}
