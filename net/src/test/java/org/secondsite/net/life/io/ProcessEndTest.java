package org.secondsite.net.life.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real processes, whose logs are read. */
@Tag("slow")
class ProcessEndTest {
    private static final int SOON_SECONDS = 30;

    @TempDir
    private Path directory;

    /** A process that ends by each way in turn, named by its argument. */
    static final class Doomed {
        private Doomed() {}

        public static void main(String[] arguments) throws InterruptedException {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.println("a shutdown hook ran")));
            ProcessEnd end = new ProcessEnd("doomed");
            Supplier<String> details =
                    switch (arguments[0]) {
                        case "details" -> () -> "these are the details";
                        case "hangs" -> Doomed::hang;
                        default ->
                            () -> {
                                throw new OutOfMemoryError("planted");
                            };
                    };
            end.end("the reason", details);
            throw new AssertionError("still there");
        }

        private static String hang() {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "";
        }
    }

    private Process run(String way, Path log) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Doomed.class.getName(),
                        way)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(process.waitFor(SOON_SECONDS, TimeUnit.SECONDS));
        return process;
    }

    @Test
    void theReasonIsTheLastWordAndNoHookRuns() throws Exception {
        Path log = directory.resolve("log");
        assertEquals(ProcessEnd.EXIT_CODE, run("details", log).exitValue());
        List<String> lines = Files.readAllLines(log);
        assertTrue(lines.getLast().contains("the reason"), lines::toString);
        assertTrue(lines.stream().anyMatch(line -> line.contains("these are the details")), lines::toString);
        assertTrue(lines.stream().noneMatch(line -> line.contains("hook")), lines::toString);
    }

    @Test
    void endsAlsoWhenTheDetailsNeverCome() throws Exception {
        assertEquals(
                ProcessEnd.EXIT_CODE, run("hangs", directory.resolve("log")).exitValue());
    }

    @Test
    void endsAlsoWhenTheDetailsCannotBeMade() throws Exception {
        assertEquals(
                ProcessEnd.EXIT_CODE, run("throws", directory.resolve("log")).exitValue());
    }
}
