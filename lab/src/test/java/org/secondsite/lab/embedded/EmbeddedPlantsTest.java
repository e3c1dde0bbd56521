package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.lab.plant.PlantAgent;
import org.secondsite.lab.plant.PlantedFault;
import org.secondsite.lab.plant.Point;

/**
 * A deciding thread of the owner in the embedded pair throws an {@link Error}, or waits for ever: the standby hears nothing of it
 * after a second at most, takes over, and every connection goes on. {@code -Dsecondsite.plants.rounds=20} for the long form.
 */
@Tag("slow")
@Isolated("times what is fast only on a machine of its own")
class EmbeddedPlantsTest {
    private static final int ROUNDS = Integer.getInteger("secondsite.plants.rounds", 1);
    private static final int ROUND_SECONDS = 90;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"CONDUCTOR, ERROR", "CONDUCTOR, HANG", "LOOPBACK_PLANE, ERROR", "LOOPBACK_PLANE, HANG", "ENCODER, ERROR"
    })
    void connectionsGoOnAtTheOtherSite(Point point, PlantedFault.Kind kind) throws Exception {
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        PlantAgent.option(directory),
                        "-XX:TieredStopAtLevel=1", // it lives for seconds
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EmbeddedPlants.class.getName(),
                        directory.toString(),
                        point.name(),
                        kind.name(),
                        Integer.toString(ROUNDS))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor((long) ROUND_SECONDS * ROUNDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = Files.readString(log);
        assertTrue(ended, said);
        assertEquals(0, process.exitValue(), said);
        System.out.println(
                said.lines().filter(line -> line.contains(" of " + ROUNDS)).toList());
    }
}
