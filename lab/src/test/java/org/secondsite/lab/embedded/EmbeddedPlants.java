package org.secondsite.lab.embedded;

import java.io.IOException;
import java.nio.file.Path;
import org.secondsite.lab.plant.PlantAgent;
import org.secondsite.lab.plant.PlantedFault;
import org.secondsite.lab.plant.Point;

/**
 * A process with the agent: the embedded pair several times in a row, its owner struck by a planted fault each time. Ends with 0 if
 * nothing was lost in any of them and the standby heard the owner for no longer than a second.
 */
final class EmbeddedPlants {
    private static final double MAX_HEARD_MS = 1_000;

    private EmbeddedPlants() {}

    /** Arguments: directory, point, kind, rounds. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Point point = Point.valueOf(arguments[1]);
        PlantedFault.Kind kind = PlantedFault.Kind.valueOf(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        int passed = 0;
        for (int round = 0; round < rounds; round++) {
            EmbeddedDemo.Result result = EmbeddedDemo.run(System.out, true, owner -> strike(directory, point, kind));
            // The threads of the round before have other names' orders: this one is over.
            double heardMs = result.phasesMs().getOrDefault("last-heard", Double.MAX_VALUE);
            boolean well = result.nothingLost() && heardMs <= MAX_HEARD_MS;
            passed += well ? 1 : 0;
            System.out.printf("round %d: %s, heard for %.0f ms%n", round + 1, well ? "passed" : result, heardMs);
            PlantAgent.strike(directory, ProcessHandle.current().pid(), point, "none", kind);
            Thread.sleep(50);
        }
        System.out.printf("%s %s: %d of %d%n", point, kind, passed, rounds);
        System.exit(passed == rounds ? 0 : 1);
    }

    private static void strike(Path directory, Point point, PlantedFault.Kind kind) throws IOException {
        PlantAgent.strike(directory, ProcessHandle.current().pid(), point, thread(point), kind);
    }

    /** The owner is a, and its tunnel is to b; threads without a site in their name would strike both. */
    private static String thread(Point point) {
        return point.thread() + (point.thread().startsWith("tunnel") ? "b" : "a");
    }
}
